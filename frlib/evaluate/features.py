"""What a model gave for the images of a set, by sample id: what every protocol is computed from.

Stored as one Arrow file: column `id`, and for each view (`embedding`, `mirrored`) a list of D
numbers. By default these are unit directions in float16 with the float32 norms beside them
(`embedding_norm`, `mirrored_norm`); `exact` keeps the raw float32 numbers instead. Other programs
read the file as vectors by id.

Rounding to float16 moves each component of a direction by at most 2**-11 of itself (2**-25 where it
is below 2**-14), so a direction by at most 5e-4 and a cosine by at most 1e-3; with 512 dimensions
cosines move by up to some 2e-5. The norm is kept. Where scores tie nearly, keep `exact` numbers.

Shapes: N images, D dimensions.
"""

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from frlib.core import safeio
from frlib.core.errors import DataError, NumericsError
from frlib.data import vectors
from frlib.data.texts import Texts, joined, lines, repeated, texts, to_arrow

_ABOUT = b"frlib.features"
_FORMAT = 1
ROWS = 65_536
"""Of a record batch."""
_VIEWS = ("embedding", "mirrored")
DAMAGE = (OSError, ValueError, KeyError, TypeError, MemoryError, pa.ArrowException)
ROUNDED, EXACT = "float16 directions, float32 norms", "float32"


@dataclass(frozen=True)
class Column:
    """Numbers of a file, in blocks of rows. shape: of all rows together."""

    name: str
    dtype: np.dtype[Any]
    shape: tuple[int, ...]
    blocks: Iterable[NDArray[Any]]


@dataclass(frozen=True, eq=False)
class Features:
    """ids: `[N]` sample ids of the source, unique. plain: `[N, D]` float32, raw outputs.

    mirrored: `[N, D]` raw outputs for the images mirrored left to right, if there are any. about:
    plain JSON, which model gave them and how (`digest`, `colour`, `scaling`, `dtype`, `size`, ...).
    where: the file they are from, for messages.
    """

    ids: Texts
    plain: NDArray[np.float32]
    mirrored: NDArray[np.float32] | None = None
    about: dict[str, Any] = field(default_factory=dict)
    where: str = "features"

    def __post_init__(self) -> None:
        count = len(self.ids)
        for name, view in zip(_VIEWS, (self.plain, self.mirrored), strict=True):
            if view is None:
                continue
            if view.ndim != 2 or len(view) != count or not view.size:
                raise DataError(
                    f"{self.where}: {count:,} ids and {name} numbers of shape {view.shape}; "
                    "expected one vector for each id, and at least one"
                )
            if view.shape != self.plain.shape:
                raise DataError(
                    f"{self.where}: {self.plain.shape[1]} dimensions plain, {view.shape[1]} "
                    "mirrored; expected one model for both views"
                )
        again = repeated(self.ids)
        if again:
            raise DataError(
                f"{self.where}: {len(again):,} ids have several vectors, first {again[0]!r}; keep "
                "one for each image"
            )

    def __len__(self) -> int:
        return len(self.ids)

    @property
    def dimensions(self) -> int:
        """D."""
        return self.plain.shape[1]

    def places(self, ids: Texts) -> NDArray[np.int64]:
        """`[n]` sample ids -> `[n]` rows; `DataError` names the ones that have no vector."""
        return vectors.Vectors(self.ids, self.plain, self.where).places(ids)

    def take(self, rows: NDArray[np.int64]) -> "Features":
        """The features at these rows."""
        mirrored = None if self.mirrored is None else self.mirrored[rows]
        return replace(self, ids=self.ids[rows], plain=self.plain[rows], mirrored=mirrored)

    def require_sound(self) -> int:
        """How many images have a zero vector in some view.

        `NumericsError` names the first image with a number that is not finite, or says that all
        vectors of a view are zero.
        """
        is_zero_N = np.zeros(len(self), dtype=bool)
        for name, view in zip(_VIEWS, (self.plain, self.mirrored), strict=True):
            if view is None:
                continue
            bad = np.flatnonzero(~np.isfinite(view).all(axis=1))
            if len(bad):
                raise NumericsError(
                    f"{self.where}: {len(bad):,} of {len(self):,} vectors ({name}) are not finite, "
                    f"first of {str(self.ids[bad[0]])!r}. Such a vector would look like a rejected "
                    "pair. Check the checkpoint, or embed in float32."
                )
            is_zero = ~view.any(axis=1)
            if is_zero.all():
                raise NumericsError(
                    f"{self.where}: all {len(self):,} vectors ({name}) are zero. Are these the "
                    "weights of this network, and was it trained?"
                )
            is_zero_N |= is_zero
        return int(is_zero_N.sum())

    def save(self, path: Path, *, exact: bool = False) -> None:
        """Write an Arrow file, whole or absent; equal features give equal bytes."""
        about = {**self.about, "stored": EXACT if exact else ROUNDED}
        columns: dict[str, Any] = {"id": to_arrow(self.ids)}
        for name, view in zip(_VIEWS, (self.plain, self.mirrored), strict=True):
            if view is not None:
                columns[name] = view.astype(np.float32, copy=False)
                if not exact:
                    columns[name], columns[f"{name}_norm"] = rounded(view)
        arrays = {name: _column(value) for name, value in columns.items()}
        table = pa.table(dict(sorted(arrays.items()))).replace_schema_metadata(
            described(about, _sum(self.ids, columns, about))
        )
        with safeio.atomic(path) as aside, pa.ipc.new_file(aside, table.schema) as writer:
            writer.write_table(table, max_chunksize=ROWS)


