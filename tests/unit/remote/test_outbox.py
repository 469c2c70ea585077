import json
import os
import shutil
import time
from pathlib import Path

import pytest

from frlib.core import published, safeio
from frlib.core.errors import StoreError
from frlib.remote.copy import WorkingCopy
from tests.unit.remote.faulty import Machines

RUN = "studies/mini/arms/3f/r0"


def _checkpoint(copy: WorkingCopy, step: int) -> None:
    folder = copy.folder / RUN / "checkpoints"
    safeio.write_text(folder / f"{step}.safetensors", f"tensors {step}")
    safeio.write_text(folder / f"{step}.json", f"numbers {step}")


def test_write_when_a_file_is_in_a_working_copy_then_the_store_gets_it(machines: Machines) -> None:
    copy = machines.copy("a")
    safeio.write_text(copy.folder / RUN / "a0" / "run.json", "begun")
    safeio.write_text(copy.folder / "datasets" / "x" / "room.json", "not sent")
    copy.flush()
    assert machines.stored() == [f"{RUN}/a0/run.json"]
    assert copy.waiting() == ()


def test_write_when_several_files_are_written_then_they_arrive_in_that_order(
    machines: Machines,
) -> None:
    copy = machines.copy("a")
    for step in (1, 2):
        _checkpoint(copy, step)
    copy.flush()
    moved = machines.far.names("move")
    assert moved == ["1.safetensors", "1.json", "2.safetensors", "2.json"]


def test_write_when_the_folder_is_plain_then_nobody_is_told(
    machines: Machines, tmp_path: Path
) -> None:
    machines.copy("a")
    safeio.write_text(tmp_path / "plain" / "studies" / "x.json", "here")
    assert machines.far.names("put") == [] and machines.stored() == []


def test_flush_when_the_store_is_away_then_the_error_says_how_to_send_and_nothing_is_lost(
    machines: Machines, monkeypatch: pytest.MonkeyPatch
) -> None:
    copy = machines.copy("a")
    monkeypatch.setenv("FRLIB_STORE_PATIENCE_S", "0.5")
    with machines.far.away():
        _checkpoint(copy, 1)
        with pytest.raises(StoreError, match=r"2 files .* not sent.*frlib store sync"):
            copy.flush()
        assert len(copy.waiting()) == 2
        assert machines.stored() == []
    monkeypatch.setenv("FRLIB_STORE_PATIENCE_S", "30")
    copy.flush()
    assert len(machines.stored()) == 2 and copy.waiting() == ()


def test_put_when_it_fails_half_way_then_no_half_is_seen_and_it_is_tried_again(
    machines: Machines,
) -> None:
    copy, failures = machines.copy("a"), list[str]()

    def fail_once(what: str, path: str) -> None:
        if what == "move" and not failures:
            failures.append(path)
            raise OSError("connection reset")

    machines.far.before = fail_once
    _checkpoint(copy, 1)
    copy.flush()
    assert len(failures) == 1
    assert machines.stored() == [f"{RUN}/checkpoints/1.json", f"{RUN}/checkpoints/1.safetensors"]


def test_remove_when_a_file_goes_then_it_goes_from_the_store(machines: Machines) -> None:
    copy = machines.copy("a")
    _checkpoint(copy, 1)
    _checkpoint(copy, 2)
    copy.flush()
    for name in ("1.json", "1.safetensors"):
        safeio.remove(copy.folder / RUN / "checkpoints" / name)
    copy.flush()
    assert [key[-6:] for key in machines.stored()] == ["2.json", "ensors"]
    shutil.rmtree(copy.folder / RUN / "checkpoints")
    published.gone(copy.folder / RUN / "checkpoints", is_folder=True)
    copy.flush()
    assert machines.stored() == []


def test_placed_when_a_folder_got_its_name_then_what_makes_it_whole_is_sent_last(
    machines: Machines,
) -> None:
    copy = machines.copy("a")
    folder = copy.folder / "artifacts" / "evidence" / "3f"
    folder.mkdir(parents=True)
    for name in ("a.json", "artifact.json", "z.npy"):
        (folder / name).write_text(name)
    published.placed(folder, last="artifact.json")
    copy.flush()
    assert machines.far.names("move") == ["z.npy", "a.json", "artifact.json"]


