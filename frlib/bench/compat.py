"""What an old model's features cost: read in every step, extracted, summed up by class."""

import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

from frlib.bench import apart, compat_case, compat_classes, compat_extract, compat_read
from frlib.bench.compat_case import Shape
from frlib.bench.compat_classes import ClassesResult
from frlib.bench.compat_extract import ExtractResult
from frlib.bench.compat_read import ReadResult


@dataclass(frozen=True, kw_only=True)
class Sizes:
    """rows: of the features that are read and summed up. The others: of each part; see there."""

    rows: Shape = field(default_factory=Shape)
    read: compat_read.Shape = field(default_factory=compat_read.Shape)
    extract: compat_extract.Shape = field(default_factory=compat_extract.Shape)

    def of(self, samples: int) -> "Sizes":
        """Features of so many samples, at least ten a class."""
        classes = max(2, min(self.rows.classes, samples // 10))
        return replace(self, rows=replace(self.rows, samples=samples, classes=classes))


SMALL = Sizes(
    rows=Shape(samples=20_000, classes=200, dim=64),
    read=compat_read.Shape(side=32, batch=32, repeats=3),
    extract=compat_extract.Shape(images=64, batch=16, repeats=2),
)


@dataclass(frozen=True, kw_only=True)
class CompatReport:
    """Everything measured; `dataclasses.asdict` of it is JSON."""

    read: ReadResult
    extract: ExtractResult
    classes: ClassesResult


def run(sizes: Sizes, *, say: Callable[[str], None]) -> CompatReport:
    """`BenchmarkError` where a part and plain code differ. All with one thread."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        say(f"features of {sizes.rows.samples:,} samples")
        path = compat_case.write(sizes.rows, folder)
        say("reading")
        read = compat_read.measured(sizes.read, sizes.rows, path)
        say("classes")
        classes = apart.run(1, compat_classes.measured, sizes.rows, path)
        say("extraction")
        extract = compat_extract.measured(sizes.extract, folder)
    return CompatReport(read=read, extract=extract, classes=classes)
