"""Which numbers at a low false-accept rate have something to stand on.

With m impostors accepted, the relative error of the false-accept rate is about 1 / sqrt(m), and the
threshold is that of a handful of pairs: below ten a number is marked, wherever it is shown. Of 10^6
impostors a FAR of 1e-5 is the lowest that is supported.
"""

from frlib.core.errors import ProtocolError

ENOUGH = 10
"""Impostors accepted at an operating point below which its rates say little."""


def is_supported(num_impostors_above: int) -> bool:
    """Whether at least `ENOUGH` impostors lie above the threshold."""
    if num_impostors_above < 0:
        raise ProtocolError(f"{num_impostors_above} impostors: expected a count from 0")
    return num_impostors_above >= ENOUGH


def lowest_far(num_impostors: int) -> float:
    """The lowest false-accept rate that this many impostors support; infinite where none is."""
    if num_impostors < 0:
        raise ProtocolError(f"{num_impostors} impostors: expected a count from 0")
    return ENOUGH / num_impostors if num_impostors >= ENOUGH else float("inf")
