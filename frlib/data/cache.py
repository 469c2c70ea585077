"""Decoded pixels in a memory map: a source is decoded once per size, whatever is trained on it.

The map holds every row of a *source* in the order of its refs. Splits and noise change labels and
pick rows, so all of them read the same map: no ratio of noise decodes anything again, and of the
pool of outliers the whole is decoded once. Files: `store/datasets/KEY/pixels`, KEY over ids,
checksums, colour and size; N x size x size x 3 bytes followed by KEY, the mark of a file written to
its end.
"""

import hashlib
import logging
import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from frlib.core import safeio
from frlib.core.config import Config
from frlib.core.errors import DataError
from frlib.data import catalog, decode, threads
from frlib.data.manifest import Manifest, checksum
from frlib.data.once import only_one
from frlib.data.progress import Progress
from frlib.data.reader import ByteReader, Reader

_CHUNK = 128
_FORMAT = "1"
_log = logging.getLogger(__name__)


@dataclass(frozen=True, eq=False)
class Pixels:
    """Pixels of a manifest's rows. Open it in the process that uses it; it is not for sending.

    maps: one `[n, size, size, 3]` map per source. sources, places: `[N]`, where each row's pixels
    are.
    """

    size: int
    maps: tuple[NDArray[np.uint8], ...]
    sources: NDArray[np.int16]
    places: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.places)

    def batch(self, rows: NDArray[np.int64]) -> NDArray[np.uint8]:
        """`[B]` rows of the manifest -> a fresh `[B, size, size, 3]` RGB array."""
        if len(self.maps) == 1:
            return self.maps[0][self.places[rows]]
        out = np.empty((len(rows), self.size, self.size, 3), dtype=np.uint8)
        for number, pixels in enumerate(self.maps):
            mine = self.sources[rows] == number
            out[mine] = pixels[self.places[rows[mine]]]
        return out


def open_pixels(manifest: Manifest, size: int, store: Path) -> Pixels:
    """The decoded pixels of a manifest, building what the store lacks.

    Any number of processes may call this at once: one builds, the others wait. Raises `DataError`
    for an image that cannot be decoded or that changed since the manifest was made, `DiskFullError`
    when there is no room (nothing is left behind).
    """
    places = np.empty(len(manifest), dtype=np.int64)
    maps = []
    for number, config in enumerate(manifest.readers):
        whole = catalog.scan(config, store)
        whole = whole.take(np.argsort(whole.refs, kind="stable"))
        mine = np.flatnonzero(manifest.sources == number)
        places[mine] = _places(manifest.take(mine), whole, config) if len(mine) else 0
        maps.append(_open(whole, config, size, store))
    return Pixels(size, tuple(maps), manifest.sources, places)


def _places(rows: Manifest, whole: Manifest, config: Config) -> NDArray[np.int64]:
    places = np.minimum(np.searchsorted(whole.refs, rows.refs), len(whole) - 1)
    changed = (whole.refs[places] != rows.refs) | (whole.checksums[places] != rows.checksums)
    if changed.any():
        raise DataError(
            f"source {config.name} at {getattr(config, 'path', '(no path)')}: "  # type: ignore[attr-defined]
            f"{changed.sum():,} of {len(rows):,} images are not what the manifest says, first "
            f"{rows.ids[changed][0]!r}. The source changed since; prepare the data again."
        )
    return places


def _key(whole: Manifest, size: int) -> str:
    hasher = hashlib.sha256(f"{_FORMAT}\n{whole.colour}\n{size}\n".encode())
    for column in (whole.ids, whole.checksums):
        hasher.update("\n".join(column).encode() + b"\0")
    return hasher.hexdigest()[:16]


def _open(whole: Manifest, config: Config, size: int, store: Path) -> NDArray[np.uint8]:
    key = _key(whole, size)
    path = store / "datasets" / key / "pixels"
    shape = (len(whole), size, size, 3)
    if not _is_whole(path, shape, key):
        with only_one(path, f"decoding {getattr(config, 'path', key)}"):
            if not _is_whole(path, shape, key):
                _build(path, whole, catalog.open_reader(config), size, key)
    return np.asarray(np.memmap(path, dtype=np.uint8, mode="r", shape=shape))


def _is_whole(path: Path, shape: tuple[int, ...], key: str) -> bool:
    if not path.is_file():
        return False
    with path.open("rb") as file:
        found = file.seek(0, os.SEEK_END)
        file.seek(max(0, found - len(key)))
        whole = found == np.prod(shape) + len(key) and file.read() == key.encode()
    if not whole:
        _log.warning("%s: %s bytes, torn or of another kind; decoding again", path, f"{found:,}")
    return bool(whole)


def _build(path: Path, whole: Manifest, reader: Reader, size: int, key: str) -> None:
    for left in path.parent.glob(f".{path.name}.*.part"):
        left.unlink(missing_ok=True)
    row_bytes = size * size * 3
    total = len(whole) * row_bytes
    progress = Progress(_log, f"decoding to {path}, {total / 2**20:.0f} MiB", len(whole))
    with safeio.atomic(path) as aside, aside.open("r+b") as file:
        handle = file.fileno()
        _reserve(handle, total + len(key))

        def fill(start: int) -> None:
            rows = whole.take(np.arange(start, min(start + _CHUNK, len(whole))))
            _write_all(handle, _pixels(rows, reader, size), start * row_bytes)
            progress.advance(len(rows))

        threads.over(range(0, len(whole), _CHUNK), fill)
        _write_all(handle, np.frombuffer(key.encode(), dtype=np.uint8), total)
    progress.finish()


def _reserve(handle: int, num_bytes: int) -> None:
    """Take the room now: a full disk is found before an hour of decoding, not after."""
    if hasattr(os, "posix_fallocate"):
        os.posix_fallocate(handle, 0, num_bytes)


def _write_all(handle: int, array: NDArray[np.uint8], offset: int) -> None:
    data = np.ascontiguousarray(array).reshape(-1).data
    while data:
        written = os.pwrite(handle, data, offset)
        data, offset = data[written:], offset + written


def _pixels(rows: Manifest, reader: Reader, size: int) -> NDArray[np.uint8]:
    if not isinstance(reader, ByteReader):
        return reader.images(rows.refs, size)
    out = np.empty((len(rows), size, size, 3), dtype=np.uint8)
    for i, ref in enumerate(rows.refs.tolist()):
        data, where = reader.read(ref), reader.where(ref)
        if checksum(data) != rows.checksums[i]:
            raise DataError(
                f"{where}: its bytes changed since the source was scanned. Leave the files alone "
                "while data is prepared, then run again."
            )
        out[i] = decode.image(data, size, reader.colour, where)
    return out
