import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from frlib.core import safeio
from frlib.core.errors import RecordError
from frlib.records import declare, layout, parts, read
from frlib.records.compact import compact
from frlib.records.schema import PAIR_SCORES, VERSION, VERSION_KEY
from frlib.records.write import RunWriter

ARM = "a" * 16


def begin(folder: Path, *, status: str | None = "complete") -> None:
    declare.write_study(folder, {"name": "s", "question": "?", "report": ["b/v/accuracy"]})
    declare.write_arm(
        folder,
        {
            "arm": ARM,
            "cell": {"head": "ArcFace"},
            "params": {"head.margin": 0.5},
            "config": {"head": {"name": "arcface"}},
            "datasets": {"train": "d1"},
            "default": True,
        },
    )
    if status:
        declare.write_verdict(folder, ARM, {"status": status, "message": "all seeds done"})


def writer(folder: Path, seed: int = 0) -> RunWriter:
    return RunWriter(folder, study="s", arm=ARM, seed=seed, facts={"host": "h"})


@pytest.fixture
def study(tmp_path: Path) -> Path:
    folder = layout.study_folder(tmp_path, "s")
    begin(folder)
    return folder


def test_writer_when_all_tables_are_written_then_the_reader_returns_the_same_rows(
    study: Path,
) -> None:
    with writer(study) as run:
        run.log({"loss": 2.5, "acc": 0.5}, epoch=1, step=10)
        run.flush()
        run.log({"loss": 1.25}, epoch=2, step=20)
        run.pair_scores(
            "official",
            "insightface10",
            {
                "fold": np.array([0, 1]),
                "same": np.array([True, False]),
                "score": np.array([0.1, 1.9]),
                "threshold": np.array([1.0, 1.0]),
                "correct": np.array([True, True]),
            },
        )
        run.decisions(
            ["x", "y", "z"],
            epoch=2,
            kind="relabel",
            given=[1, 2, 3],
            proposed=[4, 5, 6],
            true=np.array([4, -1, -2]),
            score=[0.5, 0.25, 0.125],
        )
        run.event("evaluate", "done", level="WARNING")
    found = read.load(study)
    metrics = found.metrics[["epoch", "step", "name", "value"]].values.tolist()
    assert metrics == [[1, 10, "loss", 2.5], [1, 10, "acc", 0.5], [2, 20, "loss", 1.25]]
    pairs = found.pair_scores("official", "insightface10")
    assert pairs["score"].tolist() == [0.1, 1.9]
    assert pairs["pair"].tolist() == [0, 1]
    decisions = found.decisions
    assert decisions["proposed"].tolist() == [4, 5, 6]
    assert decisions["true"].isna().tolist() == [False, False, True]
    assert decisions["true"].tolist()[:2] == [4, -1]
    assert found.events["level"].tolist() == ["WARNING"]
    assert found.runs["status"].tolist() == ["complete"]
    assert found.arms.loc[0, "head"] == "ArcFace"


def test_final_when_a_replicate_was_resumed_then_its_latest_complete_attempt_counts(
    study: Path,
) -> None:
    first = writer(study)
    first.log({"acc": 0.1}, epoch=1, step=1)
    first.flush()
    with writer(study) as second:
        second.log({"acc": 0.2}, epoch=1, step=1)
        second.log({"acc": 0.3}, epoch=2, step=2)
    with pytest.raises(ValueError, match="nan"), writer(study) as third:
        third.log({"acc": 0.9}, epoch=2, step=2)
        raise ValueError("loss is nan")
    found = read.load(study)
    assert found.final("acc").values.tolist() == [[ARM, 0, 0.3]]
    assert found.runs["status"].tolist() == ["interrupted", "complete", "failed"]
    assert found.runs["reason"].tolist()[2] == "ValueError: loss is nan"
    assert found.metrics["value"].tolist() == [0.1, 0.2, 0.3, 0.9]


def test_reader_when_an_attempt_is_being_written_then_its_flushed_parts_are_read(
    study: Path,
) -> None:
    run = writer(study)
    run.log({"acc": 0.1}, epoch=1, step=1)
    run.flush()
    run.log({"acc": 0.2}, epoch=2, step=2)
    found = read.load(study)
    assert found.metrics["value"].tolist() == [0.1]
    assert found.runs["status"].tolist() == ["running"]
    assert found.final("acc").empty


