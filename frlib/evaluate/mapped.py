"""Features of millions of images as they lie on disk: memory-mapped, rows in any order.

What `frlib.evaluate.features` wrote, either form, is looked at in place: only the ids are read, and
workers of a machine share the pages of the rest. A file that is cut off or of others is refused;
that every number is as written is checked where the file was made and by `frlib artifact verify`,
not at each opening.

A row of a record batch begins `D` numbers after the one before it, and where the numbers of a batch
begin in the file is known: so rows of any batches are gathered in one go, as windows of `D` numbers
on the file as a whole.

Shapes: N images, D dimensions, n rows asked for.
"""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from frlib.core.errors import DataError
from frlib.data import vectors
from frlib.data.texts import Texts, texts
from frlib.data.vectors import View
from frlib.evaluate import features

Rows = NDArray[np.int64]
_FORMS: dict[str, np.dtype[Any]] = {"halffloat": np.dtype("<f2"), "float": np.dtype("<f4")}


@dataclass(frozen=True, eq=False)
class Mapped:
    """about: as in `Features`. ids: `[N]` texts. shape: `(N, D)`. where: the file, for messages.

    Indexed with a slice it gives raw float32 rows, like an array that is read as it is needed.
    """

    about: dict[str, Any]
    ids: Texts
    shape: tuple[int, int]
    where: str
    _first: Rows = field(repr=False)
    _numbers: "_Column" = field(repr=False)
    _norms: "_Column | None" = field(repr=False)

    ndim = 2

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, rows: slice) -> NDArray[np.float32]:
        return self.raw(np.arange(*rows.indices(len(self))))

    @property
    def dimensions(self) -> int:
        """D."""
        return self.shape[1]

    def places(self, ids: Texts) -> Rows:
        """`[n]` sample ids -> `[n]` rows; `DataError` names the ones that have no vector."""
        none = np.empty((len(self), 0), dtype=np.float32)
        return vectors.Vectors(self.ids, none, self.where).places(ids)

    def take(self, rows: Rows) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """`[n, D]` directions, of length 1 again after rounding, and `[n]` norms; zeros of zeros.

        rows: `[n]`, from 0 to N - 1 (not checked).
        """
        found, norms = self._stored(rows)
        lengths = np.sqrt(np.vecdot(found, found))
        found /= np.where(lengths > 0, lengths, 1)[:, None]
        return found, lengths if norms is None else norms

    def raw(self, rows: Rows) -> NDArray[np.float32]:
        """`[n, D]` as `features.load` gives them."""
        found, norms = self._stored(rows)
        return found if norms is None else features.restored(found, norms)

    def norms(self) -> NDArray[np.float32]:
        """`[N]` lengths of all rows."""
        if self._norms is not None:
            return self._norms.rows(*self._placed(np.arange(len(self))))[:, 0]
        step = max(1, 2**20 // self.dimensions)
        blocks = (self[start : start + step] for start in range(0, len(self), step))
        return np.concatenate([np.sqrt(np.vecdot(block, block)) for block in blocks])

    def ordered(self, rows: Rows) -> "Ordered":
        """These rows, in this order, as an array of raw rows that is read as it is needed."""
        return Ordered(self, rows)

    def _stored(self, rows: Rows) -> tuple[NDArray[np.float32], NDArray[np.float32] | None]:
        batch, inside = self._placed(rows)
        numbers = self._numbers.rows(batch, inside).astype(np.float32, copy=False)
        return numbers, None if self._norms is None else self._norms.rows(batch, inside)[:, 0]

    def _placed(self, rows: Rows) -> tuple[Rows, Rows]:
        """Which record batch each row is in, and where in it."""
        batch = np.searchsorted(self._first, rows, side="right") - 1
        return batch, rows - self._first[batch]


@dataclass(frozen=True, eq=False)
class Ordered:
    """Rows of a file in an order of one's own: `shape`, and slices of raw float32 rows."""

    mapped: Mapped
    rows: Rows

    ndim = 2

    @property
    def shape(self) -> tuple[int, int]:
        """`(n, D)`."""
        return len(self.rows), self.mapped.dimensions

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, rows: slice) -> NDArray[np.float32]:
        return self.mapped.raw(self.rows[rows])


@dataclass(frozen=True, eq=False)
class _Column:
    """windows: `[.., width]` on the whole file. starts: of each record batch, in numbers."""

    windows: NDArray[Any]
    starts: Rows

    def rows(self, batch: Rows, inside: Rows) -> NDArray[Any]:
        """`[n, width]`, a copy."""
        found: NDArray[Any] = self.windows[
            self.starts[batch] + inside * np.int64(self.windows.shape[1])
        ]
        return found


def open_mapped(path: Path, view: View = "embedding") -> Mapped:
    """One view of a file that `Features.save` or `joined` wrote.

    `DataError` where the file is missing, cut off, of others, or without that view.
    """
    if not path.is_file():
        raise DataError(f"{path} does not exist; expected a file of embeddings")
    try:
        with pa.memory_map(str(path)) as file:
            whole = file.read_buffer()
        with pa.ipc.open_file(whole) as opened:
            meta = features.metadata(opened.schema, str(path))
            batches = [opened.get_batch(place) for place in range(opened.num_record_batches)]
        if view not in opened.schema.names:
            raise ValueError(f"no column {view}")
        for batch in batches:
            batch.validate(full=True)
        lengths = [len(batch) for batch in batches]
        ids = texts(pa.chunked_array([batch["id"] for batch in batches], pa.string()))
        numbers = _column(whole, batches, view)
        norms = None
        if meta["about"]["stored"] == features.ROUNDED:
            norms = _column(whole, batches, f"{view}_norm")
        return Mapped(
            about=meta["about"],
            ids=ids,
            shape=(len(ids), numbers.windows.shape[1]),
            where=str(path),
            _first=np.cumsum([0, *lengths[:-1]]),
            _numbers=numbers,
            _norms=norms,
        )
    except features.DAMAGE as error:
        raise features.damaged(path, error) from error


def _column(whole: pa.Buffer, batches: list[pa.RecordBatch], name: str) -> _Column:
    """`ValueError` for a column that is not stored as it is: of another type, or compressed."""
    kind = batches[0].schema.field(name).type
    is_list = pa.types.is_fixed_size_list(kind)
    width = kind.list_size if is_list else 1
    form = _FORMS[str(kind.value_type if is_list else kind)]
    starts = []
    for batch in batches:
        column = batch[name]
        flat = column.values if is_list else column
        buffer = flat.buffers()[1]
        start = buffer.address - whole.address + flat.offset * form.itemsize
        end = start + len(batch) * width * form.itemsize
        if column.null_count or flat.null_count or not 0 <= start <= end <= whole.size:
            raise ValueError(f"column {name} is not stored number by number")
        if start % form.itemsize:
            raise ValueError(f"column {name} begins inside a number")
        starts.append(start // form.itemsize)
    file = np.frombuffer(whole, dtype=form, count=whole.size // form.itemsize)
    return _Column(sliding_window_view(file, width), np.array(starts, dtype=np.int64))
