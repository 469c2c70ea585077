"""What old features say of classes, off a mapped file, beside plain loops over some of the classes.

Wall seconds with one thread; the file is in the system's memory. The peak is what the work adds to
a process that holds the ids and labels; pages of the map count, though the system may drop them.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from frlib.bench import compat_case, measure
from frlib.bench.compat_case import Shape
from frlib.compat._classes import class_means, class_radius
from frlib.core.errors import BenchmarkError
from frlib.denoise.credible_centroid import credible
from frlib.evaluate.mapped import Ordered, open_mapped

_MIB = 2**20
_PLAIN_CLASSES = 200
_ROUNDING = 1e-5
Found = TypeVar("Found")


@dataclass(frozen=True, kw_only=True)
class ClassesResult:
    """Wall seconds. read_s: one pass over all rows in float64, as the others make.

    passes: of each over read_s. plain_s: of means by a loop over classes, scaled from
    `plain_classes`; ratio: plain_s over means_s. peak_mib: of the three; None where not told.
    file_mib: of the features.
    """

    shape: Shape
    read_s: float
    means_s: float
    credible_s: float
    radius_s: float
    passes: dict[str, float]
    plain_s: float
    plain_classes: int
    ratio: float
    kept: float
    peak_mib: float | None
    file_mib: float


def measured(shape: Shape, path: Path) -> ClassesResult:
    """In this process. `BenchmarkError` where the loop has other means."""
    mapped = open_mapped(path)
    rows = mapped.ordered(np.arange(len(mapped)))
    labels, classes = compat_case.labels(shape), shape.classes
    seconds: dict[str, float] = {}
    kept: list[NDArray[np.float32]] = []
    shares: list[float] = []

    def work() -> None:
        seconds["means"], means = _timed(lambda: class_means(rows, labels, classes, "raw"))
        seconds["credible"], found = _timed(lambda: credible(rows, labels, classes))
        seconds["radius"], _ = _timed(lambda: class_radius(rows, labels, classes))
        kept.append(means[0])
        shares.append(float(found.keep.mean()))

    peak = measure.resident_peak(work)
    read_s, _ = _timed(lambda: _read(rows))
    plain_s, number = _plain(rows, labels, kept[0])
    return ClassesResult(
        shape=shape,
        read_s=read_s,
        means_s=seconds["means"],
        credible_s=seconds["credible"],
        radius_s=seconds["radius"],
        passes={name: spent / read_s for name, spent in seconds.items()},
        plain_s=plain_s,
        plain_classes=number,
        ratio=plain_s / seconds["means"],
        kept=shares[0],
        peak_mib=None if peak is None else peak / _MIB,
        file_mib=path.stat().st_size / _MIB,
    )


def _plain(
    rows: Ordered, labels_N: NDArray[np.int64], means_Cd: NDArray[np.float32]
) -> tuple[float, int]:
    """Seconds for all classes, from some of them; and of how many."""
    some = np.unique(np.linspace(0, len(means_Cd) - 1, _PLAIN_CLASSES).astype(np.int64))
    seen = 0

    def loop() -> list[NDArray[np.float64]]:
        nonlocal seen
        found = []
        for one in some.tolist():
            own = np.flatnonzero(labels_N == one)
            mean = rows.mapped.raw(own).astype(np.float64).mean(axis=0)
            found.append(mean / np.linalg.norm(mean))
            seen += len(own)
        return found

    spent, found = _timed(loop)
    away = np.abs(np.stack(found) - means_Cd[some]).max()
    if away > _ROUNDING:
        raise BenchmarkError(
            f"class means: {away:.1e} from those of a plain loop over {len(some)} classes, at most "
            f"{_ROUNDING:.0e} is rounding. One of the two is wrong: compare them with the formula "
            "of frlib/compat/_classes.py"
        )
    return spent * len(labels_N) / seen, len(some)


def _read(rows: Ordered) -> float:
    step = max(1, 2**20 // rows.shape[1])
    total = 0.0
    for start in range(0, len(rows), step):
        block = rows[start : start + step].astype(np.float64)
        total += float(np.vecdot(block, block).sum())
    return total


def _timed(work: Callable[[], Found]) -> tuple[float, Found]:
    start = time.perf_counter()
    found = work()
    return time.perf_counter() - start, found
