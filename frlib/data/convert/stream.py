"""The images of a manifest in its order, read ahead in batches and checked against it.

A source may keep its images in any order. So that it is read forwards, a batch of rows is fetched
in order of the source and handed on in order of the manifest; the larger the batch, the fewer times
a shuffled file is gone over. Batches are cut to `memory` bytes by the mean size of an image, and
while one is written the next one is read: two of them are in memory.
"""

from collections.abc import Generator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor

import numpy as np
from numpy.typing import NDArray

from frlib.core.errors import DataError
from frlib.data import threads
from frlib.data.manifest import Manifest, checksum
from frlib.data.reader import BatchReader, ByteReader
from frlib.data.sink import Item

MEMORY = 256 << 20
_MOST_ROWS = 1 << 18
_CHUNK = 512


def batches(
    manifest: Manifest, readers: Sequence[ByteReader], first: int, mean: float, memory: int = MEMORY
) -> Generator[list[Item]]:
    """Rows from `first` on; `DataError` names an image that is empty or not what was scanned.

    `mean`: bytes of an image, about; what is read corrects it.
    """
    start, rows, size = first, 1, max(1.0, mean)
    with ThreadPoolExecutor(max_workers=1) as ahead:

        def submit() -> Future[list[Item]]:
            stop = start + max(1, min(_MOST_ROWS, int(memory / (size / rows))))
            return ahead.submit(_batch, manifest, readers, start, stop)

        coming = submit()
        while start < len(manifest):
            batch = coming.result()
            start += len(batch)
            rows += len(batch)
            size += sum(len(item.data) for item in batch)
            if start < len(manifest):
                coming = submit()
            yield batch


def mean_bytes(manifest: Manifest, readers: Sequence[ByteReader], places: int = 8) -> float:
    """Mean size of an image, from 32 neighbours at each of some places of the source."""
    order = np.lexsort((manifest.refs, manifest.sources))
    starts = np.linspace(0, max(0, len(order) - 32), min(places, len(order)), dtype=np.int64)
    rows = order[np.unique(np.minimum(starts[:, None] + np.arange(32), len(order) - 1))]
    sizes = [len(readers[manifest.sources[r]].read(int(manifest.refs[r]))) for r in rows]
    return float(np.mean(sizes))


def _batch(manifest: Manifest, readers: Sequence[ByteReader], start: int, stop: int) -> list[Item]:
    """The rows from `start` to before `stop`, fetched in order of the source by threads."""
    rows = manifest.take(np.arange(start, min(stop, len(manifest))))
    order = np.lexsort((rows.refs, rows.sources))
    data: list[bytes] = [b""] * len(rows)
    sums = rows.checksums.tolist()

    def fetch(places: NDArray[np.int64]) -> None:
        source = rows.sources[places]
        for number in np.unique(source).tolist():
            reader, here = readers[number], places[source == number]
            images = _read(reader, rows.refs[here])
            for place, image in zip(here.tolist(), images, strict=True):
                if checksum(image) != sums[place] or not image:
                    raise _differs(reader.where(int(rows.refs[place])), image, sums[place])
                data[place] = image

    threads.over([order[at : at + _CHUNK] for at in range(0, len(order), _CHUNK)], fetch)
    names, labels = manifest.identities, rows.labels.tolist()
    return [
        Item(one, names[label], label, image)
        for one, label, image in zip(rows.ids.tolist(), labels, data, strict=True)
    ]


def _read(reader: ByteReader, refs: NDArray[np.int64]) -> list[bytes]:
    if isinstance(reader, BatchReader):
        return reader.read_many(refs)
    return [reader.read(ref) for ref in refs.tolist()]


def _differs(where: str, data: bytes, expected: bytes) -> DataError:
    if not data:
        return DataError(
            f"{where}: 0 bytes; expected an encoded image. Restore it and run again, or remove it "
            "from the source and start over with --restart."
        )
    return DataError(
        f"{where}: {len(data):,} bytes with checksum {checksum(data).decode()}; the scan found "
        f"{expected.decode()}. The file was changed or is damaged: restore it and run again, or "
        "start over with --restart after a new scan."
    )
