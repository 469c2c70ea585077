"""Header record 0 and identity records, as InsightFace's tools write them after the images.

Key 0 is a record with an empty image and labels `[N + 1, N + 1 + C]`; keys 1 .. N are the images;
keys N + 1 .. N + C have empty images and labels `[first key, last key + 1]`, one per identity.
Split files of MixBCT have `[N + 1, C]` in record 0 and no identity records, so the second number is
not used. Nor is the first one beyond 2**24, where float32 rounds it: identity records are the empty
ones at the end of the keys, whatever record 0 says.
"""

from dataclasses import dataclass

import numpy as np

from frlib.core.errors import DataError
from frlib.data.recordio.header import EXACT
from frlib.data.recordio.index import Numbers
from frlib.data.recordio.reader import RecordFile
from frlib.data.storage.places import Place


@dataclass(frozen=True, eq=False)
class Layout:
    """What the keys of a file are.

    header: the labels of record 0, empty if it is an image. images: `[N]` keys. identities: `[C]`
    keys. ranges: `[C, 2]` first key and last key + 1. exact: no number reaches 2**24, where float32
    begins to round.
    """

    header: tuple[float, ...]
    images: Numbers
    identities: Numbers
    ranges: Numbers
    exact: bool


def layout(records: RecordFile) -> Layout:
    """Found from record 0 and the empty records at the end; `DataError` if they contradict."""
    keys = records.index.keys
    header = _record_zero(records)
    none = np.empty(0, dtype=np.int64)
    if not header:
        return Layout((), keys, none, none.reshape(0, 2), True)
    ranges = []
    end = len(keys)
    while end > 1:
        head = records.head(int(keys[end - 1]))
        if head.image_bytes:
            break
        ranges.append(_range(head.header.label, int(keys[end - 1]), records.path))
        end -= 1
    pairs = np.asarray(ranges[::-1], dtype=np.int64).reshape(-1, 2)
    exact = header[0] < EXACT and (not len(pairs) or int(pairs.max()) < EXACT)
    images = end - 1
    if exact and header[0] != images + 1:
        raise DataError(
            f"{records.path}: record 0 says {header[0] - 1:,.0f} images, the index has {images:,}; "
            f"expected the same. Was {records.index_path.name} cut short? Copy it again, or remove "
            "it to have it made anew from the records."
        )
    return Layout(header, keys[1:end], keys[end:], pairs, exact)


def _record_zero(records: RecordFile) -> tuple[float, ...]:
    if 0 not in records.index:
        return ()
    head = records.head(0)
    label = head.header.label
    return label if isinstance(label, tuple) and not head.image_bytes else ()


def _range(label: float | tuple[float, ...], key: int, path: Place) -> tuple[int, int]:
    if not isinstance(label, tuple) or len(label) != 2 or not 0 <= label[0] <= label[1] < 2**63:
        raise DataError(
            f"{path}: key {key} has an empty image and label {label}; expected an image, or the "
            "first key and the last key + 1 of an identity. Make the file again."
        )
    return int(label[0]), int(label[1])
