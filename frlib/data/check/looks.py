"""One look at every image of a set: can it be decoded, of what kind is it, what does it show.

Every question about pixels is answered from these columns, so images are read and decoded once,
chunk by chunk in threads. Kept are 42 bytes an image, and no pixels.
"""

import io
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from frlib.core.errors import DataError
from frlib.core.seeds import stream
from frlib.data import catalog, decode, threads
from frlib.data.check import hashes
from frlib.data.convert.watch import Watch
from frlib.data.manifest import Manifest
from frlib.data.reader import ByteReader, Reader

KINDS = ("", "colour", "grey", "palette", "alpha", "cmyk", "other")
"""Of stored pixels; empty: the source stores no files, or the image cannot be decoded."""
UNREADABLE, FLAT, SEEN = 0, 1, 2
FLAT_BELOW = 2.0
"""An image is flat where its luma at 32 x 32 pixels deviates by less than this, of 0..255."""
_CENTRE = (
    slice(hashes.SIDE * 5 // 16, hashes.SIDE * 13 // 16),
    slice(hashes.SIDE // 4, hashes.SIDE * 3 // 4),
)
_KIND_OF = {"1": "grey", "L": "grey", "P": "palette", "RGB": "colour", "YCbCr": "colour"} | {
    "CMYK": "cmyk",
    "RGBA": "alpha",
    "LA": "alpha",
    "PA": "alpha",
}
_CHUNK = 256
_HERE = "(image)"


@dataclass(frozen=True, kw_only=True, eq=False)
class Looks:
    """n images that were looked at, in ascending order of row.

    rows: `[n]` of the manifest. states: `[n]` UNREADABLE, FLAT or SEEN. widths, heights: `[n]`
    pixels as stored, 0 where there is no file. kinds: `[n]` places in `KINDS`. coarse, fine: `[n]`
    hashes. red_minus_blue: `[n]` mean over the centre, after the set's colour order is applied.
    chroma: `[n]` mean difference of the largest and the smallest channel. reasons: why images
    cannot be decoded, and which rows.
    """

    rows: NDArray[np.int64]
    states: NDArray[np.int8]
    widths: NDArray[np.uint32]
    heights: NDArray[np.uint32]
    kinds: NDArray[np.int8]
    coarse: NDArray[np.uint64]
    fine: NDArray[np.uint64]
    red_minus_blue: NDArray[np.float32]
    chroma: NDArray[np.float32]
    reasons: dict[str, list[int]]


def look(manifest: Manifest, watch: Watch, sample: int = 0, seed: int = 0) -> Looks:
    """Look at every image, or at `sample` of them drawn by `seed` (0: at all); `watch` is told."""
    count = len(manifest)
    rows = np.arange(count)
    if 0 < sample < count:
        rows = np.sort(stream(seed, "check").choice(count, size=sample, replace=False))
    found = Looks(
        rows=rows,
        states=np.zeros(len(rows), dtype=np.int8),
        widths=np.zeros(len(rows), dtype=np.uint32),
        heights=np.zeros(len(rows), dtype=np.uint32),
        kinds=np.zeros(len(rows), dtype=np.int8),
        coarse=np.zeros(len(rows), dtype=np.uint64),
        fine=np.zeros(len(rows), dtype=np.uint64),
        red_minus_blue=np.zeros(len(rows), dtype=np.float32),
        chroma=np.zeros(len(rows), dtype=np.float32),
        reasons={},
    )
    watch.begin(f"looking at {_place(manifest)}", len(rows), 0)
    for number, config in enumerate(manifest.readers):
        mine = np.flatnonzero(manifest.sources[rows] == number)
        mine = mine[np.argsort(manifest.refs[rows[mine]], kind="stable")]
        reader = catalog.open_reader(config)

        def chunk(
            start: int, mine: NDArray[np.int64] = mine, reader: Reader = reader
        ) -> list[tuple[str, int]]:
            places = mine[start : start + _CHUNK]
            failed = _look(found, places, manifest.refs[rows[places]], reader)
            watch.advance(len(places))
            return failed

        for failed in threads.over(range(0, len(mine), _CHUNK), chunk):
            for reason, row in failed:
                found.reasons.setdefault(reason, []).append(row)
    watch.end()
    return found


def _place(manifest: Manifest) -> str:
    first = manifest.readers[0]
    return str(getattr(first, "path", getattr(first, "name", "?")))


def _look(
    found: Looks, places: NDArray[np.int64], refs: NDArray[np.int64], reader: Reader
) -> list[tuple[str, int]]:
    """Fill the columns at `places`; returns why images failed, and their rows."""
    failed: list[tuple[str, int]] = []
    if isinstance(reader, ByteReader):
        images = np.zeros((len(places), hashes.SIDE, hashes.SIDE, 3), dtype=np.uint8)
        readable = np.zeros(len(places), dtype=bool)
        for i, (place, ref) in enumerate(zip(places.tolist(), refs.tolist(), strict=True)):
            reason = _decode(found, place, ref, reader, images[i])
            readable[i] = not reason
            if reason:
                failed.append((reason, int(found.rows[place])))
        places, images = places[readable], images[readable]
    else:
        images = reader.images(refs, hashes.SIDE)
    _measure(found, places, images)
    return failed


def _decode(found: Looks, place: int, ref: int, reader: ByteReader, out: NDArray[np.uint8]) -> str:
    """Decode one image into `out` and note its kind and size; returns why that failed, or ""."""
    try:
        data = reader.read(ref)
        decode.image(data, hashes.SIDE, reader.colour, _HERE, out)
    except DataError as error:
        return _reason(str(error))
    with Image.open(io.BytesIO(data)) as header:
        found.widths[place], found.heights[place] = header.size
        kind = "alpha" if "transparency" in header.info else _KIND_OF.get(header.mode, "other")
    found.kinds[place] = KINDS.index(kind)
    return ""


def _measure(found: Looks, places: NDArray[np.int64], images: NDArray[np.uint8]) -> None:
    if not len(places):
        return
    luma = hashes.grey(images)
    found.coarse[places], found.fine[places] = hashes.hashes(luma)
    found.states[places] = np.where(luma.std(axis=(1, 2)) < FLAT_BELOW, FLAT, SEEN)
    centre = images[:, *_CENTRE].mean(axis=(1, 2), dtype=np.float32)
    found.red_minus_blue[places] = centre[:, 0] - centre[:, 2]
    red, green, blue = (images[..., channel] for channel in range(3))
    largest = np.maximum(np.maximum(red, green), blue)
    spread = largest - np.minimum(np.minimum(red, green), blue)
    found.chroma[places] = spread.mean(axis=(1, 2))


def _reason(message: str) -> str:
    """The first clause of a message without place and numbers, so that equal causes group."""
    clause = message.partition(";")[0].partition(". ")[0].rpartition(": ")[2]
    words = "".join("#" if letter.isdigit() else letter for letter in clause.replace(",", ""))
    while "##" in words:
        words = words.replace("##", "#")
    return words.removeprefix("# bytes that ")
