"""A file that is cut back to what was committed."""

from pathlib import Path

import pytest

from frlib.core.errors import DataError
from frlib.data.sinks._appended import Appended


def test_appended_when_opened_with_a_size_then_what_came_after_is_forgotten(tmp_path: Path) -> None:
    file = Appended(tmp_path / "x", 0)
    file.write(b"safe")
    assert file.to_disk() == 4
    file.write(b" lost")
    file.close()
    again = Appended(tmp_path / "x", 4)
    again.write(b"!")
    assert again.to_disk() == 5
    again.close()
    assert (tmp_path / "x").read_bytes() == b"safe!"


def test_appended_when_the_file_is_shorter_then_error_and_nothing_changes(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(b"abc")
    with pytest.raises(DataError, match=r"x: 3 bytes; expected at least the 4 that were committed"):
        Appended(tmp_path / "x", 4)
    assert (tmp_path / "x").read_bytes() == b"abc"
