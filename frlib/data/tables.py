"""Foreign tables of text (CSV, or columns between blanks) through Arrow's reader, typed.

No field may be missing and none is quoted by accident: what does not fit is a `DataError` that
names the file and what was expected.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pv

from frlib.core.errors import DataError

_SHOWN = 200
Columns = Mapping[str, pa.DataType]


def without_header(file: Path, columns: Columns, expected: str) -> pa.Table:
    """Lines of as many fields as there are `columns`, one blank between them."""
    return _read(
        file,
        pv.ReadOptions(column_names=list(columns)),
        pv.ParseOptions(delimiter=" ", quote_char=False),
        pv.ConvertOptions(column_types=dict(columns)),
        expected,
    )


def with_header(file: Path, columns: Columns, expected: str) -> pa.Table:
    """A CSV with a header line; columns that are not named keep the type Arrow finds in them."""
    return _read(
        file,
        pv.ReadOptions(),
        pv.ParseOptions(),
        pv.ConvertOptions(column_types=dict(columns)),
        expected,
    )


def _read(file: Path, read: Any, parse: Any, convert: Any, expected: str) -> pa.Table:
    try:
        with pa.OSFile(str(file), "rb") as opened:
            table = pv.read_csv(opened, read, parse, convert)
        names = table.column_names
    except (OSError, pa.ArrowException, UnicodeDecodeError) as error:
        shown = ascii(str(error))[1:-1][:_SHOWN]
        raise DataError(f"{file}: cannot be read ({shown}); {expected}") from error
    if len(set(names)) != len(names):
        raise DataError(f"{file}: a column occurs twice in {names}; {expected}")
    for name in set(names) & set(convert.column_types):
        lacking = table[name].null_count
        if pa.types.is_string(table[name].type):
            lacking += pc.sum(pc.equal(table[name], "")).as_py() or 0
        if lacking:
            raise DataError(
                f"{file}: {lacking:,} of {table.num_rows:,} lines have no {name}; {expected}"
            )
    if not table.num_rows:
        raise DataError(f"{file}: no line in it; {expected}")
    return table
