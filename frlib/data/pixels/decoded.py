"""Decoded pixels in a memory map: a source is decoded once per size, whatever is trained on it.

The map holds every row of a *source* in the order of its refs. Splits and noise change labels and
pick rows, so all of them read the same map: no ratio of noise decodes anything again, and of the
pool of outliers the whole is decoded once. Files: `store/datasets/KEY/pixels`, KEY over ids,
checksums, colour and size; N x size x size x 3 bytes followed by KEY, the mark of a file written to
its end. All processes of a node share the pages.
"""

import hashlib
import logging
import os
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from frlib.core import safeio
from frlib.core.config import Config
from frlib.data import catalog, texts, threads
from frlib.data.manifest import Manifest
from frlib.data.once import only_one
from frlib.data.pixels import room
from frlib.data.pixels.encoded import Encoded
from frlib.data.progress import Progress

_CHUNK = 128
_FORMAT = "1"
_log = logging.getLogger(__name__)


class Decoded:
    """Images of one source by place, in `[n, size, size, 3]`; `hold` keeps the file from eviction.

    Without a hold, any array.
    """

    def __init__(self, images: NDArray[np.uint8], hold: room.Hold | None = None) -> None:
        self._images, self._hold = images, hold

    def fetch(
        self, places: NDArray[np.int64], out: NDArray[np.uint8], at: NDArray[np.int64]
    ) -> None:
        """Copy into `out[at]`."""
        if len(at) == len(out):
            np.take(self._images, places, axis=0, out=out, mode="clip")
        else:
            out[at] = self._images[places]

    def close(self) -> None:
        """Let the file be evicted."""
        self._images = self._images[:0]
        if self._hold is not None:
            self._hold.release()


def open_map(whole: Manifest, config: Config, size: int, store: Path, limit: int = 0) -> Decoded:
    """The decoded pixels of a whole source, sorted by ref, built if the store lacks them.

    Any number of processes may call this at once: one builds, the others wait. `limit`: bytes that
    all maps of the store may take, 0 for no limit. Raises `room.NoRoomError` where it does not fit,
    `DataError` for an image that cannot be decoded or that changed since the manifest was made,
    `DiskFullError` when the disk fills up meanwhile (nothing is left behind).
    """
    key = _key(whole, size)
    path = store / "datasets" / key / "pixels"
    shape = (len(whole), size, size, 3)
    hold = room.hold(path)
    try:
        if not _is_whole(path, shape, key):
            with only_one(path, f"decoding {getattr(config, 'path', key)}"):
                if not _is_whole(path, shape, key):
                    source = Encoded(catalog.open_reader(config), whole.refs, whole.checksums, size)
                    _build(path, source, shape, key, limit)
    except BaseException:
        hold.release()
        raise
    return Decoded(np.asarray(np.memmap(path, dtype=np.uint8, mode="r", shape=shape)), hold)


def to_make(whole: Manifest, size: int, store: Path) -> int:
    """Bytes that `open_map` would still have to decode of a whole source; 0 where the map is."""
    key = _key(whole, size)
    shape = (len(whole), size, size, 3)
    if _is_whole(store / "datasets" / key / "pixels", shape, key):
        return 0
    return int(np.prod(shape)) + len(key)


def _key(whole: Manifest, size: int) -> str:
    hasher = hashlib.sha256(f"{_FORMAT}\n{whole.colour}\n{size}\n".encode())
    for column in (whole.ids, whole.checksums):
        for part in texts.lines(column):
            hasher.update(part)
        hasher.update(b"\0")
    return hasher.hexdigest()[:16]


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


def _build(path: Path, source: Encoded, shape: tuple[int, ...], key: str, limit: int) -> None:
    for left in path.parent.glob(f".{path.name}.*.part"):
        left.unlink(missing_ok=True)
    images, *row = shape
    row_bytes = int(np.prod(row))
    total = images * row_bytes
    progress = Progress(_log, f"decoding to {path}, {total / 2**20:.0f} MiB", images)
    with safeio.atomic(path) as aside, aside.open("r+b") as file:
        handle = file.fileno()
        with room.made(path, total + len(key), limit):
            _reserve(handle, total + len(key))

        def fill(start: int) -> None:
            places = np.arange(start, min(start + _CHUNK, images))
            out = np.empty((len(places), *row), dtype=np.uint8)
            source.fetch(places, out, np.arange(len(places)))
            _write_all(handle, out, start * row_bytes)
            progress.advance(len(places))

        threads.over(range(0, images, _CHUNK), fill)
        _write_all(handle, np.frombuffer(key.encode(), dtype=np.uint8), total)
    progress.finish()


def _reserve(handle: int, num_bytes: int) -> None:
    """Take the room now: a full disk is found before an hour of decoding, not after."""
    if hasattr(os, "posix_fallocate"):
        os.posix_fallocate(handle, 0, num_bytes)
    else:
        os.truncate(handle, num_bytes)


def _write_all(handle: int, array: NDArray[np.uint8], offset: int) -> None:
    data = np.ascontiguousarray(array).reshape(-1).data
    while data:
        written = os.pwrite(handle, data, offset)
        data, offset = data[written:], offset + written
