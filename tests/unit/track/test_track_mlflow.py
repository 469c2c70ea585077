"""One module-wide sqlite server: creating MLflow's schema takes seconds."""

import json
import socket
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from analysis import build as table_build
from frlib.core.errors import RecordError, TrackingError
from frlib.records import declare, layout, read
from frlib.records.write import RunWriter
from frlib.track import uri
from frlib.track.memory import FILE
from frlib.track.mirror import Mirror
from frlib.track.mlflow import plain_name
from frlib.track.restore import restore

pytestmark = [
    pytest.mark.filterwarnings("ignore:.*noload.*loader strategy is deprecated"),
]

AXES = [("ArcFace", "a" * 16), ("BoundaryFace (λ=π)", "b" * 16), ("CurricularFace", "c" * 16)]


def record(store: Path) -> Path:
    """A study: two methods complete over three seeds (one resumed), one stopped early."""
    folder = layout.study_folder(store, "tiny")
    cells = [{"shown": [["head", label]]} for label, _ in AXES]
    declare.write_study(
        folder,
        {
            "name": "tiny",
            "question": "Which head?",
            "selection": {"metric": "auc"},
            "report": ["official/insightface10/accuracy"],
            "table": "study",
            "cells": cells,
            "replicates": {"seeds": [0, 1, 2]},
        },
    )
    for number, (label, digest) in enumerate(AXES):
        stopped = label == "CurricularFace"
        declare.write_arm(
            folder,
            {
                "arm": digest,
                "cell": {"head": label},
                "params": {"head.margin": 0.3 + number / 8},
                "config": {"head": {"name": "x", "tar@far": 1e-4}, "milestones": [1, 2]},
                "datasets": {"train": "d" * 64},
                "default": number == 0,
            },
        )
        for seed in range(1 if stopped else 3):
            if seed == 1:
                RunWriter(folder, study="tiny", arm=digest, seed=seed).log(
                    {"loss": 9.0}, epoch=1, step=1
                )
            with RunWriter(folder, study="tiny", arm=digest, seed=seed) as run:
                for epoch in range(2):
                    run.log({"loss": 2.0 - epoch}, epoch=epoch, step=10 * epoch)
                    run.flush()
                final = {
                    "official/insightface10/accuracy": 0.8 + 0.05 * number + 0.003 * seed**2,
                    "selection/auc": 0.9 + seed / 100,
                    "tar@far=1e-4": 0.5,
                }
                run.log(final, epoch=2, step=20)
                if stopped:
                    run.finish("stopped", "rung 1")
        verdict = {"status": "stopped" if stopped else "complete", "message": "rung 1: 0.9 < 0.95"}
        declare.write_verdict(folder, digest, verdict)
    return folder


@dataclass(frozen=True)
class Mirrored:
    store: Path
    folder: Path
    uri: str
    client: Any

    def runs(self) -> list[Any]:
        experiment = self.client.get_experiment_by_name("frlib/tiny")
        return list(self.client.search_runs([experiment.experiment_id]))

    def points(self) -> int:
        return sum(
            len(self.client.get_metric_history(run.info.run_id, name))
            for run in self.runs()
            for name in run.data.metrics
        )


@pytest.fixture(scope="module")
def mirrored(tmp_path_factory: pytest.TempPathFactory) -> Mirrored:
    store = tmp_path_factory.mktemp("store")
    folder = record(store)
    table_build.build("tiny", store)
    server = uri.default_uri(store)
    Mirror(folder, server, uri.default_artifacts(store)).sync()
    from mlflow import MlflowClient

    return Mirrored(store, folder, server, MlflowClient(tracking_uri=server))


def test_sync_when_done_then_runs_nest_as_study_arm_replicate(mirrored: Mirrored) -> None:
    runs = {run.data.tags["frlib.key"]: run for run in mirrored.runs()}
    attempts = len(read.load(mirrored.folder).attempts)
    assert attempts == 9
    assert len(runs) == 1 + 3 + attempts
    digest = AXES[1][1]
    replicate = runs[f"arm/{digest}/r1/a1"]
    arm = runs[f"arm/{digest}"]
    assert replicate.data.tags["mlflow.parentRunId"] == arm.info.run_id
    assert arm.data.tags["mlflow.parentRunId"] == runs["study"].info.run_id
    assert replicate.info.run_name == "seed 1, attempt 1"
    statuses = {key: run.info.status for key, run in runs.items()}
    assert statuses["study"] == statuses[f"arm/{digest}"] == "FINISHED"
    assert statuses[f"arm/{digest}/r1/a0"] == "KILLED"
    assert statuses[f"arm/{AXES[2][1]}"] == "KILLED"


