"""The benchmark of the mirror: that training is free of MLflow, and what is reported.

Nothing is asserted about speed.
"""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from frlib.bench import track
from frlib.core.errors import BenchmarkError
from tests.benchmarks.run import run

pytestmark = pytest.mark.filterwarnings("ignore:.*noload.*loader strategy is deprecated")


def test_report_when_json_then_every_server_is_there(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(monkeypatch, "bench", "track", "--small", "--json") == 0
    told = json.loads(capsys.readouterr().out)
    assert set(told["results"]) == set(track.SERVERS)
    assert told["points"] == track.SMALL.epochs * track.SMALL.metrics
    assert told["results"][track.OFF]["slower"] == 0.0
    assert all(found["cpu_ms"] > 0 for found in told["results"].values())


def test_run_when_training_has_loaded_mlflow_then_it_is_an_error(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def trained(folder: Path, sizes: track.Sizes, uri: str | None) -> tuple[track.Spent, float]:
        spent = track.trainer(folder, sizes)
        return replace(spent, has_mlflow=True), 0.0

    monkeypatch.setattr(track, "_trained", trained)
    with pytest.raises(BenchmarkError, match="expected nowhere there"):
        track.run(track.SMALL)
