"""How unevenly images are spread over people.

Bin k of the histogram holds identities with 2^k to 2^(k+1) - 1 images. Gini is 0 where everybody
has equally many and nears 1 where one person has nearly all:

    G = sum_i (2 i - C - 1) n_i / (C sum_i n_i)        n sorted ascending, i = 1..C
"""

import numpy as np
from numpy.typing import NDArray

from frlib.data.check.report import Answer, Rule
from frlib.data.check.subject import Subject
from frlib.data.lab.realised import bin_name, size_bins

TITLE = "Images per identity"
ORDER = 20
RULES: tuple[Rule, ...] = ()
_HEAD = 0.1


def ask(subject: Subject) -> Answer:
    """The histogram, the share of images that the largest tenth of identities has, and Gini."""
    sizes = subject.own.manifest.class_sizes
    sizes = np.sort(sizes[sizes > 0])
    head = max(1, round(_HEAD * len(sizes)))
    bins = size_bins(sizes)
    return Answer(
        facts={
            "share of images in the largest 10 % of identities": round(
                float(sizes[-head:].sum() / sizes.sum()), 4
            ),
            "Gini": round(gini(sizes), 4),
        },
        rows=tuple(
            {
                "images each": bin_name(number),
                "identities": int((bins == number).sum()),
                "images": int(sizes[bins == number].sum()),
            }
            for number in range(int(bins.min()), int(bins.max()) + 1)
        ),
        bar="identities",
    )


def gini(sizes: NDArray[np.int64]) -> float:
    """Of `[C]` sizes in ascending order, 0..1."""
    count = len(sizes)
    weights = 2 * np.arange(1, count + 1) - count - 1
    return float((weights * sizes).sum() / (count * sizes.sum()))
