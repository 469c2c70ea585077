"""What differences the design could have seen, from the spread that its own records have."""

from itertools import combinations

import numpy as np

from analysis.columns import metric_column
from analysis.grid import ALPHA, Grid
from frlib.stats.power import smallest_difference

POWER = 0.8


def told(grid: Grid, name: str, over: str) -> str:
    """The power statement in words.

    The deviation is that of paired differences between rows that differ in `over` alone: the root
    of the mean of their variances, of pairs with two shared seeds or more.
    """
    planned = len((grid.records.study.get("replicates") or {}).get("seeds", ()))
    if planned < 2:
        return "One replicate: no difference can be told from chance."
    variances = _variances(grid, name, over)
    if not variances:
        return (
            f"What difference {planned} replicates could show is not known: no two rows that are "
            "compared have two complete replicates of the same seeds."
        )
    sd = float(np.sqrt(np.mean(variances)))
    column = metric_column(name)
    least = smallest_difference(planned, sd, ALPHA, POWER) * column.scale
    unit = " points" if column.unit == "%" else ""
    return (
        f"With {planned} replicates paired by seed, a two-sided t test at {ALPHA:g} finds a "
        f"difference of {least:.2g}{unit} in {name} with probability {POWER:g}; smaller ones would "
        f"mostly have been missed. The spread is that of {len(variances):,} paired "
        f"{'difference' if len(variances) == 1 else 'differences'} on record; correction for many "
        "comparisons asks for more."
    )


def _variances(grid: Grid, name: str, over: str) -> list[float]:
    found = []
    for group in grid.groups(over):
        samples = [grid.sample(grid.rows[number], name) for number in group]
        for one, other in combinations(samples, 2):
            shared = sorted(set(one) & set(other))
            if len(shared) > 1:
                found.append(float(np.var([one[s] - other[s] for s in shared], ddof=1)))
    return found
