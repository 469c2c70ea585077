"""One module-wide sqlite server: creating MLflow's schema takes seconds."""

import json
import socket
import time
from itertools import pairwise
from pathlib import Path

import pytest

from analysis import build as table_build
from frlib.core.errors import RecordError, TrackingError
from frlib.records import layout, read
from frlib.records.write import RunWriter
from frlib.track import uri
from frlib.track.check import check
from frlib.track.memory import FILE
from frlib.track.mirror import Mirror
from frlib.track.mlflow import cut_tags
from frlib.track.restore import restore
from frlib.track.tags import NAME
from tests.unit.track.recorded import AXES, LONG, Mirrored, record

pytestmark = [
    pytest.mark.filterwarnings("ignore:.*noload.*loader strategy is deprecated"),
]
ARC, BOUNDARY, CURRICULAR = (digest for _, digest in AXES)


@pytest.fixture(scope="module")
def mirrored(tmp_path_factory: pytest.TempPathFactory) -> Mirrored:
    store = tmp_path_factory.mktemp("store")
    folder = record(store)
    table_build.build("tiny", store)
    (folder / "figures").mkdir()
    (folder / "figures" / "accuracy.svg").write_text("<svg/>")
    server = uri.default_uri(store)
    Mirror(folder, server, uri.default_artifacts(store)).sync()
    from mlflow import MlflowClient

    return Mirrored(store, folder, server, MlflowClient(tracking_uri=server))


def test_sync_when_done_then_runs_nest_as_study_arm_replicate_attempt(mirrored: Mirrored) -> None:
    runs = mirrored.runs()
    assert len(read.load(mirrored.folder).attempts) == 9
    assert len(runs) == 1 + 3 + 7 + 9
    chain = [f"arm/{BOUNDARY}/r1/a1", f"arm/{BOUNDARY}/r1", f"arm/{BOUNDARY}", "study"]
    for below, above in pairwise(chain):
        assert runs[below].data.tags["mlflow.parentRunId"] == runs[above].info.run_id
    names = [runs[key].info.run_name for key in chain]
    arm = "BoundaryFace (λ=π), margin 0.425"
    assert names == [f"{arm}, seed 1, attempt 1", f"{arm}, seed 1", arm, "tiny"]
    statuses = {key: run.info.status for key, run in runs.items()}
    assert statuses["study"] == statuses[f"arm/{BOUNDARY}"] == "FINISHED"
    assert statuses[f"arm/{BOUNDARY}/r1"] == "FINISHED"
    assert statuses[f"arm/{BOUNDARY}/r1/a0"] == "KILLED"
    assert statuses[f"arm/{CURRICULAR}"] == "KILLED"


def test_sync_when_an_arm_has_a_long_name_then_its_runs_are_there_and_say_their_seed(
    mirrored: Mirrored,
) -> None:
    runs = mirrored.runs()
    arm = runs[f"arm/{CURRICULAR}"].info.run_name
    assert len(arm) == 200 and arm.startswith("CurricularFace, number_0 0, number_1 1, ")
    assert arm.endswith(f"…, {CURRICULAR[:8]}")
    attempt = runs[f"arm/{CURRICULAR}/r0/a0"]
    assert attempt.info.run_name == f"{arm}, seed 0, attempt 0"
    assert attempt.data.tags["mlflow.runName"] == attempt.info.run_name


def test_name_when_longer_than_the_server_takes_then_the_tag_is_cut_alike() -> None:
    told = cut_tags({NAME: "n" * 300, "frlib.note": "n" * 9000})
    assert {key: len(value) for key, value in told.items()} == {NAME: 250, "frlib.note": 8000}


def test_sync_when_done_then_tags_say_where_it_comes_from(mirrored: Mirrored) -> None:
    tags = mirrored.runs()[f"arm/{BOUNDARY}/r1"].data.tags
    assert tags["mlflow.source.git.commit"] == "e" * 40
    assert tags["frlib.git.changed"] == "yes"
    assert tags["frlib.artifact.clean.decide"] == "decide/993f"
    assert tags["frlib.counts"] == "attempt 1"
    assert tags["frlib.arm"] == BOUNDARY
    assert "highest selection/auc" in tags["frlib.selection"]
    stopped = mirrored.runs()[f"arm/{CURRICULAR}/r0"].data.tags
    assert (stopped["frlib.status"], stopped["frlib.reason"]) == ("stopped", "rung 1")
    study = mirrored.runs()["study"].data.tags
    assert study["frlib.store"] == mirrored.store.as_posix()
    assert study["mlflow.note.content"].startswith("Which head?\n\n")
    assert "BoundaryFace" in study["mlflow.note.content"]


