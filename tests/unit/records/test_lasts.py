import gc
import math
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from frlib.core import safeio
from frlib.core.errors import RecordError
from frlib.records import declare, lasts, layout, parts, read
from frlib.records.write import RunWriter

ARMS = ("a" * 16, "b" * 16)


@pytest.fixture
def study(tmp_path: Path) -> Path:
    folder = layout.study_folder(tmp_path, "s")
    declare.write_study(folder, {"name": "s", "question": "?", "report": ["acc"]})
    for arm in ARMS:
        declare.write_arm(
            folder,
            {"arm": arm, "cell": {}, "params": {}, "config": {}, "datasets": {}, "default": True},
        )
        for seed in (1, 0):
            with RunWriter(folder, study="s", arm=arm, seed=seed) as run:
                run.log({"loss": 9.0, "acc": 0.1}, epoch=1, step=1)
                run.flush()
                run.log({"acc": 0.5 + seed / 10 + ARMS.index(arm) / 100}, epoch=2, step=2)
    return folder


def rows(folder: Path) -> list[list[object]]:
    found: list[list[object]] = read.load(folder).finals.values.tolist()
    return found


WANTED = [
    [ARMS[0], 0, "acc", 0.5],
    [ARMS[0], 0, "loss", 9.0],
    [ARMS[0], 1, "acc", 0.6],
    [ARMS[0], 1, "loss", 9.0],
    [ARMS[1], 0, "acc", 0.51],
    [ARMS[1], 0, "loss", 9.0],
    [ARMS[1], 1, "acc", 0.61],
    [ARMS[1], 1, "loss", 9.0],
]


def test_finals_when_a_metric_is_logged_twice_then_its_last_value_stands(study: Path) -> None:
    assert rows(study) == WANTED


def test_finals_when_runs_tell_them_then_no_part_is_parsed(
    study: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parts, "parsed", _never)
    assert rows(study) == WANTED


def _never(*_: object, **__: object) -> None:
    raise AssertionError("a part was parsed")


def test_finals_when_runs_do_not_tell_them_then_they_are_read_from_the_parts(study: Path) -> None:
    for path in study.glob("arms/*/*/*/run.json"):
        run = safeio.read_json(path)
        del run["finals"]
        safeio.write_json(path, run)
    assert rows(study) == WANTED


@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_finals_when_a_value_is_not_finite_then_its_run_does_not_tell(
    study: Path, value: float
) -> None:
    with RunWriter(study, study="s", arm=ARMS[0], seed=0) as run:
        run.log({"loss": value}, epoch=1, step=1)
        run.log({"acc": 0.75}, epoch=1, step=1)
    assert "finals" not in safeio.read_json(run.folder / "run.json")
    found = rows(study)
    assert found[0] == [ARMS[0], 0, "acc", 0.75]
    assert str(found[1][3]) == str(value) and found[2:] == WANTED[2:]


@pytest.mark.parametrize("how", ["shorter", "other"])
def test_finals_when_a_part_is_damaged_then_it_is_refused(study: Path, how: str) -> None:
    part = layout.attempt_folder(study, ARMS[1], 0, 0) / "metrics-00001.parquet"
    whole = part.read_bytes()
    other = whole[:200] + bytes([whole[200] ^ 1]) + whole[201:]
    part.write_bytes(whole[:-20] if how == "shorter" else other)
    with pytest.raises(RecordError, match=r"metrics-00001\.parquet: its checksum"):
        read.load(study)


@pytest.mark.parametrize("told", [[], {"acc": "0.5"}, {"acc": None}, {"acc": True}])
def test_finals_when_a_run_tells_no_numbers_then_it_is_refused(study: Path, told: object) -> None:
    path = layout.attempt_folder(study, ARMS[1], 0, 0) / "run.json"
    safeio.write_json(path, safeio.read_json(path) | {"finals": told})
    with pytest.raises(RecordError, match=r"a0/run\.json: its finals must be numbers"):
        read.load(study)


def test_finals_when_another_attempt_counts_by_now_then_its_values_stand(study: Path) -> None:
    with RunWriter(study, study="s", arm=ARMS[0], seed=0) as run:
        run.log({"acc": 0.75}, epoch=2, step=2)
    assert rows(study) == [[ARMS[0], 0, "acc", 0.75], *WANTED[2:]]


def test_finals_when_an_attempt_goes_on_then_its_parts_are_read(study: Path) -> None:
    run = RunWriter(study, study="s", arm=ARMS[0], seed=0)
    run.log({"acc": 0.75}, epoch=2, step=2)
    run.flush()
    assert rows(study) == WANTED
    run.finish("failed", "on purpose")
    assert rows(study) == WANTED


def test_finals_when_rows_are_adopted_then_they_are_told_too(study: Path) -> None:
    source = layout.attempt_folder(study, ARMS[0], 1, 0) / "metrics-00000.parquet"
    with RunWriter(study, study="s", arm=ARMS[0], seed=0) as run:
        run.adopt("metrics", parts.read(source, "metrics"))
        run.log({"acc": 0.75}, epoch=2, step=2)
    assert safeio.read_json(run.folder / "run.json")["finals"] == {"loss": 9.0, "acc": 0.75}


@pytest.mark.parametrize(("count", "codec"), [(100, "UNCOMPRESSED"), (101, "ZSTD")])
def test_part_when_it_has_few_rows_then_it_is_stored_plainly(
    tmp_path: Path, count: int, codec: str
) -> None:
    columns = {
        "epoch": [1] * count,
        "step": [1] * count,
        "name": ["acc"] * count,
        "value": [0.5] * count,
        "time": [1.0] * count,
    }
    path = tmp_path / "metrics-00000.parquet"
    parts.write(path, parts.to_table("metrics", columns), {})
    assert pq.ParquetFile(path).metadata.row_group(0).column(0).compression == codec
    assert parts.read(path, "metrics", columns=("value",)).column_names == ["value"]


def test_finals_when_attempts_fill_several_blocks_then_none_is_lost_or_moved(
    study: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lasts, "_BLOCK", 1)
    assert rows(study) == WANTED


@pytest.mark.parametrize("collects", [True, False])
def test_load_when_it_fails_then_garbage_is_looked_for_as_before(
    study: Path, collects: bool
) -> None:
    (layout.attempt_folder(study, ARMS[0], 0, 0) / "metrics-00000.parquet").unlink()
    (gc.enable if collects else gc.disable)()
    try:
        with pytest.raises(RecordError):
            read.load(study)
        assert gc.isenabled() == collects
    finally:
        gc.enable()
