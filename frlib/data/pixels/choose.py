"""Whether the pixels of a source are decoded once or on the fly, and opening them either way."""

import logging
import math
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from frlib.core.config import Config
from frlib.core.errors import DataError
from frlib.data import catalog
from frlib.data.manifest import Manifest
from frlib.data.pixels import room
from frlib.data.pixels.batches import Part, Pixels
from frlib.data.pixels.decoded import Decoded, open_map
from frlib.data.pixels.encoded import Encoded

Mode = Literal["auto", "decoded", "encoded"]
_GIB = 2**30
_log = logging.getLogger(__name__)


def open_pixels(
    manifest: Manifest,
    size: int,
    store: Path,
    *,
    mode: Mode = "auto",
    cache_gib: float = 0,
    threads: int = 1,
) -> Pixels:
    """The pixels of a manifest, building the maps that the store lacks.

    mode: `decoded` maps every source (`room.NoRoomError` where one does not fit), `encoded` none,
    `auto` those that fit. cache_gib: what the maps of the store may take, 0 for no limit. threads:
    that decode a batch together. The pixels are the same whatever is chosen. Raises `DataError` for
    an image that cannot be decoded or that changed since the manifest was made.
    """
    places = np.zeros(len(manifest), dtype=np.int64)
    parts: list[Part] = []
    for number, config in enumerate(manifest.readers):
        mine = np.flatnonzero(manifest.sources == number)
        if not len(mine):
            parts.append(Decoded(np.empty((0, size, size, 3), dtype=np.uint8)))
            continue
        part, places[mine] = _opened(
            manifest.take(mine), config, size, store, mode, math.ceil(cache_gib * _GIB), threads
        )
        parts.append(part)
    return Pixels(size, tuple(parts), manifest.sources, places, manifest.flaws)


def _opened(
    rows: Manifest, config: Config, size: int, store: Path, mode: Mode, limit: int, threads: int
) -> tuple[Part, NDArray[np.int64]]:
    """The pixels of these rows of one source, and where in them each row is."""
    if mode != "encoded":
        whole = catalog.scan(config, store)
        whole = whole.take(np.argsort(whole.refs, kind="stable"))
        places = _places(rows, whole, config)
        try:
            return open_map(whole, config, size, store, limit), places
        except room.NoRoomError as error:
            if mode == "decoded":
                raise
            _log.warning("decoding every image each time it is used: %s", error)
    source = Encoded(catalog.open_reader(config), rows.refs, rows.checksums, size, threads)
    return source, np.arange(len(rows))


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
