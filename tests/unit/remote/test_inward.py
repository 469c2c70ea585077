import shutil
from pathlib import Path

import pytest

from frlib.core import published, safeio
from frlib.records import halted, layout
from frlib.remote.copy import WorkingCopy
from tests.unit.remote.faulty import Machines

STUDY = "studies/mini"
RUN = f"{STUDY}/arms/3f/r0"


def _recorded(copy: WorkingCopy) -> None:
    for name in ("study.json", "arms/3f/arm.json", "arms/3f/r0/a0/metrics-00000.parquet"):
        safeio.write_text(copy.folder / STUDY / name, name)
    safeio.write_text(copy.folder / RUN / "a0" / "run.json", "{}")
    safeio.write_text(copy.folder / RUN / "model.safetensors", "weights")
    safeio.write_text(copy.folder / RUN / "checkpoints" / "1.json", "numbers")
    copy.flush()


def _files(copy: WorkingCopy) -> list[str]:
    found = (p for p in (copy.folder / "studies").rglob("*") if p.is_file())
    return sorted(p.relative_to(copy.folder / STUDY).as_posix() for p in found)


def test_bring_when_another_machine_recorded_then_records_are_here_and_heavy_files_on_request(
    machines: Machines,
) -> None:
    one, other = machines.copy("a"), machines.copy("b")
    _recorded(one)
    assert layout.find_study(other.folder, "mini") == other.folder / STUDY
    light = ["arms/3f/arm.json", "arms/3f/r0/a0/metrics-00000.parquet", "arms/3f/r0/a0/run.json"]
    assert _files(other) == [*light, "study.json"]
    other.bring(other.folder / RUN)
    assert {"arms/3f/r0/model.safetensors", "arms/3f/r0/checkpoints/1.json"} < set(_files(other))


def test_bring_when_everything_is_here_then_it_costs_one_listing(machines: Machines) -> None:
    one, other = machines.copy("a"), machines.copy("b")
    _recorded(one)
    other.bring(other.folder / STUDY)
    machines.far.calls.clear()
    other.bring(other.folder / STUDY)
    one.bring(one.folder / STUDY)
    assert machines.far.calls == [("list", f"bucket/store/{STUDY}")] * 2


def test_bring_when_files_come_then_what_makes_them_whole_comes_last(machines: Machines) -> None:
    one, other = machines.copy("a"), machines.copy("b")
    _recorded(one)
    machines.far.calls.clear()
    other.bring(other.folder / STUDY)
    found = machines.far.names("get")
    first = min(n for n, name in enumerate(found) if name.endswith(".json"))
    assert all(name.endswith(".json") for name in found[first:])


def test_bring_when_a_change_is_not_sent_yet_then_it_stays(machines: Machines) -> None:
    one, other = machines.copy("a"), machines.copy("b")
    _recorded(one)
    other.bring(other.folder / STUDY)

    def fail(what: str, path: str) -> None:
        if what == "put":
            raise OSError("no route to host")

    machines.far.before = fail
    safeio.write_text(other.folder / RUN / "a0" / "run.json", '{"status": "complete"}')
    safeio.remove(other.folder / STUDY / "arms" / "3f" / "arm.json")
    other.bring(other.folder / STUDY)
    assert (other.folder / RUN / "a0" / "run.json").read_text() == '{"status": "complete"}'
    assert not (other.folder / STUDY / "arms" / "3f" / "arm.json").exists()
    machines.far.before = lambda what, path: None
    other.flush()
    one.bring(one.folder / STUDY)
    assert (one.folder / RUN / "a0" / "run.json").read_text() == '{"status": "complete"}'


def test_bring_when_a_file_changed_since_the_listing_then_the_next_time_brings_it(
    machines: Machines,
) -> None:
    one, other = machines.copy("a"), machines.copy("b")
    _recorded(one)
    run = machines.root / "bucket" / "store" / RUN / "a0" / "run.json"

    def grow(what: str, path: str) -> None:
        if what == "get" and path.endswith("run.json"):
            run.write_text('{"parts": ["one that is not listed"]}')

    machines.far.before = grow
    other.bring(other.folder / STUDY)
    assert not (other.folder / RUN / "a0" / "run.json").exists()
    other.bring(other.folder / STUDY)
    assert "not listed" in (other.folder / RUN / "a0" / "run.json").read_text()


def test_bring_when_checkpoints_went_then_they_go_here_but_a_lost_store_takes_nothing(
    machines: Machines,
) -> None:
    one, other = machines.copy("a"), machines.copy("b")
    _recorded(one)
    other.bring(other.folder / STUDY)
    safeio.remove(one.folder / RUN / "checkpoints" / "1.json")
    one.flush()
    other.bring(other.folder / STUDY)
    assert not (other.folder / RUN / "checkpoints" / "1.json").exists()
    before = _files(other)
    shutil.rmtree(machines.root / "bucket" / "store" / "studies")
    other.bring(other.folder / STUDY)
    assert _files(other) == before


