"""Embeddings of images by sample id, from a file: what nearest people and pairs are found with.

Three kinds of file are read, never with pickle:

* `.npz`: arrays `ids` `[N]` and `embeddings` `[N, D]`, or any number of such pairs named
  `<x>_path` and `<x>_emb`, which are put together;
* `.parquet`, and `.arrow` or `.feather` (an IPC file): columns `id` (or `path`) and `embedding`,
  lists of D numbers.

Vectors of the mirrored images, if there are any, are an array or column `mirrored`.

Shapes: N images, D dimensions.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.dtypes import StringDType
from numpy.typing import NDArray

from frlib.core import safeio
from frlib.core.errors import DataError

if TYPE_CHECKING:
    import pyarrow as pa

_EXPECTED = (
    "expected a .npz with arrays ids and embeddings (or <x>_path and <x>_emb), or a .parquet or "
    ".arrow with columns id (or path) and embedding"
)
_TABLES = (".parquet", ".arrow", ".feather")
SUFFIXES = (".npz", *_TABLES)
View = Literal["embedding", "mirrored"]
_BLOCK = 65_536


@dataclass(frozen=True, eq=False)
class Vectors:
    """ids: `[N]` StringDType, unique. values: `[N, D]` float32, finite, as stored (any length)."""

    ids: NDArray[Any]
    values: NDArray[np.float32]
    where: str = "embeddings"

    def __len__(self) -> int:
        return len(self.ids)

    def places(self, ids: NDArray[Any]) -> NDArray[np.int64]:
        """`[n]` sample ids -> `[n]` rows of `values`; `DataError` when some have no vector."""
        from frlib.data import texts

        places = texts.places(ids, self.ids)
        lacking = np.flatnonzero(places == texts.ABSENT)
        if len(lacking):
            names = ", ".join(repr(str(name)) for name in ids[lacking[:5]])
            raise DataError(
                f"{self.where}: {len(lacking):,} of {len(ids):,} images have no vector, first "
                f"{names}; it holds {len(self):,} vectors, first id {str(self.ids[0])!r}. Embed "
                "all images of the set, with the ids of its source."
            )
        return places


def read(path: Path, view: View = "embedding") -> Vectors:
    """The vectors of a file; `DataError` where it is missing, damaged or of another form."""
    path = _known(path)
    ids, values = _npz(path, view) if path.suffix == ".npz" else _table(path, view)
    if len(ids) != len(values) or not len(ids) or values.ndim != 2 or not values.shape[1]:
        raise DataError(
            f"{path}: {len(ids):,} ids and embeddings of shape {values.shape}; expected one vector "
            "for each id, and at least one"
        )
    if values.dtype.kind not in "fiub":
        raise DataError(f"{path}: embeddings of type {values.dtype}, not numbers; {_EXPECTED}")
    with np.errstate(over="ignore"):
        values = values.astype(np.float32, copy=False)
    bad = np.flatnonzero(~np.isfinite(values).all(axis=1))
    if len(bad):
        raise DataError(
            f"{path}: {len(bad):,} vectors are not finite, first of {str(ids[bad[0]])!r}; embed "
            "these images again or leave them out of the file"
        )
    _require_unique(ids, path)
    return Vectors(ids, values, str(path))


def views(path: Path) -> tuple[View, ...]:
    """Which vectors a file has for each image, by the names in it; `DataError` as for `read`."""
    path = _known(path)
    try:
        if path.suffix == ".npz":
            with path.open("rb") as file, np.load(file, allow_pickle=False) as stored:
                names = list(stored.files)
        else:
            names = _columns(path, None).column_names
    except safeio.NOT_NUMPY as error:
        raise DataError(f"{path} cannot be read ({error}); {_EXPECTED}") from error
    return ("embedding", "mirrored") if "mirrored" in names else ("embedding",)


def digest(path: Path) -> str:
    """16 hex digits over the file's content; its place plays no part."""
    path = path.expanduser()
    if not path.is_file():
        raise DataError(f"{path} does not exist; {_EXPECTED}")
    return safeio.sha256(path)[:16]