def test_sync_when_done_then_numbers_settings_and_data_are_on_the_run(mirrored: Mirrored) -> None:
    runs = {run.data.tags["frlib.key"]: run for run in mirrored.runs()}
    run = runs[f"arm/{AXES[1][1]}/r2/a0"]
    assert run.data.metrics["official/insightface10/accuracy"] == pytest.approx(0.862)
    assert run.data.metrics["tar_far_1e-4"] == 0.5
    history = mirrored.client.get_metric_history(run.info.run_id, "loss")
    rows = read.load(mirrored.folder).metrics
    rows = rows[(rows["arm"] == AXES[1][1]) & (rows["seed"] == 2) & (rows["name"] == "loss")]
    assert [(p.step, p.value) for p in history] == [(0, 2.0), (10, 1.0)]
    assert [p.timestamp for p in history] == [int(t * 1000) for t in rows["time"]]
    assert run.data.params["searched.head.margin"] == "0.425"
    assert run.data.params["milestones"] == "[1,2]"
    (data,) = run.inputs.dataset_inputs
    assert (data.dataset.name, data.dataset.digest) == ("train", "d" * 36)
    arm = runs[f"arm/{AXES[1][1]}"]
    mean = 0.85 + 0.003 * (0 + 1 + 4) / 3
    assert arm.data.metrics["official/insightface10/accuracy"] == pytest.approx(mean)


def test_sync_when_repeated_and_its_memory_is_lost_then_nothing_doubles(
    mirrored: Mirrored,
) -> None:
    before = ({run.info.run_id for run in mirrored.runs()}, mirrored.points())
    Mirror(mirrored.folder, mirrored.uri, uri.default_artifacts(mirrored.store)).sync()
    assert ({run.info.run_id for run in mirrored.runs()}, mirrored.points()) == before
    (mirrored.folder / FILE).unlink()
    Mirror(mirrored.folder, mirrored.uri, uri.default_artifacts(mirrored.store)).sync()
    assert ({run.info.run_id for run in mirrored.runs()}, mirrored.points()) == before


def test_restore_when_only_the_server_is_left_then_tables_are_byte_identical(
    mirrored: Mirrored, tmp_path: Path
) -> None:
    folder = restore(mirrored.uri, "tiny", tmp_path)
    table_build.build("tiny", tmp_path)
    names = ("study.md", "study.csv", "study.tex")
    for name in names:
        original = (mirrored.folder / "tables" / name).read_bytes()
        assert (folder / "tables" / name).read_bytes() == original
    assert read.load(folder).metrics.equals(read.load(mirrored.folder).metrics)
    with pytest.raises(RecordError, match="never overwritten"):
        restore(mirrored.uri, "tiny", tmp_path)


def test_sync_when_the_study_goes_on_then_only_new_rows_follow(
    mirrored: Mirrored, tmp_path: Path
) -> None:
    mirror = Mirror(mirrored.folder, mirrored.uri, uri.default_artifacts(mirrored.store))
    points = mirrored.points()
    run = RunWriter(mirrored.folder, study="tiny", arm=AXES[2][1], seed=7)
    run.log({"loss": 3.0}, epoch=1, step=1)
    run.flush()
    mirror.sync(ended=False)
    assert mirrored.points() == points + 1
    with pytest.raises(TrackingError, match="last complete sync is still to come"):
        restore(mirrored.uri, "tiny", tmp_path)
    run.log({"loss": 2.0}, epoch=2, step=2)
    run.finish("failed", "NumericsError: loss is nan")
    mirror.sync()
    assert mirrored.points() == points + 2
    runs = {one.data.tags["frlib.key"]: one for one in mirrored.runs()}
    added = runs[f"arm/{AXES[2][1]}/r7/a0"]
    assert added.info.status == "FAILED"
    assert added.data.tags["frlib.reason"] == "NumericsError: loss is nan"


def test_restore_when_the_study_was_never_mirrored_then_it_says_so(
    mirrored: Mirrored, tmp_path: Path
) -> None:
    with pytest.raises(TrackingError, match="no experiment 'frlib/other'"):
        restore(mirrored.uri, "other", tmp_path)
    assert not layout.study_folder(tmp_path, "other").exists()


def test_sync_when_nothing_listens_then_a_tracking_error_comes_soon(
    mirrored: Mirrored, tmp_path: Path
) -> None:
    folder = record(tmp_path)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    began = time.monotonic()
    with pytest.raises(TrackingError, match=rf"//\*\*\*@127\.0\.0\.1:{port}.*track sync") as caught:
        Mirror(folder, f"http://me:secret@127.0.0.1:{port}").sync()
    assert time.monotonic() - began < 10
    assert "secret" not in str(caught.value)
    assert len(read.load(folder).attempts) == 9


def test_memory_when_read_then_no_password_is_in_it(mirrored: Mirrored) -> None:
    raw = json.loads((mirrored.folder / FILE).read_text())
    assert raw["server"] == uri.fingerprint(mirrored.uri)
    assert uri.shown("postgresql://u:p@host/db") == "postgresql://***@host/db"


def test_plain_name_when_mlflow_would_refuse_then_letters_are_replaced() -> None:
    assert plain_name("tar@far=1e-4") == "tar_far_1e-4"
    assert plain_name("official/insightface10/accuracy") == "official/insightface10/accuracy"
