"""Encoded bytes at random, out of every format, warm: what a reader costs apart from decoding."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from frlib.bench import measure
from frlib.bench.faces import jpeg
from frlib.core import discover
from frlib.core.errors import BenchmarkError
from frlib.data import catalog
from frlib.data.convert import run as convert
from frlib.data.manifest import checksum
from frlib.data.reader import ByteReader
from frlib.data.recordio.writer import write_plain
from frlib.data.sources import recordio

BASELINE = "image_folder"
_MEAN_BYTES = 7_000
_PER_CLASS = 20
_CHECKED = 1000
_SLOW_READS = 200
_SLOW = ("parquet",)


@dataclass(frozen=True, kw_only=True)
class Fetch:
    """One format. us: microseconds for an image, median, least and most over the repeats.

    faster: than a file for each image.
    """

    name: str
    blobs: int
    us: float
    least_us: float
    most_us: float
    faster: float


def measured(
    blobs: int, root: Path, *, repeats: int, clock: measure.Clock, say: Callable[[str], None]
) -> tuple[Fetch, ...]:
    """Every format that a set can be written in, `blobs` images of about 7 kB in each."""
    say("fetch: writing every format")
    readers = _readers(blobs, root)
    turns = {name: _turn(name, *reader) for name, reader in readers.items()}
    steps = {name: partial(_read, reader, refs) for name, (reader, refs) in turns.items()}
    for step in steps.values():
        step()
    say("fetch: time")
    times = measure.interleaved(steps, clock, repeats, lambda: None)
    per_read = {name: 1e6 / len(refs) for name, (_, refs) in turns.items()}
    slow_us = times[BASELINE].median_s * per_read[BASELINE]
    return tuple(
        Fetch(
            name=name,
            blobs=blobs,
            us=times[name].median_s * per_read[name],
            least_us=times[name].least_s * per_read[name],
            most_us=times[name].most_s * per_read[name],
            faster=slow_us / (times[name].median_s * per_read[name]),
        )
        for name in steps
    )


def _readers(blobs: int, root: Path) -> dict[str, tuple[ByteReader, list[int]]]:
    """A reader and the refs of all images, in order of their key, for every format.

    An image is a small JPEG with random bytes after its end.
    """
    draw = np.random.default_rng(0)
    face = jpeg(np.zeros((8, 8, 3), dtype=np.uint8))
    write_plain(
        root / "blobs.rec",
        ((key, key // _PER_CLASS, face + draw.bytes(_size(draw))) for key in range(blobs)),
    )
    source = recordio.Config(path=str(root / "blobs.rec"))
    known = catalog.scan(source, root)
    found = {}
    for name in discover.choices(convert.SINKS):
        sink = discover.load(convert.SINKS, name)
        target = sink.Config(path=str(root / name))
        convert.convert(source, target, root)
        config = sink.source(target, "RGB")
        written = catalog.scan(config, root)
        reader = catalog.open_reader(config)
        assert isinstance(reader, ByteReader)
        given = np.array([checksum(reader.read(ref)) for ref in written.refs[:_CHECKED].tolist()])
        if not np.array_equal(given, known.checksums[: len(given)]):
            raise BenchmarkError(f"{name}: gave other bytes than were written into it")
        found[name] = (reader, written.refs.tolist())
    return found


def _size(draw: np.random.Generator) -> int:
    return int(draw.integers(_MEAN_BYTES // 2, _MEAN_BYTES * 3 // 2))


def _turn(name: str, reader: ByteReader, refs: list[int]) -> tuple[ByteReader, list[int]]:
    order = np.random.default_rng(1).permutation(len(refs))
    chosen = order[:_SLOW_READS] if name in _SLOW else order
    return reader, [refs[place] for place in chosen]


def _read(reader: ByteReader, refs: list[int]) -> None:
    for ref in refs:
        reader.read(ref)