def test_bring_when_a_file_was_written_and_sent_since_the_listing_then_it_stays(
    machines: Machines,
) -> None:
    copy = machines.copy("a")
    _recorded(copy)
    new, run = copy.folder / RUN / "a0" / "metrics-00001.parquet", copy.folder / RUN / "a0/run.json"
    real = copy._far.list

    def listed(key: str, patience_s: float) -> object:
        found = real(key, patience_s)
        if not new.exists():
            safeio.write_text(new, "a later epoch")
            safeio.write_text(run, '{"epoch": 1}')
            copy.flush()
        return found

    copy._far.list = listed  # type: ignore[assignment, method-assign]
    copy.bring(copy.folder / STUDY)
    assert new.read_text() == "a later epoch"
    assert run.read_text() == '{"epoch": 1}'


def test_bring_when_a_file_is_written_and_sent_while_an_older_one_comes_then_it_stays(
    machines: Machines,
) -> None:
    one, copy = machines.copy("b"), machines.copy("a")
    _recorded(one)
    copy.bring(copy.folder / STUDY)
    run = copy.folder / RUN / "a0" / "run.json"
    safeio.write_text(one.folder / RUN / "a0" / "run.json", '{"host": "b"}')
    one.flush()
    real = copy._far.get

    def got(key: str, target: Path, patience_s: float) -> bool:
        found = real(key, target, patience_s)
        safeio.write_text(run, '{"host": "a", "later": true}')
        copy.flush()
        return found

    copy._far.get = got  # type: ignore[method-assign]
    copy.bring(copy.folder / STUDY)
    assert run.read_text() == '{"host": "a", "later": true}'


def test_bring_when_a_journal_is_here_then_another_machines_does_not_replace_it(
    machines: Machines,
) -> None:
    one, other = machines.copy("a"), machines.copy("b")
    journal = one.folder / STUDY / "optuna.journal"
    safeio.write_text(journal, "one\n")
    one.flush()
    other.bring(other.folder / STUDY)
    mine = other.folder / STUDY / "optuna.journal"
    assert mine.read_text() == "one\n"
    mine.write_text("one\ntwo\n")
    other.bring(other.folder / STUDY)
    assert mine.read_text() == "one\ntwo\n"


def test_fetch_when_a_folder_is_whole_there_then_it_is_whole_here_at_once(
    machines: Machines,
) -> None:
    one, other = machines.copy("a"), machines.copy("b")
    folder = one.folder / "artifacts" / "evidence" / "3f"
    folder.mkdir(parents=True)
    (folder / "rows.npy").write_text("rows")
    published.placed(folder)
    one.flush()
    there = other.folder / "artifacts" / "evidence" / "3f"
    assert not other.fetch(there, "artifact.json") and not there.exists()
    (folder / "artifact.json").write_text("whole")
    published.placed(folder, last="artifact.json")
    one.flush()
    assert other.has(there / "artifact.json")
    assert other.fetch(there, "artifact.json")
    assert sorted(path.name for path in there.iterdir()) == ["artifact.json", "rows.npy"]
    assert [path.name for path in there.parent.iterdir()] == ["3f"]


def test_fetch_when_a_file_does_not_come_then_nothing_is_here(
    machines: Machines, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, other = machines.copy("a"), machines.copy("b")
    folder = one.folder / "artifacts" / "evidence" / "3f"
    for name in ("rows.npy", "artifact.json"):
        safeio.write_text(folder / name, name)
    one.flush()
    (machines.root / "bucket/store/artifacts/evidence/3f/rows.npy").write_text("cut")

    def remove(what: str, path: str) -> None:
        if what == "get" and path.endswith("rows.npy"):
            Path(machines.root / path).unlink(missing_ok=True)

    machines.far.before = remove
    there = other.folder / "artifacts" / "evidence" / "3f"
    assert not other.fetch(there, "artifact.json")
    assert not there.exists()


def test_bring_when_a_study_is_run_again_then_why_it_was_halted_goes_here_too(
    machines: Machines,
) -> None:
    one, other = machines.copy("a"), machines.copy("b")
    _recorded(one)
    halted.write(one.folder / STUDY, reason="hours are spent", spent={}, not_begun={}, to_go_on=())
    one.flush()
    other.bring(other.folder / STUDY)
    assert halted.read(other.folder / STUDY) is not None
    halted.clear(one.folder / STUDY)
    one.flush()
    other.bring(other.folder / STUDY)
    assert halted.read(other.folder / STUDY) is None


def test_bring_when_an_unfinished_artefact_is_here_then_it_is_whole_for_who_reads_it(
    machines: Machines,
) -> None:
    one, other = machines.copy("a"), machines.copy("b")
    name = "artifacts/train/.3f.aside-{}/checkpoints/1.safetensors"
    mine, theirs = one.folder / name.format(7), other.folder / name.format(8)
    safeio.write_text(mine, "tensors")
    one.flush()
    other.bring(theirs.parent)
    machines.far.calls.clear()
    other.bring(theirs.parent)
    assert machines.far.names("get") == [], "it is here"
    safeio.write_text(mine, "tensors of a later time")
    one.flush()
    with theirs.open() as reading:
        other.bring(theirs.parent)
        assert reading.read() == "tensors"
    assert theirs.read_text() == "tensors of a later time"