def class_centres(
    vectors: Vectors, ids: NDArray[Any], labels: NDArray[np.int64], num_classes: int
) -> NDArray[np.float32]:
    """`[C, D]` normalised means of the normalised vectors of every class.

    `ids`, `labels`: `[n]` samples. A class without samples has the zero vector. Memory: blocks of
    65,536 vectors beside the result.
    """
    order = np.argsort(labels, kind="stable")
    places, classes = vectors.places(ids)[order], labels[order]
    sums = np.zeros((num_classes, vectors.values.shape[1]), dtype=np.float32)
    for start in range(0, len(order), _BLOCK):
        block = vectors.values[places[start : start + _BLOCK]]
        mine = classes[start : start + _BLOCK]
        first = np.flatnonzero(np.diff(mine, prepend=-1))
        sums[mine[first]] += np.add.reduceat(_normalised(block), first, axis=0)
    return _normalised(sums)


def nearest(
    centres: NDArray[np.float32], k: int, eligible: NDArray[np.bool_] | None = None
) -> NDArray[np.int64]:
    """`[C, D]` unit vectors -> `[C, k]` the k other classes of largest cosine, largest first.

    `eligible`: `[C]` classes that may be found (all by default); where fewer than k others are, the
    rest of the row is -1. Of equal ones the lower number is first. Blockwise: about 64 MiB of
    cosines at a time, each read k times.
    """
    num_classes = len(centres)
    allowed = np.ones(num_classes, dtype=bool) if eligible is None else eligible
    targets = np.flatnonzero(allowed)
    out = np.full((num_classes, k), -1, dtype=np.int64)
    if not len(targets):
        return out
    others = np.ascontiguousarray(centres[targets].T)
    column = np.where(allowed, np.cumsum(allowed) - 1, -1)
    rows_at_a_time = max(1, 2**24 // len(targets))
    for start in range(0, num_classes, rows_at_a_time):
        rows = np.arange(start, min(start + rows_at_a_time, num_classes))
        cosines = centres[rows] @ others
        inside = allowed[rows]
        cosines[np.flatnonzero(inside), column[rows[inside]]] = -np.inf
        each = np.arange(len(rows))
        for place in range(min(k, len(targets))):
            best = cosines.argmax(axis=1)
            out[rows, place] = np.where(np.isneginf(cosines[each, best]), -1, targets[best])
            cosines[each, best] = -np.inf
    return out


def _normalised(values: NDArray[np.float32]) -> NDArray[np.float32]:
    lengths = np.linalg.norm(values, axis=1, keepdims=True)
    unit: NDArray[np.float32] = (values / np.where(lengths > 0, lengths, 1)).astype(
        np.float32, copy=False
    )
    return unit


def _known(path: Path) -> Path:
    path = path.expanduser()
    if not path.is_file():
        raise DataError(f"{path} does not exist; {_EXPECTED}")
    if path.suffix not in SUFFIXES:
        raise DataError(f"{path}: a file of kind {path.suffix or '(none)'!r}; {_EXPECTED}")
    return path


def _npz(path: Path, view: View) -> tuple[NDArray[Any], NDArray[Any]]:
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as stored:
            pairs = list(_pairs(stored.files, view))
            ids = [_names(_array(stored, names)) for names, _ in pairs]
            values = [_array(stored, vectors) for _, vectors in pairs]
            if ids:
                return np.concatenate(ids), np.concatenate(values)
            found = ", ".join(stored.files) or "nothing"
    except safeio.NOT_NUMPY as error:
        raise DataError(f"{path} cannot be read ({error}); {_EXPECTED}") from error
    raise DataError(f"{path} holds {found}; {_EXPECTED}")


def _array(stored: Mapping[str, Any], name: str) -> NDArray[Any]:
    """numpy gives the bytes of a member that is no array."""
    found = stored[name]
    if not isinstance(found, np.ndarray):
        raise ValueError(f"{name} is no array")
    return found


def _names(found: NDArray[Any]) -> NDArray[Any]:
    """Texts, decoded here: numpy takes any bytes and fails where they are read."""
    try:
        decoded = np.char.decode(found, "utf-8") if found.dtype.kind == "S" else found
        return decoded.astype(StringDType())
    except TypeError as error:
        raise ValueError(f"ids are no texts: {error}") from error


def _pairs(names: list[str], view: View) -> Iterator[tuple[str, str]]:
    array = "embeddings" if view == "embedding" else view
    if {"ids", array} <= set(names):
        yield "ids", array
        return
    for name in sorted(names):
        stem = name.removesuffix("_path")
        if view == "embedding" and stem != name and f"{stem}_emb" in names:
            yield name, f"{stem}_emb"


def _table(path: Path, view: View) -> tuple[NDArray[Any], NDArray[Any]]:
    import pyarrow as pa

    table = _columns(path, view)
    ids = np.array(_texts(table[table.column_names[0]], path), dtype=StringDType())
    column = table[view].combine_chunks()
    if isinstance(column, pa.ChunkedArray):
        column = pa.concat_arrays(column.chunks)
    lists = (pa.types.is_list, pa.types.is_large_list, pa.types.is_fixed_size_list)
    if not any(is_list(column.type) for is_list in lists) or column.null_count:
        raise DataError(
            f"{path}: column {view} of type {column.type}, {column.null_count} missing; "
            "expected a list of numbers for every id"
        )
    flat = column.flatten().to_numpy(zero_copy_only=False)
    width, rest = divmod(len(flat), len(ids)) if len(ids) else (0, 0)
    lengths = np.asarray(column.value_lengths())
    if rest or (lengths != width).any():
        raise DataError(f"{path}: vectors of {lengths.min()} to {lengths.max()} numbers; all alike")
    return ids, flat.reshape(len(ids), width)


def _texts(column: "pa.ChunkedArray", path: Path) -> list[str]:
    import pyarrow as pa

    if column.null_count:
        raise DataError(f"{path}: {column.null_count:,} vectors have no id; {_EXPECTED}")
    try:
        found: list[str] = column.cast(pa.large_string()).to_pylist()
    except pa.ArrowException as error:
        raise DataError(f"{path}: ids of type {column.type} ({error}); {_EXPECTED}") from error
    return found


def _columns(path: Path, view: View | None) -> "pa.Table":
    """Columns id (or path) and this view; without one, all columns of no rows."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        if path.suffix == ".parquet":
            with pq.ParquetFile(path) as file:
                schema = file.schema_arrow
                wanted = schema.names if view is None else _wanted(schema.names, view, path)
                table = schema.empty_table() if view is None else file.read(columns=wanted)
        else:
            with pa.memory_map(str(path)) as mapped, pa.ipc.open_file(mapped) as opened:
                schema = opened.schema
                wanted = schema.names if view is None else _wanted(schema.names, view, path)
                table = schema.empty_table() if view is None else opened.read_all()
        table = table.select(wanted)
        table.validate(full=True)
        return table
    except (OSError, KeyError, pa.ArrowException, UnicodeDecodeError) as error:
        raise DataError(f"{path} cannot be read ({error}); {_EXPECTED}") from error


def _wanted(names: list[str], view: View, path: Path) -> list[str]:
    key = next((name for name in ("id", "path") if name in names), None)
    if key is None or view not in names:
        raise DataError(f"{path} has columns {', '.join(names)}; {_EXPECTED}")
    return [key, view]


def _require_unique(ids: NDArray[Any], path: Path) -> None:
    unique, counts = np.unique(ids, return_counts=True)
    if len(unique) != len(ids):
        again = unique[counts > 1]
        raise DataError(
            f"{path}: {len(again):,} ids have several vectors, first {str(again[0])!r}; keep one "
            "for each image"
        )
