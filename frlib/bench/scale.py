"""Studies of many thousand arms: what engine, driver and records take, with curves for training."""

from collections.abc import Callable
from dataclasses import dataclass

from frlib.bench import scale_engine, scale_tune
from frlib.bench.scale_engine import Mark
from frlib.bench.scale_tune import TuneResult
from frlib.core.errors import ClusterError


@dataclass(frozen=True, kw_only=True)
class Sizes:
    """marks: arms after which everything is looked at, fewest first. at_a_time: arms. epochs: of a
    run. tune: arms through Ray Tune; 0 leaves this part out."""

    marks: tuple[int, ...] = (1_000, 3_000, 10_000)
    at_a_time: int = 16
    epochs: int = 8
    tune: int = 300


SMALL = Sizes(marks=(8, 16), at_a_time=3, epochs=4, tune=0)


@dataclass(frozen=True, kw_only=True)
class ScaleReport:
    """`dataclasses.asdict` of it is JSON. tune: a text says why it was not measured."""

    sizes: Sizes
    marks: tuple[Mark, ...]
    tune: TuneResult | str


def run(sizes: Sizes, *, say: Callable[[str], None]) -> ScaleReport:
    """`BenchmarkError` where arms are lost on the way."""
    marks = scale_engine.measured(sizes.marks, sizes.at_a_time, sizes.epochs, say=say)
    return ScaleReport(sizes=sizes, marks=marks, tune=_tune(sizes, say))


def _tune(sizes: Sizes, say: Callable[[str], None]) -> TuneResult | str:
    if not sizes.tune:
        return "left out of a small run"
    try:
        return scale_tune.measured(sizes.tune, sizes.epochs, say=say)
    except ClusterError as error:
        return str(error)
