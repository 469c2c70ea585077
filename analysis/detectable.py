"""What difference between two methods the design of a study could have seen.

Rows under the same conditions, and seeds that all of them have, make a block. What is left
of a block's numbers when the means of its rows and of its seeds are taken out has the variance MS;
the difference of two rows, paired by seed, then has the deviation sqrt(2 MS), if rows vary alike.
Blocks are pooled. From that deviation and the seeds: `frlib.stats.power.smallest_difference`.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from analysis.grid import ALPHA, Grid
from analysis.lines import InapplicableError, conditions, unit
from frlib.stats.power import smallest_difference

POWER = 0.8


@dataclass(frozen=True)
class Detectable:
    """n: seeds. sd: deviation of paired differences. df: of its estimate. comparisons: in a block.

    one: the smallest true difference that a comparison alone finds four times in five. corrected:
    the same for the first of all of a block's comparisons with its leader, by Holm.
    """

    n: int
    sd: float
    df: int
    comparisons: int
    one: float
    corrected: float


def of_study(grid: Grid, name: str) -> Detectable:
    """In the unit of the metric; `InapplicableError` without two rows that share two seeds."""
    squares, df, seeds, rows = 0.0, 0, [], []
    for block in _blocks(grid, name):
        shared = sorted(set(block[0]).intersection(*block[1:]))
        if len(block) < 2 or len(shared) < 2:
            continue
        value = np.array([[sample[seed] for seed in shared] for sample in block])
        left = value - value.mean(axis=1, keepdims=True) - value.mean(axis=0) + value.mean()
        squares += float((left**2).sum())
        df += (len(block) - 1) * (len(shared) - 1)
        seeds.append(len(shared))
        rows.append(len(block))
    if not df:
        raise InapplicableError(f"no two rows under the same conditions share two seeds of {name}")
    sd, n, comparisons = (2 * squares / df) ** 0.5, min(seeds), max(rows) - 1
    return Detectable(
        n=n,
        sd=sd,
        df=df,
        comparisons=comparisons,
        one=smallest_difference(n, sd, ALPHA, POWER),
        corrected=smallest_difference(n, sd, ALPHA / comparisons, POWER),
    )


def statement(found: Detectable, name: str) -> str:
    """The same in a sentence."""
    label, scale = unit(name)
    points = " points" if scale > 1 else ""

    def told(value: float) -> str:
        return (
            f"{scale * value:.2g}{points}" if value < 1 or scale == 1 else "more than there can be"
        )

    holm = (
        f", and of {told(found.corrected)} where it is the first of {found.comparisons} that are "
        "corrected by Holm"
        if found.comparisons > 1
        else ""
    )
    return (
        f"With {found.n} seeds paired, differences of {label.partition(' (')[0]} between two rows "
        f"vary by {told(found.sd)} (standard deviation, {found.df} degrees of freedom): a paired "
        f"t test at {ALPHA:g} finds a true difference of {told(found.one)} four times in five"
        f"{holm}. Smaller differences may be there and not be seen."
    )


def _blocks(grid: Grid, name: str) -> list[list[Any]]:
    found: dict[str, list[Any]] = {}
    for row in grid.rows:
        sample = grid.sample(row, name)
        if sample:
            found.setdefault(conditions(row.shown, grid.axes), []).append(sample)
    return list(found.values())
