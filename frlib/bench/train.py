"""Everything about training but its data: steps, updates, checkpoints."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from frlib.bench import limits, measure, train_checkpoint, train_step, train_update
from frlib.bench.limits import Limits
from frlib.bench.train_case import Shape
from frlib.bench.train_checkpoint import CheckpointResult
from frlib.bench.train_step import StepResult
from frlib.bench.train_update import UpdateResult


@dataclass(frozen=True, kw_only=True)
class Timed:
    """A network and how often it is timed."""

    shape: Shape
    repeats: int


_TINY = Shape(depth=0, side=64, batch=64)
_SMALL_TINY = Shape(depth=0, side=32, batch=8, classes=50)
_SMALL_DEEP = Shape(depth=18, side=16, batch=4, classes=50)


@dataclass(frozen=True, kw_only=True)
class Sizes:
    """Networks of each part."""

    steps: tuple[Timed, ...] = (
        Timed(shape=_TINY, repeats=11),
        Timed(shape=Shape(depth=50, side=112, batch=8), repeats=3),
    )
    updates: tuple[Timed, ...] = (
        Timed(shape=_TINY, repeats=51),
        Timed(shape=Shape(depth=50, side=112, batch=8), repeats=9),
    )
    checkpoints: tuple[Timed, ...] = (
        Timed(shape=_TINY, repeats=7),
        Timed(shape=Shape(depth=18, side=112, batch=8), repeats=3),
    )

    def repeated(self, repeats: int) -> "Sizes":
        """The same work with as many timed turns in every part."""
        parts = (self.steps, self.updates, self.checkpoints)
        steps, updates, checkpoints = (
            tuple(replace(one, repeats=repeats) for one in part) for part in parts
        )
        return Sizes(steps=steps, updates=updates, checkpoints=checkpoints)


SMALL = Sizes(
    steps=(Timed(shape=_SMALL_TINY, repeats=2), Timed(shape=_SMALL_DEEP, repeats=1)),
    updates=(Timed(shape=_SMALL_TINY, repeats=3),),
    checkpoints=(Timed(shape=_SMALL_TINY, repeats=2),),
)


@dataclass(frozen=True, kw_only=True)
class TrainReport:
    """Everything measured; `dataclasses.asdict` of it is JSON."""

    limits: Limits
    steps: tuple[StepResult, ...]
    updates: tuple[UpdateResult, ...]
    checkpoints: tuple[CheckpointResult, ...]


def run(sizes: Sizes, *, is_small: bool, say: Callable[[str], None]) -> TrainReport:
    """One thread, CPU time. `BenchmarkError` where plain code and frlib differ."""
    machine = limits.measured("cpu", 1, is_small=is_small, say=say)
    with measure.threads(1):
        steps = train_step.measured(
            {one.shape: one.repeats for one in sizes.steps}, machine=machine, say=say
        )
        updates = tuple(
            train_update.measured(one.shape, one.repeats, machine=machine, say=say)
            for one in sizes.updates
        )
        checkpoints = tuple(
            train_checkpoint.measured(one.shape, one.shape.precisions()[-1], one.repeats, say=say)
            for one in sizes.checkpoints
        )
    return TrainReport(limits=machine, steps=steps, updates=updates, checkpoints=checkpoints)
