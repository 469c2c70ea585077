"""The line that says what an arm is at."""

from pathlib import Path

import pytest

from frlib.records import doing


def test_told_when_it_ends_or_fails_then_the_line_is_gone(tmp_path: Path) -> None:
    arm = tmp_path / "arm"
    assert doing.read(arm) == ""
    with doing.told(arm) as say:
        assert doing.read(arm) == ""
        say("making stage a")
        say("waiting for stage b")
        assert doing.read(arm) == "waiting for stage b"
    assert doing.read(arm) == ""
    with pytest.raises(ValueError, match="torn"), doing.told(arm) as say:
        say("making stage a")
        raise ValueError("torn")
    assert doing.read(arm) == ""


def test_told_when_nothing_is_said_then_takes_away_what_a_killed_process_left(
    tmp_path: Path,
) -> None:
    (tmp_path / "doing.txt").write_text("making stage a")
    with doing.told(tmp_path):
        pass
    assert doing.read(tmp_path) == ""
