"""A new model against an old one's gallery: what the rows of a study say of it, seed by seed.

Formulas: `frlib.metrics.compatibility`, with accuracy of pairs for M. Seeds of a study share the
pairs that are tested, so intervals are about training again, not about other people.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from analysis.comparing import groups
from analysis.grid import LEVEL, Grid
from analysis.table import Cell, measured, missing
from frlib.metrics import compatibility
from frlib.records.read import Attempt
from frlib.records.select import Choice
from frlib.stats.intervals import mean_interval

METHOD, NOBODY = "compat.method", "Independent"
"""The axis, and the label of the new model that is trained without regard to the old one."""
YES, NO, OPEN = "yes", "no", "not shown"

_Told = tuple[Choice, str]
"""A row and one of its metrics."""


@dataclass(frozen=True)
class Crossed:
    """Rows of a grid in one protocol variant of one benchmark."""

    grid: Grid
    stem: str
    """`benchmark/variant`."""

    @property
    def own(self) -> str:
        """The new model alone."""
        return f"{self.stem}/accuracy"

    @property
    def cross(self) -> str:
        """Enrolled by the old model, asked by the new one."""
        return f"{self.stem}/cross_accuracy"

    @property
    def reverse(self) -> str:
        """Enrolled by the new model, asked by the old one."""
        return f"{self.stem}/reverse_accuracy"

    @property
    def old(self) -> str:
        """The old model alone."""
        return f"{self.stem}/old_accuracy"

    def backfill(self, share: str) -> str:
        """Rank 1 with a share of the gallery indexed again; `old`: of the old model before."""
        return f"{self.stem.partition('/')[0]}/backfill/rank1@{share}"

    def gain(self, row: Choice) -> Cell:
        """M(n,o) - M(o,o)."""
        return self._difference((row, self.cross), (row, self.old))

    def self_cost(self, row: Choice) -> Cell:
        """M(n,n) - M(n*,n*)."""
        other = self._independent.get(id(row))
        if other is row:
            return missing(row.missing or "the reference")
        if other is None or other.arm is None:
            return missing(row.missing or _NO_REFERENCE)
        return self._difference((row, self.own), (other, self.own))

    def update_gain(self, row: Choice) -> Cell:
        """The share of what indexing again would win, where there clearly is something to win."""
        other = self._independent.get(id(row))
        if row.arm is None or other is None or other.arm is None:
            return missing(row.missing or _NO_REFERENCE)
        told = ((row, self.cross), (row, self.old), (other, self.own))
        values = self._by_seed(*told)
        if not len(values):
            return missing(self._why_none(*told))
        room = mean_interval(values[:, 2] - values[:, 1], LEVEL)
        if room.n < 2:
            return missing("one seed cannot show that the new model alone is better than the old")
        mean, *each = (
            compatibility.update_gain(cross, old, alone, room.low)
            for cross, old, alone in (values.mean(axis=0).tolist(), *values.tolist())
        )
        lacking = next((one.why for one in (mean, *each) if one.value is None), "")
        if lacking:
            return missing(lacking)
        return measured(mean_interval([one.value or 0.0 for one in each], LEVEL))

    def negative_flips(self, row: Choice) -> Cell:
        """Share of the pairs that the old model has right and the cross-test wrong."""
        if row.arm is None:
            return missing(row.missing)
        runs = [
            one for one in self.grid.records.attempts if one.counts and one.arm == row.arm.digest
        ]
        shares = [flips.negative for one in runs if (flips := self._flips(one)) is not None]
        if not shares:
            return missing("no verdicts on single pairs were recorded")
        return measured(mean_interval(shares, LEVEL))

    def _flips(self, run: Attempt) -> compatibility.Flips | None:
        table = run.table("pair_scores")
        before, after = (self._verdicts(table, test) for test in ("old", "cross"))
        return compatibility.flips(before, after) if len(before) and len(after) else None

    def _verdicts(self, table: pa.Table, test: str) -> NDArray[np.bool_]:
        benchmark, _, variant = self.stem.partition("/")
        is_benchmark = pc.equal(table["benchmark"], benchmark)
        is_test = pc.equal(table["variant"], f"{variant}/{test}")
        rows = table.filter(pc.and_(is_benchmark, is_test)).sort_by("pair")
        return np.asarray(rows["correct"].to_numpy(), dtype=np.bool_)

    def _difference(self, *told: _Told) -> Cell:
        values = self._by_seed(*told)
        if not len(values):
            return missing(self._why_none(*told))
        return measured(mean_interval(values[:, 0] - values[:, 1], LEVEL))

    def _by_seed(self, *told: _Told) -> NDArray[np.float64]:
        """`[S, len(told)]`: the seeds that all have."""
        samples = [self.grid.sample(*one) for one in told]
        shared = sorted(set(samples[0]).intersection(*samples[1:]))
        rows = [[one[seed] for one in samples] for seed in shared]
        return np.array(rows, dtype=np.float64).reshape(len(shared), len(told))

    def _why_none(self, *told: _Told) -> str:
        found = (self.grid.cell(*one) for one in told)
        return next((one.note for one in found if one.value is None), "no seed has all it takes")

    @cached_property
    def _independent(self) -> dict[int, Choice]:
        """The row without a method, of rows that agree on all other axes."""
        return {
            id(row): one
            for group in groups(self.grid, (METHOD,))
            for one in group
            if one.shown[METHOD] == NOBODY
            for row in group
        }


_NO_REFERENCE = f"no result of {NOBODY} to compare with"


def compatible(gain: Cell) -> str:
    """Whether the interval of a gain is above 0, not above it, or around it; empty for no gain."""
    if gain.value is None:
        return ""
    if gain.half_width is None:
        return OPEN
    if gain.value - gain.half_width > 0:
        return YES
    return NO if gain.value + gain.half_width <= 0 else OPEN