def described(about: dict[str, Any], sha256: str) -> dict[bytes, str]:
    """The metadata of a file's schema; sha256: of `checksum`."""
    meta = {"format": _FORMAT, "about": about, "sha256": sha256}
    return {_ABOUT: json.dumps(meta, sort_keys=True)}


def rounded(view: NDArray[Any]) -> tuple[NDArray[np.float16], NDArray[np.float32]]:
    """`[N, D]` -> `[N, D]` float16 directions and `[N]` float32 norms; of a zero row, zeros."""
    directions = np.empty(view.shape, dtype=np.float16)
    norms = np.empty(len(view), dtype=np.float32)
    for start in range(0, len(view), ROWS):
        at = slice(start, start + ROWS)
        block = view[at].astype(np.float64)
        lengths = np.linalg.norm(block, axis=1)
        norms[at] = lengths
        directions[at] = block / np.where(lengths == 0, 1, lengths)[:, None]
    return directions, norms


def restored(
    directions: NDArray[np.floating[Any]], norms: NDArray[np.float32]
) -> NDArray[np.float32]:
    """`[N, D]` directions made unit again, times the `[N]` norms."""
    values = directions.astype(np.float32)
    lengths = np.linalg.norm(values, axis=1)
    values *= (norms / np.where(lengths == 0, 1, lengths))[:, None]
    return values


def load(path: Path) -> Features:
    """Features that `save` wrote; `DataError` where they are missing, damaged or of others."""
    _require_file(path)
    try:
        with pa.memory_map(str(path)) as file, pa.ipc.open_file(file) as opened:
            meta = metadata(opened.schema, str(path))
            table = opened.read_all()
            table.validate(full=True)
            ids = texts(table["id"])
            columns = {n: _numpy(table[n]) for n in table.column_names if n != "id"}
        about = meta["about"]
        if _sum(ids, columns, about) != meta["sha256"]:
            raise ValueError("its checksum differs")
        views = [_view(columns, name) for name in _VIEWS]
        if views[0] is None:
            raise ValueError("no column embedding")
        return Features(ids, views[0], views[1], about, str(path))
    except DAMAGE as error:
        raise damaged(path, error) from error


def metadata(schema: pa.Schema, where: str) -> dict[str, Any]:
    """What a file says of itself: `format`, `about`, `sha256`; an error of `DAMAGE` if nothing."""
    meta: dict[str, Any] = json.loads((schema.metadata or {})[_ABOUT])
    if meta["format"] != _FORMAT:
        raise DataError(
            f"{where}: features of format {meta['format']}; this version reads {_FORMAT}. "
            "Embed the images again."
        )
    return meta


