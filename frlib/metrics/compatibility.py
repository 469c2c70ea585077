"""What a new model M(n, .) is worth against the gallery of an old one, from numbers in 0..1.

M(q, g) is one number (TAR, TPIR or rank 1) with the query side q and the gallery side g; o is the
old model, n the new one, n* the same new model trained without regard to the old one.

    criterion     M(n,o) > M(o,o)                                          compatible
    cross gain    M(n,o) - M(o,o)
    update gain   (M(n,o) - M(o,o)) / (M(n*,n*) - M(o,o))     share of what re-indexing would win
    self cost     M(n,n) - M(n*,n*)
    flips         trials right under (o,o) and wrong under (n,o) (negative), and the reverse

Sources: criterion and update gain Shen et al., Towards Backward-Compatible Representation Learning,
CVPR 2020, arXiv 2003.11942; negative flips Yan et al., Positive-Congruent Training, CVPR 2021,
arXiv 2011.09161. Update gain follows its common description; the paper's text was not compared.
Intervals: `frlib.stats.paired_rates`.

Shapes: P trials.
"""

from dataclasses import dataclass
from math import isfinite

import numpy as np
from numpy.typing import ArrayLike, NDArray

from frlib.core.errors import ProtocolError


@dataclass(frozen=True)
class UpdateGain:
    """value: None where it is not defined; `why` then says so."""

    value: float | None
    why: str = ""


@dataclass(frozen=True, eq=False)
class Flips:
    """`[P]` trials that turned from right to wrong (negative), from wrong to right (positive)."""

    negative_P: NDArray[np.bool_]
    positive_P: NDArray[np.bool_]

    @property
    def negative(self) -> float:
        """Share of all trials."""
        return float(self.negative_P.mean())

    @property
    def positive(self) -> float:
        """Share of all trials."""
        return float(self.positive_P.mean())


def update_gain(
    cross: float, old: float, independent: float, lowest_room: float | None = None
) -> UpdateGain:
    """Share of M(n*,n*) - M(o,o) that is won without indexing the gallery again.

    lowest_room: lower end of the interval of that denominator, where it is known. Not defined
    unless denominator and lower end are above 0: the share of nothing is any number.
    """
    _require(cross=cross, old=old, independent=independent)
    room = independent - old
    least = room if lowest_room is None else min(room, lowest_room)
    if least > 0:
        return UpdateGain((cross - old) / room)
    end = "" if lowest_room is None else f" (interval from {100 * lowest_room:+.2f} points)"
    return UpdateGain(
        None, f"the new model's own gain, {100 * room:+.2f} points{end}, is not clearly above 0"
    )


def flips(before_P: ArrayLike, after_P: ArrayLike) -> Flips:
    """From two rows of verdicts on the same trials. `ProtocolError` unless both are bool."""
    before, after = np.asarray(before_P), np.asarray(after_P)
    if before.ndim != 1 or before.shape != after.shape or not len(before):
        raise ProtocolError(
            f"verdicts have shapes {before.shape} and {after.shape}; expected two rows over the "
            "same trials"
        )
    if before.dtype != bool or after.dtype != bool:
        raise ProtocolError(f"verdicts of types {before.dtype} and {after.dtype}; expected bool")
    return Flips(before & ~after, ~before & after)


def _require(**metrics: float) -> None:
    for name, value in metrics.items():
        if not (isfinite(value) and 0 <= value <= 1):
            raise ProtocolError(f"{name}={value}: expected a share between 0 and 1")