def test_sync_when_done_then_numbers_settings_and_data_are_on_the_replicate(
    mirrored: Mirrored,
) -> None:
    runs = mirrored.runs()
    run = runs[f"arm/{BOUNDARY}/r2"]
    assert run.data.metrics["official/insightface10/accuracy"] == pytest.approx(0.862)
    assert run.data.metrics["tar_far_1e-4"] == 0.5
    assert run.data.metrics["system/memory/host_peak_mib"] == 300
    assert run.data.params["searched.head.margin"] == "0.425"
    assert run.data.params["milestones"] == "[1,2]"
    (data,) = run.inputs.dataset_inputs
    assert (data.dataset.name, data.dataset.digest) == ("train", "d" * 36)
    arm = runs[f"arm/{BOUNDARY}"]
    mean = 0.85 + 0.003 * (0 + 1 + 4) / 3
    assert arm.data.metrics["official/insightface10/accuracy"] == pytest.approx(mean)


def test_sync_when_a_run_was_resumed_then_its_replicate_has_the_whole_curve(
    mirrored: Mirrored,
) -> None:
    runs = mirrored.runs()
    replicate = runs[f"arm/{BOUNDARY}/r1"]
    points = mirrored.client.get_metric_history(replicate.info.run_id, "loss")
    points = sorted(points, key=lambda point: point.timestamp)
    assert [(p.step, p.value) for p in points] == [(1, 9.0), (0, 2.0), (10, 1.0)]
    rows = read.load(mirrored.folder).metrics
    rows = rows[(rows["arm"] == BOUNDARY) & (rows["seed"] == 1) & (rows["name"] == "loss")]
    assert [p.timestamp for p in points] == [int(t * 1000) for t in rows["time"]]
    attempt = runs[f"arm/{BOUNDARY}/r1/a1"]
    points = mirrored.client.get_metric_history(attempt.info.run_id, "loss")
    assert [(p.step, p.value) for p in points] == [(10, 1.0)]


def test_sync_when_a_value_is_too_long_then_it_is_whole_among_the_artefacts(
    mirrored: Mirrored,
) -> None:
    arm = mirrored.runs()[f"arm/{ARC}"]
    assert "sha256" in arm.data.params["paths"]
    assert len(arm.data.params["paths"]) < 500
    local = mirrored.client.download_artifacts(arm.info.run_id, "params.json")
    assert json.loads(json.loads(Path(local).read_text())["paths"]) == LONG


def test_sync_when_there_are_tables_and_figures_then_they_are_with_the_study(
    mirrored: Mirrored,
) -> None:
    tables = {f"tables/study.{kind}" for kind in ("md", "csv", "tex", "html")}
    assert tables <= mirrored.files("study", "tables")
    assert mirrored.files("study", "figures") == {"figures/accuracy.svg"}


def test_sync_when_repeated_and_its_memory_is_lost_then_nothing_doubles(
    mirrored: Mirrored,
) -> None:
    before = ({run.info.run_id for run in mirrored.runs().values()}, mirrored.points())
    for afresh in (False, True):
        Mirror(mirrored.folder, mirrored.uri).sync(afresh=afresh)
        assert ({r.info.run_id for r in mirrored.runs().values()}, mirrored.points()) == before
    (mirrored.folder / FILE).unlink()
    Mirror(mirrored.folder, mirrored.uri).sync()
    assert ({run.info.run_id for run in mirrored.runs().values()}, mirrored.points()) == before


def test_sync_when_a_late_answer_made_a_run_twice_then_one_is_left(mirrored: Mirrored) -> None:
    key = f"arm/{ARC}/r0/a0"
    run = mirrored.runs()[key]
    twin = mirrored.client.create_run(
        run.info.experiment_id, start_time=run.info.start_time, tags={"frlib.key": key}
    )
    Mirror(mirrored.folder, mirrored.uri).sync()
    assert mirrored.runs()[key].info.run_id == run.info.run_id
    assert mirrored.client.get_run(twin.info.run_id).info.lifecycle_stage == "deleted"


