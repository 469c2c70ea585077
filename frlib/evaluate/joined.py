"""Several files of features made into one, with no more of them in memory than a record batch.

The result is the file that `Features.save` would have written, byte for byte. Its checksum covers a
whole column after the other, so the parts are read once for each column before they are written.
"""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from frlib.core import safeio
from frlib.core.errors import DataError
from frlib.data.texts import joined as joined_texts
from frlib.data.texts import repeated, texts
from frlib.evaluate import features


def joined(parts: Sequence[Path], path: Path, about: dict[str, Any]) -> None:
    """Write one file of the rows of all parts, in order; whole or absent.

    about: what it says of itself. `DataError` where a part is damaged, of another form than the
    first, or has an id that another one has. The numbers are taken as they are: who made a part has
    checked it.
    """
    if not parts:
        raise DataError(f"{path}: no parts to join; expected at least one file of features")
    first = _opened(parts[0])
    schema, stored = first.schema_arrow, first.stored
    for part in parts:
        one = _opened(part)
        if one.schema_arrow != schema or one.stored != stored:
            raise DataError(
                f"{part}: columns {one.shown}; {parts[0]} has {first.shown}. Expected parts of one "
                "model, stored in one way. Embed these images again"
            )
    ids = joined_texts([texts(batch["id"]) for batch in _batches(parts)])
    again = repeated(ids)
    if again:
        raise DataError(
            f"{path}: {len(again):,} ids are in several parts, first {again[0]!r}; expected every "
            "image in one of them. Remove the parts and embed again"
        )
    about = {**about, "stored": stored}
    columns = [_column(parts, field, len(ids)) for field in schema if field.name != "id"]
    described = features.described(about, features.checksum(about, ids, columns))
    with (
        safeio.atomic(path) as aside,
        pa.ipc.new_file(aside, schema.with_metadata(described)) as writer,
    ):
        for table in _regular(parts):
            writer.write_table(table.replace_schema_metadata(described))


class _Opened:
    """What a part says of itself. schema_arrow: without metadata."""

    def __init__(self, schema: pa.Schema, path: Path) -> None:
        self.schema_arrow = schema.remove_metadata()
        self.stored = str(features.metadata(schema, str(path))["about"]["stored"])

    @property
    def shown(self) -> str:
        """For messages."""
        return ", ".join(f"{one.name} {one.type}" for one in self.schema_arrow)


def _opened(path: Path) -> _Opened:
    if not path.is_file():
        raise DataError(f"{path} does not exist; expected a file of embeddings")
    try:
        with pa.memory_map(str(path)) as file, pa.ipc.open_file(file) as opened:
            return _Opened(opened.schema, path)
    except features.DAMAGE as error:
        raise features.damaged(path, error) from error


def _batches(parts: Sequence[Path]) -> Iterator[pa.RecordBatch]:
    """Record batches as they are in the files, each on its memory map."""
    for part in parts:
        with ExitStack() as stack:
            try:
                file = stack.enter_context(pa.memory_map(str(part)))
                opened = stack.enter_context(pa.ipc.open_file(file))
                found = [opened.get_batch(place) for place in range(opened.num_record_batches)]
            except features.DAMAGE as error:
                raise features.damaged(part, error) from error
            yield from found


def _column(parts: Sequence[Path], field: pa.Field, count: int) -> features.Column:
    is_list = pa.types.is_fixed_size_list(field.type)
    kind = field.type.value_type if is_list else field.type
    shape = (count, field.type.list_size) if is_list else (count,)
    dtype = np.dtype(kind.to_pandas_dtype())
    return features.Column(field.name, dtype, shape, _blocks(parts, field.name))


def _blocks(parts: Sequence[Path], name: str) -> Iterator[NDArray[Any]]:
    for batch in _batches(parts):
        column = batch[name]
        flat = column.flatten() if pa.types.is_fixed_size_list(column.type) else column
        yield flat.to_numpy(zero_copy_only=False)


def _regular(parts: Sequence[Path]) -> Iterator[pa.Table]:
    """The rows of all parts, in record batches of equal length but the last one."""
    waiting: list[pa.RecordBatch] = []
    for batch in _batches(parts):
        while sum(map(len, waiting)) + len(batch) >= features.ROWS:
            room = features.ROWS - sum(map(len, waiting))
            yield _whole([*waiting, batch[:room]])
            waiting, batch = [], batch[room:]
        if len(batch):
            waiting.append(batch)
    if waiting:
        yield _whole(waiting)


def _whole(batches: list[pa.RecordBatch]) -> pa.Table:
    return pa.Table.from_batches(batches).combine_chunks()