def test_writer_when_killed_between_flushes_then_whole_parts_stay_readable(study: Path) -> None:
    script = (
        "import sys, os\n"
        "from pathlib import Path\n"
        "from frlib.records.write import RunWriter\n"
        f"run = RunWriter(Path(sys.argv[1]), study='s', arm={ARM!r}, seed=0)\n"
        "for epoch in range(10**6):\n"
        "    run.log({'acc': epoch / 2}, epoch=epoch, step=epoch)\n"
        "    run.flush()\n"
        "    if epoch == 2: print('go', flush=True)\n"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", script, str(study)], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "go\n"
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    process.stdout.close()
    values = read.load(study).metrics["value"].tolist()
    assert len(values) >= 3
    assert values == [epoch / 2 for epoch in range(len(values))]


@pytest.mark.parametrize("running", [True, False])
def test_reader_when_a_part_is_truncated_then_the_error_names_it(
    study: Path, running: bool
) -> None:
    run = writer(study)
    run.log({"acc": 0.1}, epoch=1, step=1)
    run.flush()
    if not running:
        run.finish("complete")
    part = run.folder / "metrics-00000.parquet"
    part.write_bytes(part.read_bytes()[:-20])
    with pytest.raises(RecordError, match=r"a0/metrics-00000\.parquet.*delete the whole attempt"):
        read.load(study)


def test_reader_when_a_listed_part_is_gone_then_the_error_names_it(study: Path) -> None:
    with writer(study) as run:
        run.log({"acc": 0.1}, epoch=1, step=1)
    (run.folder / "metrics-00000.parquet").unlink()
    with pytest.raises(RecordError, match=r"metrics-00000\.parquet: missing"):
        read.load(study)


def test_reader_when_a_running_attempt_has_a_gap_then_the_error_names_the_lost_part(
    study: Path,
) -> None:
    run = writer(study)
    for epoch in range(3):
        run.log({"acc": 0.1}, epoch=epoch, step=epoch)
        run.flush()
    (run.folder / "metrics-00001.parquet").unlink()
    with pytest.raises(RecordError, match=r"metrics-00001\.parquet: missing"):
        read.load(study)


def test_reader_when_a_part_was_added_after_the_end_then_it_is_refused(study: Path) -> None:
    with writer(study) as run:
        run.log({"acc": 0.1}, epoch=1, step=1)
    whole = (run.folder / "metrics-00000.parquet").read_bytes()
    (run.folder / "metrics-00001.parquet").write_bytes(whole)
    with pytest.raises(RecordError, match=r"metrics-00001\.parquet: not listed"):
        read.load(study)


def test_reader_when_the_schema_is_newer_then_it_says_which_frlib_is_needed(study: Path) -> None:
    with writer(study) as run:
        run.log({"acc": 0.1}, epoch=1, step=1)
    path = run.folder / "run.json"
    safeio.write_json(path, {**json.loads(path.read_text()), "schema": VERSION + 1})
    with pytest.raises(RecordError, match="record schema"):
        read.load(study)


def test_reader_when_a_part_of_a_running_attempt_is_newer_then_it_is_refused(study: Path) -> None:
    run = writer(study)
    run.log({"acc": 0.1}, epoch=1, step=1)
    run.flush()
    path = run.folder / "metrics-00000.parquet"
    table = pq.ParquetFile(path).read().replace_schema_metadata({b"frlib.schema": b"7"})
    pq.write_table(table, path)
    with pytest.raises(RecordError, match="record schema 7"):
        read.load(study)


def test_reader_when_a_foreign_parquet_lies_there_then_it_is_refused(study: Path) -> None:
    run = writer(study)
    pq.write_table(pa.table({"a": [1]}), run.folder / "metrics-00000.parquet")
    with pytest.raises(RecordError, match="no schema version"):
        read.load(study)


def test_writer_when_the_attempt_exists_then_it_is_not_rewritten(study: Path) -> None:
    first = writer(study)
    with pytest.raises(RecordError, match="never rewritten"):
        RunWriter(study, study="s", arm=ARM, seed=0, attempt=first.attempt)


def test_writer_when_ended_then_it_takes_no_more(study: Path) -> None:
    with writer(study) as run:
        pass
    with pytest.raises(RecordError, match="has ended"):
        run.event("late", "too late")


def test_writer_when_a_value_has_the_wrong_type_then_the_table_is_named(study: Path) -> None:
    with pytest.raises(RecordError, match="metrics: a column does not fit"):
        writer(study).metrics([{"name": "acc", "value": "high"}])


def test_writer_when_a_column_is_misspelt_then_the_expected_ones_are_named(study: Path) -> None:
    with pytest.raises(RecordError, match=r"expected .*'epoch', 'name'"):
        writer(study).metrics([{"nmae": "acc", "value": 1.0}])


def test_flush_when_the_disk_is_full_then_rows_keep_waiting(
    study: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = writer(study)
    run.log({"acc": 0.1}, epoch=1, step=1)
    with monkeypatch.context() as patch:
        patch.setattr(pq, "write_table", _full_disk)
        with pytest.raises(safeio.DiskFullError, match="disk is full"):
            run.flush()
    assert [path.name for path in run.folder.iterdir()] == ["run.json"]
    run.flush()
    assert read.load(study).metrics["value"].tolist() == [0.1]


def _full_disk(*_: object, **__: object) -> None:
    raise OSError(28, "No space left on device")


def test_compact_when_read_again_then_rows_are_equal_and_files_fewer(
    study: Path, tmp_path: Path
) -> None:
    with writer(study) as run:
        for epoch in range(3):
            run.log({"acc": epoch / 3}, epoch=epoch, step=epoch)
            run.flush()
    before = read.load(study)
    copy = layout.study_folder(tmp_path / "copy", "s")
    begin(copy)
    files = compact(before.attempts[0], layout.attempt_folder(copy, ARM, 0, 0))
    after = read.load(copy)
    assert sorted(path.name for path in files) == ["metrics-00000.parquet", "run.json"]
    assert after.metrics.equals(before.metrics)
    assert after.runs.equals(before.runs)


def test_seconds_when_a_replicate_took_two_attempts_then_both_are_counted(study: Path) -> None:
    killed = writer(study)
    killed.metrics([{"name": "acc", "value": 0.1, "time": 0.0}])
    killed.flush()
    path = killed.folder / "run.json"
    run = {**json.loads(path.read_text()), "started": "1970-01-01T00:00:00+00:00"}
    safeio.write_json(path, run)
    part = killed.folder / "metrics-00000.parquet"
    part.unlink()
    rewritten = {"epoch": [1], "step": [1], "name": ["acc"], "value": [0.1], "time": [7.0]}
    parts.write(part, parts.to_table("metrics", rewritten), {})
    with writer(study) as done:
        pass
    path = done.folder / "run.json"
    safeio.write_json(path, {**json.loads(path.read_text()), "seconds": 5.0})
    assert read.load(study).seconds().values.tolist() == [[ARM, 0, 12.0]]


def test_load_when_the_study_is_unknown_then_the_nearest_name_is_given(tmp_path: Path) -> None:
    begin(layout.study_folder(tmp_path, "noise_small"))
    with pytest.raises(RecordError, match="did you mean 'noise_small'"):
        read.load_named(tmp_path, "nois_small")


def test_write_arm_when_described_again_then_the_first_description_stays(study: Path) -> None:
    path = layout.arm_folder(study, ARM) / "arm.json"
    before = path.read_bytes()
    arm = json.loads(before)
    assert not declare.write_arm(study, arm | {"params": {"elsewhere": 1}})
    assert path.read_bytes() == before


def test_write_arm_when_it_belongs_to_another_cell_by_now_then_that_alone_is_brought_up_to_date(
    study: Path,
) -> None:
    path = layout.arm_folder(study, ARM) / "arm.json"
    before = json.loads(path.read_bytes())
    moved = {"cell": {"a": 1}, "cell_digest": "new", "params": {"b": 2}, "default": False}
    assert not declare.write_arm(study, before | moved | {"config": {}})
    assert json.loads(path.read_bytes()) == before | moved


def test_reader_when_pair_scores_are_older_than_their_people_then_these_are_unknown(
    study: Path,
) -> None:
    count = 4
    arrays = {
        "fold": np.zeros(count, dtype=np.int16),
        "same": np.array([True, False] * 2),
        "score": np.arange(count, dtype=np.float64),
        "threshold": np.ones(count),
        "correct": np.ones(count, dtype=bool),
    }
    with writer(study) as run:
        run.pair_scores("faces", "plain", arrays)
        people = {"left_person": np.arange(count), "right_person": np.arange(count)}
        run.pair_scores("faces", "named", arrays | people)
        run.flush()
        (path,) = layout.parts(run.folder, "pair_scores")
        table = parts.read(path, "pair_scores")
        assert table["left_person"].to_pylist() == [None] * count + list(range(count))
    old = table.select([n for n in PAIR_SCORES.names if not n.endswith("_person")])
    pq.write_table(old.replace_schema_metadata({VERSION_KEY: b"1"}), path)
    again = parts.read(path, "pair_scores")
    assert again.schema.equals(PAIR_SCORES) and again["left_person"].null_count == 2 * count
    pq.write_table(old.replace_schema_metadata({VERSION_KEY: str(VERSION).encode()}), path)
    with pytest.raises(RecordError, match="expected"):
        parts.read(path, "pair_scores")
