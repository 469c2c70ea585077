"""Reading a batch's old features, beside a copy of as many bytes and beside a step of training.

CPU time of one thread; the file is in the system's memory. Rows are drawn anew for every batch, as
in training. The network is `tiny`, which leaves the reading its largest share of a step.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from frlib.bench import compat_case, measure
from frlib.bench.train_own import median_step_s
from frlib.core.errors import BenchmarkError
from frlib.data.config import DataConfig
from frlib.data.sources import synth
from frlib.evaluate.mapped import Mapped, open_mapped
from frlib.train.config import TrainConfig

_BATCHES = 50
_READ, _COPY = "read", "copy"
_ROUNDING = 1e-3


@dataclass(frozen=True, kw_only=True)
class Shape:
    """side: pixels. batch: images of a step. repeats: timed steps, and timed turns of reading."""

    side: int = 112
    batch: int = 128
    repeats: int = 5


@dataclass(frozen=True, kw_only=True)
class ReadResult:
    """Milliseconds of a batch, medians. spread_ms: half the range of read_ms.

    copy_ms: of its unit rows in float32, from one array to another. ratio: read_ms over copy_ms.
    share: read_ms over step_ms. open_s: seconds to open the file, ids included.
    """

    shape: Shape
    samples: int
    dim: int
    open_s: float
    read_ms: float
    spread_ms: float
    copy_ms: float
    ratio: float
    step_ms: float
    share: float


def measured(shape: Shape, rows: compat_case.Shape, path: Path) -> ReadResult:
    """In this process, with one thread. `BenchmarkError` where rows are not those written."""
    with measure.threads(1):
        by = measure.clock(torch.device("cpu"), 1)
        start = by.read()
        mapped = open_mapped(path)
        open_s = by.read() - start
        _require_written(mapped, rows)
        times = _times(mapped, shape, by)
        step_s = _step(shape, rows.classes)
    read, copy = times[_READ], times[_COPY]
    return ReadResult(
        shape=shape,
        samples=rows.samples,
        dim=rows.dim,
        open_s=open_s,
        read_ms=1e3 * read.median_s / _BATCHES,
        spread_ms=1e3 * (read.most_s - read.least_s) / 2 / _BATCHES,
        copy_ms=1e3 * copy.median_s / _BATCHES,
        ratio=read.median_s / copy.median_s,
        step_ms=1e3 * step_s,
        share=read.median_s / _BATCHES / step_s,
    )


def _times(mapped: Mapped, shape: Shape, by: measure.Clock) -> dict[str, measure.Timing]:
    draw = np.random.default_rng(2)
    batches = [draw.integers(0, len(mapped), shape.batch) for _ in range(_BATCHES)]
    rows = [mapped.take(batch)[0] for batch in batches]
    copies = np.empty_like(rows[0])

    def read() -> NDArray[np.float32]:
        for batch in batches:
            found, _ = mapped.take(batch)
        return found

    def copy() -> NDArray[np.float32]:
        for one in rows:
            np.copyto(copies, one)
        return copies

    return measure.interleaved({_READ: read, _COPY: copy}, by, shape.repeats, lambda: None)


def _step(shape: Shape, classes: int) -> float:
    config = TrainConfig(
        data=DataConfig(train=synth.Config(), size=shape.side),
        backbone={"name": "tiny"},
        head={"name": "arcface"},
        batch_size=shape.batch,
    )
    return median_step_s(config, classes=classes, repeats=shape.repeats)


def _require_written(mapped: Mapped, rows: compat_case.Shape) -> None:
    """Of the first block."""
    wanted = compat_case.rows(rows, 0)
    unit, norms = mapped.take(np.arange(len(wanted)))
    lengths = np.linalg.norm(wanted, axis=1)
    away = np.linalg.norm(unit - wanted / lengths[:, None], axis=1).max()
    if away > _ROUNDING or not np.allclose(norms, lengths, rtol=1e-5):
        raise BenchmarkError(
            f"old features: a direction is {away:.1e} from the one that was written, at most "
            f"{_ROUNDING:.0e} is rounding. Rows of the file and rows that are read differ"
        )
