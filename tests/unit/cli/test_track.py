"""`frlib track`: one study on record, one database of its own."""

import json
from pathlib import Path

import pytest

from frlib.backbones import tiny
from frlib.records import declare
from frlib.track import uri
from tests.benchmarks.run import run as frlib
from tests.unit.export import runs

pytestmark = pytest.mark.filterwarnings("ignore:.*noload.*loader strategy is deprecated")


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    found = tmp_path_factory.mktemp("store")
    runs.make(found, tiny.Config(embedding_size=16), 32)
    verdict = {"status": "complete", "message": ""}
    declare.write_verdict(found / "studies" / "small", runs.ARM, verdict)
    return found


def test_track_when_rebuilt_then_check_agrees_until_something_is_gone(
    store: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    place = ("--store", str(store))
    assert frlib(monkeypatch, "track", "rebuild", "--no-models", *place) == 0
    server = uri.default_uri(store)
    assert capsys.readouterr().out == f"{server} has every record of small\n"
    assert frlib(monkeypatch, "track", "sync", "small", *place) == 0
    assert "; models registered: 1, 1." in capsys.readouterr().out
    assert frlib(monkeypatch, "track", "sync", "small", *place) == 0
    assert "models registered" not in capsys.readouterr().out
    assert frlib(monkeypatch, "track", "check", "--points", *place) == 0
    assert capsys.readouterr().out == f"{server} has every record of small\n"

    from mlflow import MlflowClient

    client = MlflowClient(tracking_uri=server)
    experiment = client.get_experiment_by_name("frlib/small")
    key = f"arm/{runs.ARM}/r3/a0"
    (run,) = client.search_runs([experiment.experiment_id], f"tags.`frlib.key` = '{key}'")
    client.delete_run(run.info.run_id)
    assert frlib(monkeypatch, "track", "check", "small", "--json", *place) == 1
    (row,) = json.loads(capsys.readouterr().out)
    assert row == {"study": "small", "difference": f"{key}: missing on the server"}
    assert frlib(monkeypatch, "track", "check", *place) == 1
    assert "`frlib track sync NAME` sends what is missing" in capsys.readouterr().out


def test_rebuild_when_nothing_is_recorded_then_it_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert frlib(monkeypatch, "track", "rebuild", "--store", str(tmp_path)) == 1
    assert "nothing is recorded there" in capsys.readouterr().err
