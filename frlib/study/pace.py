"""How long runs take: from complete runs on record, else from a probe.

In this order, the first that there is (a rate that was told goes before all):

1. the mean of complete runs of the same kind (`frlib.study.kinds`) and length;
2. the same kind at other lengths, by the epoch;
3. the probe: seconds of a step between its samples in proportion to the operations of a step;
4. complete runs of other kinds, by the epoch.

So one backbone's minutes are never taken for another's where there is a probe.

A training of a stage takes what a run like it takes, and a pass over the images, forward alone, a
third of an epoch.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from statistics import mean
from typing import Literal

from frlib.study.kinds import kinds
from frlib.study.loads import Load
from frlib.study.outputs import Output, Outputs, workloads
from frlib.study.plan import CellPlan, Plan
from frlib.study.probed import Sample
from frlib.train.config import TrainConfig

Origin = Literal[
    "the rate told", "records", "records of other lengths", "probe", "records of other workloads"
]


_PASS = 1 / 3
"""Of an epoch: a step is taken to be one part forward and two parts backward."""


@dataclass(frozen=True)
class Estimate:
    """Seconds of one run, and what that rests on."""

    seconds: float
    origin: Origin


@dataclass(frozen=True)
class Pace:
    """Seconds of the runs of a plan.

    loads: by kind; samples: of a probe on this machine; rate: images a second that a run trains, 0
    where nobody told it. outputs: of stages, that runs still to do need.
    """

    plan: Plan
    loads: Mapping[str, Load]
    samples: Sequence[Sample] = ()
    rate: float = 0.0
    outputs: Outputs = field(default_factory=Outputs)

    def of(self, cell: CellPlan) -> Estimate | None:
        """Of one run of a cell; None where nothing is known."""
        return self.run(cell.cell.config)

    def run(self, config: TrainConfig) -> Estimate | None:
        """Of one run of a cell or of a stage of this plan; None where nothing is known."""
        key = self.kind_of(config), config.epochs, selections(config)
        if key not in self._estimates:
            self._estimates[key] = self._estimate(config)
        return self._estimates[key]

    def _estimate(self, config: TrainConfig) -> Estimate | None:
        name, epochs = self.kind_of(config), config.epochs
        if self.rate and name in self.loads:
            images = self.loads[name].steps_per_epoch * config.batch_size * epochs
            return Estimate(images / self.rate, "the rate told")
        same = self._recorded[name]
        if epochs in same:
            return Estimate(mean(same[epochs]), "records")
        if same:
            return Estimate(epochs * _per_epoch(same), "records of other lengths")
        if self.samples and name in self.loads:
            return Estimate(self._probed(config, self.loads[name]), "probe")
        others = {e: [s for k in self._recorded.values() for s in k.get(e, ())] for e in self._all}
        if others:
            return Estimate(epochs * _per_epoch(others), "records of other workloads")
        return None

    def kind(self, cell: CellPlan) -> str:
        """Of a cell of this plan."""
        return self.kind_of(cell.cell.config)

    def kind_of(self, config: TrainConfig) -> str:
        """Of a run of a cell or of a stage of this plan."""
        return self._kinds[id(config)]

    @cached_property
    def _kinds(self) -> dict[int, str]:
        runs = workloads(self.plan, self.outputs)
        return {id(one): name for one, name in zip(runs, kinds(runs), strict=True)}

    @cached_property
    def _estimates(self) -> dict[tuple[str, int, int], Estimate | None]:
        return {}

    def left(self) -> "Left | None":
        """Of all runs still to do at most; None where the seconds of some are not known."""
        seeds = len(self.plan.study.replicates.seeds)
        making = self._making()
        runs, seconds, longest, origins = 0, 0.0, 0.0, set[Origin]()
        for number, one in enumerate(self.plan.cells):
            owed = self.plan.owed(one)
            if not owed:
                continue
            estimate = self.of(one)
            if estimate is None or making is None:
                return None
            runs += owed
            seconds += owed * estimate.seconds
            origins.add(estimate.origin)
            awaited = self.outputs.awaited[number] if self.outputs.awaited else ()
            before = sum(making.get(digest, 0.0) for digest in awaited)
            longest = max(longest, min(owed, seeds) * estimate.seconds + before)
        each = self.outputs.each
        stages = sum(each[digest].copies * spent for digest, spent in (making or {}).items())
        return Left(runs, seconds, stages, longest, tuple(sorted(origins)))

    def _making(self) -> dict[str, float] | None:
        """Seconds of every output that is not there; None where those of some are not known."""
        found = {}
        for digest, one in self.outputs.each.items():
            spent = 0.0 if one.is_there else self._spent(one)
            if spent is None:
                return None
            found[digest] = spent
        return found

    def _spent(self, output: Output) -> float | None:
        total = 0.0
        for config, part in (
            *((run, 1.0) for run in output.trainings),
            *((run, _PASS / run.epochs) for run in output.passes),
        ):
            estimate = self.run(config)
            if estimate is None:
                return None
            total += part * estimate.seconds
        return total

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

    def _probed(self, config: TrainConfig, load: Load) -> float:
        exact = [s for s in self.samples if s.kind == self.kind_of(config)]
        around = exact[:1] or _around(self.samples, load.flops)
        runs = [one.run_s(load, config.epochs, selections(config)) for one in around]
        if len(around) == 1:
            return runs[0]
        low, high = (one.flops for one in around)
        return runs[0] + (runs[1] - runs[0]) * (load.flops - low) / (high - low)


@dataclass(frozen=True)
class Left:
    """What is still to do at most.

    seconds: of the runs; stages_s: of what is made before them. longest_arm: seconds of the
    replicates of one arm in turn, and of the stages that it waits for.
    """

    runs: int
    seconds: float
    stages_s: float
    longest_arm: float
    origins: tuple[Origin, ...]

    @property
    def total_s(self) -> float:
        """Of runs and stages."""
        return self.seconds + self.stages_s

    def wall_s(self, at_a_time: int) -> float:
        """With so many runs at a time: their share, and no less than one arm takes by itself."""
        return max(self.total_s / at_a_time, self.longest_arm)


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
