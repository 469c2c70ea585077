"""One part file: a parquet file that is whole or absent, checked when it is read."""

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from frlib.core import safeio
from frlib.core.errors import RecordError
from frlib.records.schema import SINCE, TABLES, VERSION, VERSION_KEY

_FEW_ROWS = 100
AGAIN = "Restore it from a copy, or delete the whole attempt folder to have the run done again."


def to_table(name: str, columns: Mapping[str, Any]) -> pa.Table:
    """Columns (arrays or lists of one length) as a table of the schema called `name`.

    `RecordError` when a column is missing, unknown, of another length, or does not fit its type.
    """
    schema = TABLES[name]
    if set(columns) != set(schema.names):
        raise RecordError(f"{name}: got columns {sorted(columns)}, expected {sorted(schema.names)}")
    try:
        arrays = [pa.array(columns[field.name], field.type) for field in schema]
        table = pa.Table.from_arrays(arrays, schema=schema)
        table.validate(full=True)
    except (pa.ArrowException, TypeError, OverflowError) as error:
        raise RecordError(f"{name}: a column does not fit its type ({error})") from error
    empty = [f.name for f in schema if not f.nullable and table.column(f.name).null_count]
    if empty:
        raise RecordError(f"{name}: columns {empty} hold nulls, and may not")
    return table


def write(path: Path, table: pa.Table, identity: Mapping[str, str]) -> None:
    """Write a part; `identity` (study, arm, seed, attempt) goes into its metadata."""
    with safeio.atomic(path) as aside:
        put(aside, table, identity)


def put(path: Path, table: pa.Table, identity: Mapping[str, str]) -> None:
    """A part's bytes, without any care for crashes.

    Few rows are stored plainly: they fill one block of the disk either way, and are read twice as
    fast as compressed ones.
    """
    metadata = {VERSION_KEY: str(VERSION).encode()}
    metadata |= {f"frlib.{key}".encode(): value.encode() for key, value in identity.items()}
    is_small = table.num_rows <= _FEW_ROWS
    pq.write_table(
        table.replace_schema_metadata(metadata),
        path,
        compression="none" if is_small else "zstd",
        use_dictionary=not is_small,
    )


def read(
    path: Path, name: str, sha256: str | None = None, columns: Sequence[str] | None = None
) -> pa.Table:
    """Read a part; `RecordError` names it when damaged, changed, foreign or of a newer schema.

    `sha256`: the checksum noted when its attempt ended; None while that is still running.
    `columns`: those to read; None reads all.
    """
    data = verified(path, sha256)
    return parsed(path, data, TABLES[name], AGAIN, columns).replace_schema_metadata(None)


def verified(path: Path, sha256: str | None) -> bytes:
    """The bytes of a part; `RecordError` names it when they are not those of the checksum."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise RecordError(f"{path}: cannot be read ({error}). {AGAIN}") from error
    if sha256 is not None and hashlib.sha256(data).hexdigest() != sha256:
        raise RecordError(f"{path}: its checksum is not the one noted in run.json. {AGAIN}")
    return data


def parsed(
    path: Path, data: bytes, schema: pa.Schema, remedy: str, columns: Sequence[str] | None = None
) -> pa.Table:
    """The bytes of a file that frlib wrote, with its metadata; `RecordError` ends in `remedy`."""
    try:
        file = pq.ParquetFile(pa.BufferReader(data))
        later = _later(path, file.schema_arrow, schema)
        wanted = schema.names if columns is None else list(columns)
        found = file.read([name for name in wanted if name not in later], use_threads=False)
        for name in (name for name in wanted if name in later):
            field = schema.field(name)
            found = found.append_column(field, pa.nulls(len(found), field.type))
        return found
    except (pa.ArrowException, OSError) as error:
        raise RecordError(f"{path}: damaged, not whole parquet ({error}). {remedy}") from error


def concat(name: str, tables: Sequence[pa.Table]) -> pa.Table:
    """The rows of all parts of one table, in order; no parts give no rows."""
    return pa.concat_tables(tables) if tables else TABLES[name].empty_table()


def require_version(path: Path, version: Any) -> None:
    """`RecordError` unless this frlib can read records of `version`."""
    if not isinstance(version, int) or version < 1:
        raise RecordError(f"{path}: has no schema version ({version!r}), so frlib did not write it")
    if version > VERSION:
        raise RecordError(
            f"{path}: written with record schema {version}, this frlib knows up to {VERSION}. "
            "Read it with the newer frlib that wrote it."
        )


def _later(path: Path, found: pa.Schema, expected: pa.Schema) -> set[str]:
    """Columns that came in after the file; `RecordError` for any other difference."""
    text = (found.metadata or {}).get(VERSION_KEY, b"")
    version = int(text) if text.isdigit() else text.decode(errors="replace")
    require_version(path, version)
    later = {name for name in expected.names if SINCE.get(name, 1) > version}
    own = pa.schema([f for f in expected if f.name not in later]) if later else expected
    if not found.equals(own, check_metadata=False):
        raise RecordError(
            f"{path}: columns {found.names} of types {[str(t) for t in found.types]}, expected "
            f"{own.names} of types {[str(t) for t in own.types]}"
        )
    return later
