"""The cells of a study as rows: which arm stands for each, and its numbers, seed by seed."""

import fnmatch
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from analysis.table import Cell, measured, missing
from frlib.records import select
from frlib.records.read import Records
from frlib.records.select import Choice
from frlib.stats.intervals import mean_interval
from frlib.stats.paired import best_of

LEVEL = 0.95
ALPHA = 0.05
COST = "cost/seconds"
_LESS_IS_BETTER = ("eer", "std", "loss", "seconds", "error", "harm", "ece", "brier")

Sample = Mapping[int, float]
Competes = Callable[[Choice], bool]


def is_more_better(name: str) -> bool:
    """Whether more of a metric is better, by the last part of its name."""
    return not name.rpartition("/")[2].startswith(_LESS_IS_BETTER)


@dataclass(frozen=True)
class Grid:
    """Rows in the study's order. A *sample* is seed -> final value of the arm of a row."""

    records: Records
    rows: tuple[Choice, ...]

    @classmethod
    def of(cls, records: Records) -> "Grid":
        """Choose an arm for every cell, by the rule in `frlib.records.select`."""
        return cls(records, select.choose(records))

    @cached_property
    def axes(self) -> tuple[str, ...]:
        """Axes in the order of the study."""
        return tuple(dict.fromkeys(axis for row in self.rows for axis in row.shown))

    @cached_property
    def names(self) -> tuple[str, ...]:
        """Names that some counting replicate has recorded."""
        return self.records.names()

    def matching(self, patterns: tuple[str, ...]) -> tuple[str, ...]:
        """Recorded names for report patterns (`rfw/*/accuracy`); what matches nothing stays."""
        found: dict[str, None] = {}
        for pattern in patterns:
            names = [name for name in self.names if fnmatch.fnmatchcase(name, pattern)]
            found.update(dict.fromkeys(names or [pattern]))
        return tuple(found)

    def sample(self, row: Choice, name: str) -> Sample:
        """Finite final values of a row by seed; empty when no arm stands for it."""
        if row.arm is None:
            return {}
        raw = self._finals.get((name, row.arm.digest), {})
        return {seed: value for seed, value in raw.items() if np.isfinite(value)}

    def cell(self, row: Choice, name: str) -> Cell:
        """Mean over seeds with its interval, or why there is none."""
        if row.arm is None:
            return missing(row.missing)
        raw = self._finals.get((name, row.arm.digest), {})
        if not raw:
            return missing(f"{name} was not recorded")
        finite = [value for value in raw.values() if np.isfinite(value)]
        lost = len(raw) - len(finite)
        if not finite:
            return missing(f"{name} is undefined in all {len(raw)} replicates")
        note = f"undefined in {lost} of {len(raw)} replicates" if lost else ""
        return measured(mean_interval(finite, LEVEL), note)

    def cells(self, name: str, over: str, competes: Competes = lambda _: True) -> list[Cell]:
        """The cells of all rows; the best is marked among rows that differ in `over` only.

        competes: whether a row can be the best; others are shown alone.
        """
        found = [self.cell(row, name) for row in self.rows]
        for group in self.groups(over):
            best = self._best([number for number in group if competes(self.rows[number])], name)
            if best is not None:
                found[best] = found[best].marked()
        return found

    def groups(self, over: str) -> list[list[int]]:
        """Row numbers grouped by their values on all other axes; `a+b`: on others than both."""
        along = over.split("+")
        grouped: dict[tuple[Any, ...], list[int]] = {}
        for number, row in enumerate(self.rows):
            key = tuple((axis, row.shown.get(axis)) for axis in self.axes if axis not in along)
            grouped.setdefault(key, []).append(number)
        return list(grouped.values())

    def _best(self, group: list[int], name: str) -> int | None:
        samples = {number: self.sample(self.rows[number], name) for number in group}
        seeds = sorted({seed for sample in samples.values() for seed in sample})
        rows = {str(k): _row(sample, seeds) for k, sample in samples.items() if sample}
        if len(rows) < 2:
            return None
        best = best_of(rows, is_more_better(name), ALPHA).best
        return None if best is None else int(best)

    @cached_property
    def _finals(self) -> dict[tuple[str, str], dict[int, float]]:
        """(metric, arm) -> sample, of the arms that stand for a row."""
        shown = {row.arm.digest for row in self.rows if row.arm is not None}
        found: dict[tuple[str, str], dict[int, float]] = {}
        for every in (self.records.finals, self.records.seconds().assign(name=COST)):
            frame = every[every["arm"].isin(shown)]
            keys = (frame[key].tolist() for key in ("name", "arm", "seed", "value"))
            for name, arm, seed, value in zip(*keys, strict=True):
                found.setdefault((name, arm), {})[seed] = value
        return found


def _row(sample: Sample, seeds: list[int]) -> NDArray[np.float64]:
    return np.array([sample.get(seed, np.nan) for seed in seeds], dtype=np.float64)
