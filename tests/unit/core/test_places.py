"""A place that cannot be written to is a typed error, and leaves nothing behind."""

from pathlib import Path

import pytest

from frlib.core import safeio


def test_atomic_when_a_folder_of_the_path_is_a_file_then_says_choose_another(
    tmp_path: Path,
) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(safeio.PlaceError, match=r"cannot be written .* Choose a place"):
        safeio.write_text(tmp_path / "file" / "inside.txt", "y")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["file"]


def test_atomic_when_the_path_is_a_folder_then_it_stays_and_nothing_is_beside_it(
    tmp_path: Path,
) -> None:
    (tmp_path / "folder").mkdir()
    with pytest.raises(safeio.PlaceError):
        safeio.write_text(tmp_path / "folder", "y")
    assert [p.name for p in tmp_path.iterdir()] == ["folder"]
