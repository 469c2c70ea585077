"""What each head makes of the target cosine: its value after the margin, and the slope it lets pass.

Both are read from the slots themselves: `margin.apply`, then `negatives.target`, with autograd for
the slope, so a detached margin has slope 1 here as it has in training. Scale, objective and
relabelling do not matter: value is the target logit divided by the scale.

A target may depend on more than its angle. Then it is evaluated at several variants:

    embedding length          |x| from 10 to 110
    place of a drawn margin   mean ± 2 standard deviations
    running statistics        so that AdaFace's z goes from −1 to 1
    learned margins           m from 0 to 1, the range they are kept in
    hard negatives            one other class, at cosine 0 to 0.5

T angles. Returned as plain numpy columns, so that whoever draws them needs no torch.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from frlib.core import discover
from frlib.heads import pages
from frlib.heads.batch import Batch
from frlib.heads.columns import Answer, Columns, Question
from frlib.heads.margins import adaptive, elastic, learned
from frlib.heads.shard import Shard
from frlib.heads.slots import Margin, Slots
from frlib.heads.state import Numbers
from frlib.parallel.collectives import SINGLE

ANGLES: NDArray[np.float64] = np.linspace(0.0, 180.0, 361)
_STEPS = 5


@dataclass(frozen=True)
class Circumstances:
    """What a target may depend on besides its own angle, in the middle of its range."""

    length: float = 60.0
    draw: float = 0.0
    amount: float | None = None
    other: float = 0.25