def damaged(path: Path, error: Exception) -> DataError:
    """What to say of a file that cannot be read."""
    return DataError(
        f"{path}: no whole file of features ({error}). Was it cut off? Embed the images again; "
        "vectors of another program are read with from_vectors."
    )


def from_vectors(path: Path) -> Features:
    """Features of any file of vectors: ours, or `.npz`, `.parquet`, `.arrow` (`data.vectors`).

    A second view is an array or column `mirrored`. What made them is not known: `about` says so.
    `DataError` where the file is missing, damaged or of another form.
    """
    path = path.expanduser()
    _require_file(path)
    if path.suffix in (".arrow", ".feather") and _is_ours(path):
        return load(path)
    plain = vectors.read(path)
    mirrored = None
    if "mirrored" in vectors.views(path):
        second = vectors.read(path, "mirrored")
        mirrored = second.values
    about = {
        "kind": "file",
        "digest": vectors.digest(path),
        "dimensions": plain.values.shape[1],
        "mirrored": mirrored is not None,
        **dict.fromkeys(("colour", "scaling", "dtype", "size")),
    }
    return Features(plain.ids, plain.values, mirrored, about, str(path))


def join(parts: Sequence[Features], about: dict[str, Any]) -> Features:
    """Features one after the other; all with the mirrored view, or none."""
    mirrored = [part.mirrored for part in parts if part.mirrored is not None]
    return Features(
        joined([part.ids for part in parts]),
        np.concatenate([part.plain for part in parts]),
        np.concatenate(mirrored) if mirrored else None,
        about,
    )


def _require_file(path: Path) -> None:
    if not path.is_file():
        raise DataError(f"{path} does not exist; expected a file of embeddings")


def _is_ours(path: Path) -> bool:
    try:
        with pa.memory_map(str(path)) as file, pa.ipc.open_file(file) as opened:
            return _ABOUT in (opened.schema.metadata or {})
    except DAMAGE:
        return False


def checksum(about: dict[str, Any], ids: Texts, columns: Iterable[Column]) -> str:
    """Over all that a file holds; columns: all but the ids, by name."""
    hasher = hashlib.sha256(json.dumps(about, sort_keys=True).encode())
    for part in lines(ids):
        hasher.update(part)
    for column in columns:
        hasher.update(f"\0{column.name}\0{column.dtype.str}\0{column.shape}\0".encode())
        for block in column.blocks:
            hasher.update(np.ascontiguousarray(block).data)
    return hasher.hexdigest()


def _sum(ids: Texts, columns: dict[str, Any], about: dict[str, Any]) -> str:
    named = ((name, columns[name]) for name in sorted(set(columns) - {"id"}))
    return checksum(about, ids, (Column(n, c.dtype, c.shape, (c,)) for n, c in named))


def _column(values: Any) -> Any:
    if not isinstance(values, np.ndarray):
        return values
    flat = pa.array(np.ascontiguousarray(values).ravel())
    return flat if values.ndim == 1 else pa.FixedSizeListArray.from_arrays(flat, values.shape[1])


def _numpy(column: pa.ChunkedArray) -> NDArray[Any]:
    if column.null_count:
        raise ValueError("it has missing values")
    if not pa.types.is_fixed_size_list(column.type):
        return np.concatenate([chunk.to_numpy() for chunk in column.chunks])
    width = column.type.list_size
    parts = [chunk.flatten().to_numpy(zero_copy_only=False) for chunk in column.chunks]
    return np.concatenate(parts).reshape(-1, width)


def _view(columns: dict[str, NDArray[Any]], name: str) -> NDArray[np.float32] | None:
    values = columns.get(name)
    if values is None:
        return None
    norms = columns.get(f"{name}_norm")
    return values.astype(np.float32, copy=False) if norms is None else restored(values, norms)
