"""What cleaning costs: a rule on a large set, and decisions in a training step."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace

from frlib.bench import denoise_case, denoise_drop, denoise_record
from frlib.bench.denoise_drop import DropResult
from frlib.bench.denoise_record import RecordResult


@dataclass(frozen=True, kw_only=True)
class Sizes:
    """Of each part; see there."""

    drop: denoise_case.Shape = field(default_factory=denoise_case.Shape)
    record: denoise_record.Shape = field(default_factory=denoise_record.Shape)

    def of(self, samples: int) -> "Sizes":
        """A set of so many samples, with at least ten a person, in both parts."""
        classes = max(2, min(self.drop.classes, samples // 10))
        return Sizes(
            drop=replace(self.drop, samples=samples, classes=classes),
            record=replace(self.record, samples=samples),
        )


SMALL = Sizes(
    drop=denoise_case.Shape(samples=20_000, classes=200, dim=64),
    record=denoise_record.Shape(side=32, batch=32, classes=200, samples=20_000, repeats=3),
)


@dataclass(frozen=True, kw_only=True)
class DenoiseReport:
    """Everything measured; `dataclasses.asdict` of it is JSON."""

    drop: DropResult
    record: RecordResult


def run(sizes: Sizes, *, threads: int, say: Callable[[str], None]) -> DenoiseReport:
    """threads: of the rule; a step has one. `BenchmarkError` where rule and plain loop differ."""
    return DenoiseReport(
        drop=denoise_drop.measured(sizes.drop, threads=threads, say=say),
        record=denoise_record.measured(sizes.record, say=say),
    )
