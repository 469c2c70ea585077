"""Columns of texts: numpy's variable-width strings, to and from Arrow, a chunk at a time.

Five million ids of 20 characters take about 200 MB so; a fixed-width array would take four bytes
for every character of the longest.
"""

from collections.abc import Iterator, Sequence
from typing import Any, TypeAlias

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

Texts: TypeAlias = NDArray[Any]
"""`[N]` of dtype `StringDType`; an element is a `str`."""
KIND = np.dtypes.StringDType()
ABSENT = -1
_CHUNK = 1 << 18


def texts(values: "Sequence[str] | NDArray[Any] | pa.Array | pa.ChunkedArray") -> Texts:
    """`[N]` texts from a list, from an array of any string type, or from Arrow."""
    if isinstance(values, pa.ChunkedArray):
        return joined([texts(chunk) for chunk in values.chunks])
    if isinstance(values, pa.Array):
        parts = (values[start : start + _CHUNK] for start in range(0, len(values), _CHUNK))
        return joined([np.array(part.to_pylist(), dtype=KIND) for part in parts])
    if isinstance(values, np.ndarray):
        return values.astype(KIND, copy=False)
    return np.array(values, dtype=KIND)


def joined(parts: Sequence[Texts]) -> Texts:
    """One column of several; empty for none."""
    return np.concatenate(parts) if parts else np.array([], dtype=KIND)


def to_arrow(column: Texts) -> pa.ChunkedArray:
    """The same texts as Arrow strings."""
    return pa.chunked_array(
        [pa.array(part.tolist(), pa.string()) for part in chunks(column)], pa.string()
    )


def places(wanted: "Texts | pa.Array | pa.ChunkedArray", among: Texts) -> NDArray[np.int64]:
    """`[n]` where each text stands in a column, the first time; `ABSENT` where it does not."""
    asked = wanted if isinstance(wanted, (pa.Array, pa.ChunkedArray)) else to_arrow(wanted)
    found = pc.index_in(asked, value_set=to_arrow(among).combine_chunks())
    places_n: NDArray[np.int64] = pc.fill_null(found, ABSENT).to_numpy().astype(np.int64)
    return places_n


def chunks(column: NDArray[Any]) -> Iterator[NDArray[Any]]:
    """Views of at most 2**18 elements, in order."""
    for start in range(0, len(column), _CHUNK):
        yield column[start : start + _CHUNK]


def lines(column: NDArray[Any]) -> Iterator[bytes]:
    """The texts (or bytes) with a line feed between any two, for hashing, chunk by chunk."""
    before = b""
    for chunk in chunks(column):
        values = chunk.tolist()
        yield before + b"\n".join(v if isinstance(v, bytes) else v.encode() for v in values)
        before = b"\n"


def repeated(column: Texts) -> list[str]:
    """The texts that occur more than once, in order; empty if there is none."""
    column_arrow = to_arrow(column)
    if pc.count_distinct(column_arrow).as_py() == len(column):
        return []
    counts = pc.value_counts(column_arrow)
    several = pc.greater(counts.field("counts"), 1)
    return sorted(counts.field("values").filter(several).to_pylist())
