from pathlib import Path

import pytest

from tests.benchmarks.run import run as frlib


def test_list_when_nothing_is_on_record_then_says_where_it_looked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["table", "list", "--store", str(tmp_path)]
    assert frlib(monkeypatch, *words) == 0
    assert f"No study is on record in {tmp_path}" in capsys.readouterr().out
    assert frlib(monkeypatch, *words, "--json") == 0
    assert capsys.readouterr().out.strip() == "[]"
