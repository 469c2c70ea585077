"""`frlib artifact`: what is there, what is wrong with it, and what would go."""

import json
from pathlib import Path

import pytest

from tests.benchmarks.run import run as frlib
from tests.unit.artifacts.made import DIGEST, KIND, make, names, store


@pytest.fixture
def made(tmp_path: Path) -> Path:
    """A store with one artefact and an unfinished one."""
    store(tmp_path).produce(KIND, DIGEST, make, about={"first_asked_by": "s/a/r0"})
    (tmp_path / "artifacts" / KIND / ".f0.aside-00").mkdir()
    return tmp_path


def _ran(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], *words: str
) -> tuple[int, str]:
    monkeypatch.delenv("FRLIB_ARTIFACTS_GIB", raising=False)
    code = frlib(monkeypatch, "artifact", *words)
    return code, capsys.readouterr().out


def test_list_when_there_is_one_then_says_what_it_is(
    made: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    code, told = _ran(monkeypatch, capsys, "list", "--store", str(made))
    assert code == 0 and f"{KIND}/{DIGEST}" in told and "s/a/r0" in told
    assert "1 artefacts, 0.000 GiB" in told
    code, told = _ran(monkeypatch, capsys, "list", "--store", str(made), "--json")
    (row,) = json.loads(told)
    assert (row["artefact"], row["bytes"]) == (f"{KIND}/{DIGEST}", 303)


def test_list_when_there_is_no_store_then_is_empty(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    code, told = _ran(monkeypatch, capsys, "list", "--store", str(tmp_path / "none"))
    assert code == 0 and told.strip() == "0 artefacts, 0.000 GiB"


def test_verify_when_one_is_damaged_then_names_it_and_exits_1(
    made: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ("verify", "--store", str(made))
    code, told = _ran(monkeypatch, capsys, *words)
    assert code == 0 and "1 of 1 artefacts are whole" in told
    (made / "artifacts" / KIND / DIGEST / "one.txt").write_text("owe")
    code, told = _ran(monkeypatch, capsys, *words)
    assert code == 1 and f"{KIND}/{DIGEST}: one.txt" in told
    code, told = _ran(monkeypatch, capsys, *words, "--json")
    assert code == 1 and json.loads(told)[0]["wrong"]


def test_gc_when_it_is_not_confirmed_then_says_what_it_would_do_and_does_nothing(
    made: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    before = names(made)
    words = ("gc", "--store", str(made), "--budget", "1e-9")
    code, told = _ran(monkeypatch, capsys, *words)
    assert code == 0 and f"would remove {KIND}/{DIGEST}" in told and "--yes" in told
    assert ".f0.aside-00" in told
    assert names(made) == before
    code, told = _ran(monkeypatch, capsys, *words, "--yes", "--json")
    found = json.loads(told)
    assert code == 0 and found["done"] and len(found["evicted"]) == len(found["leftovers"]) == 1
    assert names(made) == []


def test_gc_when_there_is_no_budget_then_whole_ones_stay(
    made: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    code, told = _ran(monkeypatch, capsys, "gc", "--store", str(made), "--yes")
    assert code == 0 and "removed 1; 0.000 GiB stay" in told
    assert names(made) == [DIGEST]


def test_gc_when_the_budget_is_negative_then_exits_2(
    made: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert _ran(monkeypatch, capsys, "gc", "--store", str(made), "--budget", "-1")[0] == 2