def test_sweep_when_checkpoints_came_after_the_verdict_then_they_go(machines: Machines) -> None:
    copy = machines.copy("a")
    _checkpoint(copy, 1)
    open_ = copy.folder / "studies" / "mini" / "arms" / "77" / "r0" / "checkpoints" / "1.json"
    safeio.write_text(open_, "of an arm that goes on")
    copy.flush()
    copy.sweep(copy.folder / "studies" / "mini")
    copy.flush()
    assert len(machines.stored()) == 3
    safeio.write_text((copy.folder / RUN).parent / "verdict.json", "{}")
    copy.flush()
    copy.sweep(copy.folder / "studies" / "mini")
    copy.flush()
    assert [key.rpartition("/")[2] for key in machines.stored()] == ["verdict.json", "1.json"]
    assert open_.exists() and not list((copy.folder / RUN / "checkpoints").iterdir())


def _left(copy: WorkingCopy) -> int:
    """Make all marks those of a process that is gone, as a kill leaves them."""
    count = 0
    for path in (copy.folder / ".outbox").iterdir():
        path.write_text(json.dumps(json.loads(path.read_text()) | {"pid": 2**22 + 1}))
        count += 1
    return count


def test_open_when_a_killed_process_left_files_then_another_sends_them(
    machines: Machines,
) -> None:
    copy = machines.copy("a")
    with machines.far.away():
        _checkpoint(copy, 1)
        copy._outbox.close()
        assert _left(copy) == 2
    machines.copy("a").flush()
    assert len(machines.stored()) == 2


def test_open_when_another_machine_began_the_attempt_anew_then_what_was_left_is_given_up(
    machines: Machines,
) -> None:
    copy, other = machines.copy("a"), machines.copy("b")
    with machines.far.away():
        safeio.write_json(copy.folder / RUN / "a0" / "run.json", {"started": "first"})
        safeio.write_text(copy.folder / RUN / "a0" / "metrics-00000.parquet", "first")
        copy._outbox.close()
        _left(copy)
    safeio.write_json(other.folder / RUN / "a0" / "run.json", {"started": "second"})
    safeio.write_text(other.folder / RUN / "a0" / "metrics-00000.parquet", "second")
    other.flush()
    again = machines.copy("a")
    again.flush()
    assert machines.content(f"{RUN}/a0/metrics-00000.parquet") == "second"
    again.bring(again.folder / RUN)
    assert (again.folder / RUN / "a0" / "metrics-00000.parquet").read_text() == "second"


def test_sync_when_the_store_lost_its_files_then_all_of_them_are_sent_again(
    machines: Machines,
) -> None:
    copy = machines.copy("a")
    _checkpoint(copy, 1)
    copy.flush()
    for key in machines.stored():
        (machines.root / "bucket" / "store" / key).unlink()
    assert copy.mark_all() == 2
    copy.flush()
    assert len(machines.stored()) == 2 and copy.mark_all() == 0


@pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning")
def test_fork_when_a_child_writes_then_it_sends_nothing(machines: Machines) -> None:
    copy = machines.copy("a")
    child = os.fork()
    if not child:
        safeio.write_text(copy.folder / RUN / "a0" / "run.json", "of the child")
        os._exit(0 if not published.copies() else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    copy.flush()
    assert machines.stored() == []


def test_flush_when_files_go_slowly_then_it_waits_as_long_as_they_go(
    machines: Machines, monkeypatch: pytest.MonkeyPatch
) -> None:
    copy = machines.copy("a")
    monkeypatch.setenv("FRLIB_STORE_PATIENCE_S", "1.0")
    machines.far.before = lambda what, path: time.sleep(0.25 if what == "put" else 0.0)
    for step in range(6):
        _checkpoint(copy, step)
    began = time.monotonic()
    copy.flush()
    assert time.monotonic() - began > 1.0
    assert len(machines.stored()) == 12


def test_write_when_the_file_does_not_get_its_name_then_the_change_before_is_sent(
    machines: Machines,
) -> None:
    copy = machines.copy("a")
    path = copy.folder / RUN / "a0" / "run.json"
    with machines.far.away():
        safeio.write_text(path, "begun")
        with pytest.raises(OSError, match="disk"), published.replacing(path):
            raise OSError("the disk is full")
    copy.flush()
    assert machines.content(f"{RUN}/a0/run.json") == "begun"
    assert copy.waiting() == ()


def test_sent_when_the_body_fails_and_the_store_is_away_then_the_bodys_error_is_told(
    machines: Machines, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FRLIB_STORE_PATIENCE_S", "0.3")
    copy = machines.copy("a")
    with machines.far.away():
        with pytest.raises(ValueError, match="of the body"), published.sent(copy.folder):
            _checkpoint(copy, 1)
            raise ValueError("of the body")
        with pytest.raises(StoreError, match="2 files"), published.sent(copy.folder):
            pass
    monkeypatch.setenv("FRLIB_STORE_PATIENCE_S", "30")
    with published.sent(copy.folder):
        pass
    assert len(machines.stored()) == 2
