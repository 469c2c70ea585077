"""How long runs take: from complete runs on record, else from a probe.

In this order, the first that there is (a rate that was told goes before all):

1. the mean of complete runs of the same kind (`frlib.study.kinds`) and length;
2. the same kind at other lengths, by the epoch;
3. the probe: seconds of a step between its samples in proportion to the operations of a step;
4. complete runs of other kinds, by the epoch.

So one backbone's minutes are never taken for another's where there is a probe.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from statistics import mean
from typing import Literal

from frlib.study.kinds import kinds
from frlib.study.loads import Load
from frlib.study.plan import CellPlan, Plan
from frlib.study.probed import Sample
from frlib.train.config import TrainConfig

Origin = Literal[
    "the rate told", "records", "records of other lengths", "probe", "records of other workloads"
]


@dataclass(frozen=True)
class Estimate:
    """Seconds of one run, and what that rests on."""

    seconds: float
    origin: Origin


@dataclass(frozen=True)
class Pace:
    """Seconds of the runs of a plan.

    loads: by kind; samples: of a probe on this machine; rate: images a second that a run trains, 0
    where nobody told it.
    """

    plan: Plan
    loads: Mapping[str, Load]
    samples: Sequence[Sample] = ()
    rate: float = 0.0

    def of(self, cell: CellPlan) -> Estimate | None:
        """Of one run of a cell; None where nothing is known."""
        name, epochs = self.kind(cell), cell.cell.config.epochs
        if self.rate and name in self.loads:
            images = self.loads[name].steps_per_epoch * cell.cell.config.batch_size * epochs
            return Estimate(images / self.rate, "the rate told")
        same = self._recorded[name]
        if epochs in same:
            return Estimate(mean(same[epochs]), "records")
        if same:
            return Estimate(epochs * _per_epoch(same), "records of other lengths")
        if self.samples and name in self.loads:
            return Estimate(self._probed(cell, self.loads[name]), "probe")
        others = {e: [s for k in self._recorded.values() for s in k.get(e, ())] for e in self._all}
        if others:
            return Estimate(epochs * _per_epoch(others), "records of other workloads")
        return None

    def kind(self, cell: CellPlan) -> str:
        """Of a cell of this plan."""
        return self._kinds[id(cell)]

    @cached_property
    def _kinds(self) -> dict[int, str]:
        found = kinds(one.cell.config for one in self.plan.cells)
        return {id(one): name for one, name in zip(self.plan.cells, found, strict=True)}

    def left(self) -> "Left | None":
        """Of all runs still to do at most; None where some cell's seconds are not known."""
        known: dict[tuple[str, int], Estimate | None] = {}
        each = []
        for one in self.plan.cells:
            if self.plan.owed(one):
                key = self.kind(one), one.cell.config.epochs
                if key not in known:
                    known[key] = self.of(one)
                each.append((self.plan.owed(one), known[key]))
        if any(estimate is None for _, estimate in each):
            return None
        spent = [(runs, estimate) for runs, estimate in each if estimate is not None]
        seeds = len(self.plan.study.replicates.seeds)
        return Left(
            runs=sum(runs for runs, _ in spent),
            seconds=sum(runs * estimate.seconds for runs, estimate in spent),
            longest_arm=max((min(n, seeds) * e.seconds for n, e in spent), default=0.0),
            origins=tuple(sorted({estimate.origin for _, estimate in spent})),
        )

    @cached_property
    def _recorded(self) -> dict[str, dict[int, list[float]]]:
        """kind -> epochs -> seconds of complete runs."""
        found: dict[str, dict[int, list[float]]] = defaultdict(lambda: defaultdict(list))
        for one in self.plan.cells:
            for entry in one.entries.values():
                if entry.seconds:
                    name = self.kind(one)
                    found[name][one.cell.config.epochs].extend(entry.seconds)
        return found

    @property
    def _all(self) -> set[int]:
        return {epochs for lengths in self._recorded.values() for epochs in lengths}

    def _probed(self, cell: CellPlan, load: Load) -> float:
        config = cell.cell.config
        exact = [s for s in self.samples if s.kind == self.kind(cell)]
        around = exact[:1] or _around(self.samples, load.flops)
        runs = [one.run_s(load, config.epochs, selections(config)) for one in around]
        if len(around) == 1:
            return runs[0]
        low, high = (one.flops for one in around)
        return runs[0] + (runs[1] - runs[0]) * (load.flops - low) / (high - low)


@dataclass(frozen=True)
class Left:
    """What is still to do at most. longest_arm: seconds of the replicates of one arm, in turn."""

    runs: int
    seconds: float
    longest_arm: float
    origins: tuple[Origin, ...]

    def wall_s(self, at_a_time: int) -> float:
        """With so many runs at a time: their share, and no less than one arm takes by itself."""
        return max(self.seconds / at_a_time, self.longest_arm)


def selections(config: TrainConfig) -> int:
    """Epochs of a run at whose end the held-out people are evaluated."""
    every = config.select_every
    return len({1, config.epochs, *range(every, config.epochs + 1, every)})


def _around(samples: Sequence[Sample], flops: int) -> tuple[Sample, ...]:
    """The nearest below and the nearest above; one where it lies outside, or they are equal."""
    below = [s for s in samples if s.flops <= flops]
    above = [s for s in samples if s.flops > flops]
    if below and above:
        return max(below, key=lambda s: s.flops), min(above, key=lambda s: s.flops)
    return (min(samples, key=lambda s: abs(s.flops - flops)),)


def _per_epoch(lengths: Mapping[int, Iterable[float]]) -> float:
    return mean(seconds / epochs for epochs, every in lengths.items() for seconds in every)
