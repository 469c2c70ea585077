"""Median stopping: an arm ends when its best is worse than the middle of what others averaged.

After step s, with v the values of an arm,

    stop if  best(v_1 ... v_s) < median over other arms of mean(v_1 ... v_s)

for values of which more is better. The others are the arms of the cell that have reached s by then,
stopped ones included; values that are not numbers are left out of means, and an arm that has no
other ones ranks last. The rule needs no shape of curve, and stops late: a best is compared with
averages that hold the poor values of early epochs.

It is asked every few epochs after a period of grace, and where a replicate ends; never at the last
step.
"""

import math
from bisect import insort
from collections import defaultdict
from dataclasses import dataclass
from typing import Literal

from frlib.core.config import setting
from frlib.core.paper import Paper
from frlib.pruning._rule import Design, Past, Pruning, Seen, Stop

PAPER = Paper(
    key="golovin2017vizier",
    title="Median",
    where="median stopping rule; there, the others are completed trials alone",
    url="https://doi.org/10.1145/3097983.3098043",
)


class Config(Pruning):
    """When arms are compared, and with how many."""

    name: Literal["median"] = "median"
    grace: int = setting(5, ge=1, doc="first epoch at which an arm may end", unit="epochs")
    every: int = setting(1, ge=1, doc="from one comparison to the next", unit="epochs")
    least: int = setting(4, ge=1, doc="other arms that there must be to compare with")


def measured_at(config: Config, epochs: int) -> tuple[int, ...]:
    """From `grace` on, every `every` epochs."""
    return tuple(range(config.grace, epochs, config.every))


def build(config: Config, design: Design) -> "_Median":
    """The rule for a study."""
    return _Median(config, design)


@dataclass
class _Curve:
    """What an arm has shown so far, in ranks."""

    step: int = 0
    best: float = -math.inf
    total: float = 0.0
    count: int = 0

    def add(self, step: int, rank: float) -> None:
        self.step = step
        self.best = max(self.best, rank)
        if math.isfinite(rank):
            self.total += rank
            self.count += 1

    @property
    def mean(self) -> float:
        return self.total / self.count if self.count else -math.inf


class _Median:
    def __init__(self, config: Config, design: Design) -> None:
        self._least = config.least
        self._design = design
        self._epochs = frozenset((*measured_at(config, design.epochs), design.epochs))
        self._curves: dict[tuple[str, str], _Curve] = defaultdict(_Curve)
        self._means: dict[tuple[str, int], list[float]] = defaultdict(list)

    def enter(self, past: Past) -> None:
        curve = self._curves[past.cell, past.arm]
        for step in sorted(past.course):
            curve.add(step, self._design.rank(past.course[step]))
            if self._compares(step):
                insort(self._means[past.cell, step], curve.mean)

    def judge(self, seen: Seen) -> Stop | None:
        curve = self._curves[seen.cell, seen.arm]
        if seen.step <= curve.step:
            return None
        curve.add(seen.step, self._design.rank(seen.value))
        if not self._compares(seen.step):
            return None
        others = self._means[seen.cell, seen.step]
        n, middle = len(others), _middle(others)
        insort(others, curve.mean)
        if seen.protected or n < self._least or curve.best >= middle:
            return None
        best, cutoff = self._design.value(curve.best), self._design.value(middle)
        shown = f"{best:.4f}" if math.isfinite(best) else "no number"
        return Stop(
            rule="median",
            rung=seen.step,
            value=seen.value,
            cutoff=cutoff,
            n=n,
            message=f"median: after {seen.step} epochs its best was {shown}, and {n} others had "
            f"averaged {cutoff:.4f} in the middle",
        )

    def _compares(self, step: int) -> bool:
        """Whether arms meet here: by the epoch of the running replicate; not at the very end."""
        last = self._design.epochs * self._design.replicates
        return step < last and (step - 1) % self._design.epochs + 1 in self._epochs


def _middle(ordered: list[float]) -> float:
    """Median of sorted ranks; the mean of the two in the middle of an even number."""
    if not ordered:
        return -math.inf
    low, high = ordered[(len(ordered) - 1) // 2], ordered[len(ordered) // 2]
    return (low + high) / 2
