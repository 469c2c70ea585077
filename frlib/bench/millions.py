"""Sets of millions without their images: opening an index, building and corrupting a manifest.

Each is measured in a process of its own: `peak_mib` is what it adds at its highest point to a
process that has nothing loaded but the library. The columns that a manifest is made of, which a
scan would hand over, are made before the clock starts and count as memory.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from frlib.bench import apart, measure
from frlib.core.errors import BenchmarkError
from frlib.data import texts
from frlib.data.config import NoiseConfig
from frlib.data.lab.corrupt import corrupt
from frlib.data.manifest import CLEAN, from_table
from frlib.data.recordio import index
from frlib.data.sources import recordio

_MIB = 2**20
_RECORD_BYTES = 7_000
_IMAGES_PER_CLASS = 55
_NOISE = {"closed": {"ratio": 0.2}, "open": {"ratio": 0.2}}


@dataclass(frozen=True, kw_only=True)
class Millions:
    """One piece of work on `rows` rows. CPU seconds; `peak_mib` None where not measurable."""

    name: str
    rows: int
    seconds: float
    peak_mib: float | None


def opened_index(rows: int, folder: Path) -> Millions:
    """`index.load` of a text index with keys in random order."""
    return apart.run(1, _index, rows, folder)


def noisy_manifest(rows: int, folder: Path) -> Millions:
    """`from_table` and 20 % flips, then 20 % outliers out of a pool of a tenth of the rows."""
    return apart.run(1, _manifest, rows, folder)


def _index(rows: int, folder: Path) -> Millions:
    path = folder / "train.idx"
    draw = np.random.default_rng(0)
    keys = draw.permutation(rows)
    offsets = np.arange(rows) * _RECORD_BYTES & ~3
    with path.open("wb") as file:
        for part in np.array_split(np.arange(rows), -(-rows // 100_000)):
            file.write(index.lines(zip(keys[part].tolist(), offsets[part].tolist(), strict=True)))
    del keys, offsets

    def work(watch: Stopwatch) -> None:
        with watch:
            found = index.load(path)
        if len(found) != rows:
            raise BenchmarkError(f"an index of {rows:,} lines was read as {len(found):,}")

    return _measured("index", rows, work)


def _manifest(rows: int, folder: Path) -> Millions:
    def work(watch: Stopwatch) -> None:
        columns, pool_columns = _columns(rows), _columns(max(1, rows // 10))
        with watch:
            clean = from_table(**columns, **_ABOUT)
            pool = from_table(**pool_columns, **_ABOUT)
            noisy = corrupt(clean, NoiseConfig.parse(_NOISE), pool, 0)
        share = float((noisy.kinds != CLEAN).mean())
        if len(noisy) != rows or not 0.3 < share <= 0.4:
            raise BenchmarkError(f"{len(noisy):,} rows, {share:.3f} of them noisy; asked for 0.4")

    return _measured("manifest", rows, work)


_ABOUT: dict[str, Any] = {
    "reader": recordio.Config(path="train.rec"),
    "colour": "RGB",
    "trusted": True,
}


def _columns(rows: int) -> dict[str, Any]:
    """As a scan of RecordIO hands them over."""
    keys = np.arange(1, rows + 1)
    draw = np.random.default_rng(rows)
    classes = max(2, rows // _IMAGES_PER_CLASS)
    codes = np.sort(draw.integers(0, classes, rows)).astype(np.int32)
    names = pa.array([f"{number:08d}" for number in range(classes)])
    return {
        "ids": np.strings.zfill(keys.astype(texts.KIND), 8),
        "names": pa.DictionaryArray.from_arrays(pa.array(codes), names),
        "checksums": _sums(draw, rows),
        "refs": keys,
    }


def _sums(draw: np.random.Generator, rows: int) -> NDArray[np.bytes_]:
    digits = np.frombuffer(b"0123456789abcdef", dtype=np.uint8)
    found: NDArray[np.bytes_] = np.concatenate(
        [
            digits[draw.integers(0, 16, (len(part), 32), dtype=np.uint8)].view("S32").ravel()
            for part in np.array_split(np.arange(rows), -(-rows // 100_000))
        ]
    )
    return found


class Stopwatch:
    """CPU seconds of the process within its block."""

    seconds = 0.0

    def __enter__(self) -> None:
        self._start = time.process_time()

    def __exit__(self, *_: object) -> None:
        self.seconds = time.process_time() - self._start


def _measured(name: str, rows: int, work: Callable[[Stopwatch], None]) -> Millions:
    watch = Stopwatch()
    peak = measure.resident_peak(lambda: work(watch))
    return Millions(
        name=name,
        rows=rows,
        seconds=watch.seconds,
        peak_mib=None if peak is None else peak / _MIB,
    )
