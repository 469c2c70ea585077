"""`frlib store`, on a store that keeps its files in a folder of the test."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from frlib.cli.main import app, main
from frlib.core import published, safeio
from frlib.core.errors import ConfigError
from frlib.remote.copy import local
from tests.unit.remote.faulty import URI, Machines


@pytest.fixture
def machines(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Machines]:
    monkeypatch.setenv("FRLIB_WORK", str(tmp_path / "work"))
    made = Machines(tmp_path, monkeypatch)
    yield made
    for copy in published.copies():
        copy.close()
    made.close()


def _told(*words: str) -> str:
    result = CliRunner().invoke(app, ["store", *words], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.output


def test_show_when_a_file_is_not_sent_then_it_is_named(machines: Machines) -> None:
    folder = local(URI)
    with machines.far.away():
        safeio.write_text(folder / "studies" / "mini" / "study.json", "{}")
        assert "not sent yet: 1 files\n  studies/mini/study.json" in _told("show", "--store", URI)
        found = json.loads(_told("show", "--store", URI, "--json"))
    assert found == {"uri": URI, "folder": str(folder), "not_sent": ["studies/mini/study.json"]}
    assert safeio.read_json(folder / "store.json") == {"uri": URI}


def test_sync_when_the_store_is_back_then_everything_is_sent(machines: Machines) -> None:
    folder = local(URI)
    with machines.far.away():
        safeio.write_text(folder / "studies" / "mini" / "study.json", "{}")
    _told("sync", "--store", URI)
    assert machines.stored() == ["studies/mini/study.json"]
    (machines.root / "bucket/store/studies/mini/study.json").unlink()
    assert "0 files sent" in _told("sync", "--store", URI)
    assert "1 files sent" in _told("sync", "--all", "--store", URI)
    assert machines.stored() == ["studies/mini/study.json"]


def test_pull_when_models_are_not_wanted_then_records_alone_come(machines: Machines) -> None:
    other = machines.copy("other")
    run = other.folder / "studies" / "mini" / "arms" / "3f" / "r0"
    safeio.write_text(run / "a0" / "run.json", "{}")
    safeio.write_text(run / "model.safetensors", "weights")
    other.flush()
    folder = local(URI)
    assert f"all but checkpoints and models is in {folder}" in _told(
        "pull", "--light", "--store", URI
    ).replace("\n", " ")
    names = [p.name for p in (folder / "studies").rglob("*") if p.is_file()]
    assert names == ["run.json"]
    _told("pull", "--store", URI)
    assert (folder / "studies/mini/arms/3f/r0/model.safetensors").read_text() == "weights"


def test_main_when_a_command_fails_then_its_own_error_is_told_without_waiting_for_the_store(
    machines: Machines, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = local(URI)
    with machines.far.away():
        safeio.write_text(folder / "studies" / "mini" / "study.json", "{}")
        monkeypatch.setattr("sys.argv", ["frlib", "store", "sync", "--store", "plain"])
        with pytest.raises(SystemExit) as ended:
            main()
    assert ended.value.code == 2
    assert "--store plain: a folder" in capsys.readouterr().err


def test_sync_when_the_store_is_a_folder_then_says_what_is_expected(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="s3://bucket/folder"):
        CliRunner().invoke(app, ["store", "sync", "--store", str(tmp_path)], catch_exceptions=False)
    assert "nothing is sent anywhere" in _told("show", "--store", f"file://{tmp_path}")