def test_sync_when_the_mirror_is_of_the_earlier_form_then_it_is_brought_into_this_one(
    mirrored: Mirrored,
) -> None:
    runs = mirrored.runs()
    key = f"arm/{ARC}/r1/a1"
    earlier = {
        "frlib.kind": "replicate",
        "mlflow.parentRunId": runs[f"arm/{ARC}"].info.run_id,
        "mlflow.runName": "seed 1, attempt 1",
    }
    for name, value in earlier.items():
        mirrored.client.set_tag(runs[key].info.run_id, name, value)
    mirrored.client.delete_run(runs[f"arm/{ARC}/r1"].info.run_id)
    sent = {"run_id": runs[key].info.run_id, "described": True, "parts": 3}
    told = {"server": uri.fingerprint(mirrored.uri), "runs": {key: sent}}
    (mirrored.folder / FILE).write_text(json.dumps(told))
    Mirror(mirrored.folder, mirrored.uri).sync()
    assert check(mirrored.folder, mirrored.uri, ended=True, every_point=True) == []
    again = mirrored.runs()
    assert again[key].info.run_id == runs[key].info.run_id
    assert again[key].info.run_name == "ArcFace, margin 0.3, seed 1, attempt 1"


def test_restore_when_only_the_server_is_left_then_tables_are_byte_identical(
    mirrored: Mirrored, tmp_path: Path
) -> None:
    folder = restore(mirrored.uri, "tiny", tmp_path)
    table_build.build("tiny", tmp_path)
    names = ("study.md", "study.csv", "study.tex", "study.html")
    for name in names:
        original = (mirrored.folder / "tables" / name).read_bytes()
        assert (folder / "tables" / name).read_bytes() == original
    assert read.load(folder).metrics.equals(read.load(mirrored.folder).metrics)
    with pytest.raises(RecordError, match="never overwritten"):
        restore(mirrored.uri, "tiny", tmp_path)


def test_check_when_something_is_gone_or_changed_then_it_is_named(mirrored: Mirrored) -> None:
    assert check(mirrored.folder, mirrored.uri, ended=True, every_point=True) == []
    runs = mirrored.runs()
    client = mirrored.client
    lost = f"arm/{ARC}/r2/a0"
    client.delete_run(runs[lost].info.run_id)
    changed = runs[f"arm/{BOUNDARY}/r0"].info.run_id
    client.log_metric(changed, "selection/auc", 0.99, step=99)
    client.set_tag(changed, "frlib.rows", "2")
    client.delete_tag(runs["study"].info.run_id, "frlib.files")
    found = check(mirrored.folder, mirrored.uri, ended=True)
    assert found == [
        "study: record files there are not those on record",
        f"{lost}: missing on the server",
        f"arm/{BOUNDARY}/r0: 2 of 6 rows of its curves are there",
        f"arm/{BOUNDARY}/r0: selection/auc is 0.99, on record 0.9",
    ]
    client.restore_run(runs[lost].info.run_id)
    Mirror(mirrored.folder, mirrored.uri).sync(afresh=True)
    assert check(mirrored.folder, mirrored.uri, ended=True) == [found[-1]], "points stay for good"


def test_sync_when_the_study_goes_on_then_only_new_rows_follow(
    mirrored: Mirrored, tmp_path: Path
) -> None:
    mirror = Mirror(mirrored.folder, mirrored.uri)
    points = mirrored.points()
    run = RunWriter(mirrored.folder, study="tiny", arm=CURRICULAR, seed=7)
    run.log({"loss": 3.0}, epoch=1, step=1)
    run.flush()
    mirror.sync(ended=False)
    assert mirrored.points() == points + 1
    key = f"arm/{CURRICULAR}/r7"
    assert mirrored.runs()[key].info.status == mirrored.runs()["study"].info.status == "RUNNING"
    with pytest.raises(TrackingError, match="last complete sync is still to come"):
        restore(mirrored.uri, "tiny", tmp_path)
    run.log({"loss": 2.0}, epoch=2, step=2)
    run.finish("failed", "NumericsError: loss is nan")
    mirror.sync()
    assert mirrored.points() == points + 3
    added = mirrored.runs()[f"{key}/a0"]
    assert added.info.status == mirrored.runs()[key].info.status == "FAILED"
    assert added.data.tags["frlib.reason"] == "NumericsError: loss is nan"


def test_restore_when_the_study_was_never_mirrored_then_it_says_so(
    mirrored: Mirrored, tmp_path: Path
) -> None:
    with pytest.raises(TrackingError, match="no experiment 'frlib/other'"):
        restore(mirrored.uri, "other", tmp_path)
    assert not layout.study_folder(tmp_path, "other").exists()


def test_sync_when_nothing_listens_then_a_tracking_error_comes_soon(tmp_path: Path) -> None:
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
