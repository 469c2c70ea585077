"""Wilcoxon's signed-rank test of a few pairs, exact whatever ties there are."""

from collections.abc import Sequence

_DIGITS = 12


def p_worse(differences: Sequence[float]) -> float:
    """How probable it is that differences, each as often below 0 as above, add up so low or lower.

    Given their sizes, all signs are equally likely; counted over all of them. Differences are
    taken to 12 digits; those of 0 say nothing and are left out, equal sizes share their ranks. 1
    where none is left.
    """
    exact = [d for d in (round(d, _DIGITS) for d in differences) if d]
    sizes = sorted(abs(d) for d in exact)
    doubled = [2 * sizes.index(abs(d)) + sizes.count(abs(d)) + 1 for d in exact]
    shown = sum(rank for rank, d in zip(doubled, exact, strict=True) if d > 0)
    ways = [1]
    for rank in doubled:
        ways = [
            (ways[total] if total < len(ways) else 0) + (ways[total - rank] if total >= rank else 0)
            for total in range(len(ways) + rank)
        ]
    return float(sum(ways[: shown + 1]) / 2 ** len(exact))
