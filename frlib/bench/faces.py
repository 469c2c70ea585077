"""A set of JPEG faces to measure loading with: painted, grainy, about 7 kB each at 112 pixels.

The same files in every run: `folder/identity/image.jpg` for plain code, `train.rec` beside it.
"""

from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from frlib.data.recordio.writer import write_plain
from frlib.data.sources import recordio, synth

SIDE = 112
_QUALITY = 95
_IMAGES = 8
_CHUNK = 256


@dataclass(frozen=True)
class Faces:
    """`folder` of files, and the same bytes in the same order as `records`."""

    folder: Path
    records: recordio.Config
    images: int
    mean_bytes: float


def make(root: Path, images: int) -> Faces:
    """About `images` faces (a multiple of 8) below `root`."""
    config = synth.Config(identities=max(2, images // _IMAGES), images=_IMAGES)
    manifest, painter = synth.scan(config), synth.open_reader(config)
    folder = root / "folder"
    records = []
    for start in range(0, len(manifest), _CHUNK):
        rows = manifest.take(np.arange(start, min(start + _CHUNK, len(manifest))))
        for row, picture in enumerate(painter.images(rows.refs, SIDE)):
            encoded = jpeg(picture)
            file = folder / f"{rows.ids[row]}.jpg"
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(encoded)
            records.append((start + row, int(rows.labels[row]), encoded))
    write_plain(root / "train.rec", records)
    total = sum(len(encoded) for _, _, encoded in records)
    return Faces(
        folder,
        recordio.Config(path=str(root / "train.rec")),
        len(records),
        total / len(records),
    )


def jpeg(picture: NDArray[np.uint8]) -> bytes:
    """`[rows, columns, 3]` RGB as an encoded file."""
    out = BytesIO()
    Image.fromarray(picture).save(out, "JPEG", quality=_QUALITY)
    return out.getvalue()
