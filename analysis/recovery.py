"""Recovery: how much of what noise costs a plain head does a method win back?

    recovery = (method under noise - reference under noise)
             / (reference without noise - reference under noise)

computed seed by seed (arms share noise draws, pairs and order), then averaged. 1 is the clean
result, 0 the reference. Where the denominator is not clearly positive (its 95 % interval over all
seeds of the reference reaches 0) the ratio says nothing and the cell says why instead.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from analysis.answers import same_method
from analysis.columns import Filled
from analysis.grid import LEVEL, Grid
from analysis.table import Cell, Column, measured, missing
from frlib.records.select import Choice
from frlib.stats.intervals import mean_interval

Sample = Mapping[int, float]


def recovery(method: Sample, reference: Sample, clean: Sample, name: str) -> Cell:
    """Recovery over the seeds that all three samples (seed -> value, more is better) share.

    name: what the reference is called in the reason of a missing cell.
    """
    costs = {seed: clean[seed] - reference[seed] for seed in sorted(set(reference) & set(clean))}
    seeds = [seed for seed in costs if seed in method]
    if not seeds:
        return missing(f"no seed is complete for the method and for {name} with and without noise")
    why = _not_clearly_positive(costs, name)
    if why:
        return missing(why)
    ratios = [(method[seed] - reference[seed]) / costs[seed] for seed in seeds]
    return measured(mean_interval(ratios, LEVEL))


@dataclass(frozen=True)
class Baseline:
    """The rows of a grid that recovery is told against, one for all values of the other axes.

    labels: what they are on every axis that is compared along. clean: noise axis -> its value where
    there is no noise. name: the reference in words.
    """

    labels: Mapping[str, str]
    clean: Mapping[str, float]
    name: str

    def column(self, grid: Grid, metric: str) -> Filled:
        """Recovery of every row, of one metric."""
        cells = [self._recovery(grid, row, metric) for row in grid.rows]
        return Filled(Column("recovery", "recovery", digits=2), cells)

    def undefined(self, shown: Mapping[str, Any]) -> str:
        """Why a row has no recovery by definition; empty where it has one."""
        if all(shown.get(axis, value) == value for axis, value in self.clean.items()):
            return "no noise to recover from"
        return f"{self.name} is the reference: 0 by definition" if self._is_in(shown) else ""

    def _recovery(self, grid: Grid, row: Choice, metric: str) -> Cell:
        why = self.undefined(row.shown)
        if why:
            return missing(why)
        if row.arm is None:
            return missing(row.missing)
        noisy = self._row(grid, row.shown)
        clean = self._row(grid, {**row.shown, **self.clean})
        for reference, words in ((noisy, "at this noise"), (clean, "without noise")):
            if reference is None or reference.arm is None:
                return missing(f"no result of {self.name} {words} to compare with")
        assert noisy is not None and clean is not None
        method, under, without = (grid.sample(one, metric) for one in (row, noisy, clean))
        return recovery(method, under, without, self.name)

    def _is_in(self, shown: Mapping[str, Any]) -> bool:
        return all(same_method(str(shown[axis]), one) for axis, one in self.labels.items())

    def _row(self, grid: Grid, wanted: Mapping[str, Any]) -> Choice | None:
        others = [axis for axis in grid.axes if axis not in self.labels]
        for one in grid.rows:
            if self._is_in(one.shown) and all(one.shown.get(a) == wanted.get(a) for a in others):
                return one
        return None


def _not_clearly_positive(costs: Mapping[int, float], name: str) -> str:
    cost = mean_interval(list(costs.values()), LEVEL)
    if cost.n < 2:
        return f"one seed cannot show that the noise costs {name} anything"
    if not cost.low > 0:
        return (
            f"the noise is not shown to cost {name} anything: "
            f"{100 * cost.value:.2f} ± {100 * cost.half_width:.2f} points"
        )
    worst = min(costs, key=costs.__getitem__)
    if costs[worst] <= 0:
        return f"the noise costs {name} nothing at seed {worst}, so the ratio is undefined there"
    return ""
