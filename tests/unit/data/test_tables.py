from pathlib import Path

import pyarrow as pa
import pytest

from frlib.core.errors import DataError
from frlib.data import tables

KINDS = {"path": pa.string(), "score": pa.float32()}
WANTED = "expected path and score"


def _with_header(folder: Path, text: str) -> pa.Table:
    file = folder / "a.csv"
    file.write_text(text)
    return tables.with_header(file, KINDS, WANTED)


def test_table_when_whole_then_typed(tmp_path: Path) -> None:
    table = _with_header(tmp_path, "path,score,more\na,1,\nb,0.5,x\n")
    assert table.schema.types == [pa.string(), pa.float32(), pa.string()]
    assert table["path"].to_pylist() == ["a", "b"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("path,score\n,1\nb,1\n", "1 of 2 lines have no path"),
        ('path,score\n"",1\n"",1\n', "2 of 2 lines have no path"),
        ("path,score\na,\n", "1 of 1 lines have no score"),
        ("path,score\n", "no line in it"),
        ("path,path\na,b\n", "occurs twice"),
        ("path,score\na,x\n", "cannot be read"),
    ],
)
def test_table_when_a_field_is_empty_or_wrong_then_error(
    tmp_path: Path, text: str, message: str
) -> None:
    with pytest.raises(DataError, match=f"{message}.*{WANTED}"):
        _with_header(tmp_path, text)


def test_table_when_without_header_then_fields_between_blanks(tmp_path: Path) -> None:
    file = tmp_path / "a.txt"
    file.write_text("a 1\nb 2\n")
    assert tables.without_header(file, KINDS, WANTED)["score"].to_pylist() == [1, 2]
    file.write_text("a  1\n")
    with pytest.raises(DataError, match="cannot be read"):
        tables.without_header(file, KINDS, WANTED)
