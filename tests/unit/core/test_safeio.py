"""Whole files or none."""

import errno
from pathlib import Path

import pytest

from frlib.core import safeio
from frlib.core.errors import RecordError


def test_atomic_when_body_fails_then_old_file_stays_and_nothing_is_left(tmp_path: Path) -> None:
    target = tmp_path / "a.json"
    safeio.write_json(target, {"x": 1})
    with pytest.raises(RuntimeError), safeio.atomic(target) as aside:
        aside.write_text("half")
        raise RuntimeError
    assert safeio.read_json(target) == {"x": 1}
    assert list(tmp_path.iterdir()) == [target]


def test_atomic_when_disk_is_full_then_says_so_and_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("frlib.core.safeio.os.fsync", full)
    with pytest.raises(safeio.DiskFullError, match="disk is full"):
        safeio.write_text(tmp_path / "a", "text")
    assert not list(tmp_path.iterdir())


def test_read_json_when_torn_then_names_the_file(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text("{")
    with pytest.raises(RecordError, match=r"a\.json"):
        safeio.read_json(tmp_path / "a.json")
