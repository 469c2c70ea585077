"""One producer at a time, whole or absent, and nothing damaged handed out."""

import errno
import json
import logging
import os
import threading
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from frlib.artifacts.lease import Lease, leases
from frlib.artifacts.pulse import Watch
from frlib.artifacts.store import Artifacts
from frlib.core.errors import DataError
from frlib.core.safeio import DiskFullError
from tests.unit.artifacts.made import DIGEST, KIND, QUICK, make, names, slowly, store


def _end_heartbeat(lease: Lease) -> None:
    """As if its process had been killed: the file stays and is not counted in any more."""
    lease._pulse._closing.set()
    lease._pulse._thread.join()


def test_produce_when_there_is_none_then_makes_it_and_describes_it(tmp_path: Path) -> None:
    found = store(tmp_path).produce(KIND, DIGEST, make, about={"asked": "a"})
    assert found == tmp_path / "artifacts" / KIND / DIGEST == store(tmp_path).find(KIND, DIGEST)
    assert names(tmp_path) == [DIGEST]
    told = json.loads((found / "artifact.json").read_text())
    assert told["about"] == {"asked": "a"} and told["facts"] == {"images": 3}
    assert {name: file["size"] for name, file in told["files"].items()} == {
        "one.txt": 3,
        "deep/two.bin": 300,
    }
    (entry,) = store(tmp_path).entries()
    assert (entry.name, entry.size) == (f"{KIND}/{DIGEST}", 303)
    assert list(store(tmp_path).verify()) == [(f"{KIND}/{DIGEST}", "")]


def test_has_when_asked_then_says_as_find_and_marks_nothing_as_used(tmp_path: Path) -> None:
    mine = store(tmp_path)
    assert not mine.has(KIND, DIGEST)
    found = mine.produce(KIND, DIGEST, make, about={})
    os.utime(found / "artifact.json", (1, 1))
    assert mine.has(KIND, DIGEST) and (found / "artifact.json").stat().st_mtime == 1
    assert mine.find(KIND, DIGEST) and (found / "artifact.json").stat().st_mtime > 1
    (found / "one.txt").unlink()
    assert not mine.has(KIND, DIGEST)


def test_produce_when_it_is_there_then_nothing_is_made(tmp_path: Path) -> None:
    log = tmp_path / "log"
    for _ in range(2):
        store(tmp_path).produce(KIND, DIGEST, slowly(log, 0), about={})
    assert log.read_text() == "0\n"


def test_produce_when_several_want_it_then_one_makes_it_and_the_others_are_told(
    tmp_path: Path,
) -> None:
    log, told = tmp_path / "log", []

    def want(_: int) -> Path:
        return store(tmp_path).produce(KIND, DIGEST, slowly(log, 2), about={}, waiting=told.append)

    with ThreadPoolExecutor(4) as pool:
        assert len(set(pool.map(want, range(4)))) == 1
    assert log.read_text() == "0\n"
    assert len(told) == 3 and f"{KIND}/{DIGEST}: process " in told[0]


def test_produce_when_making_fails_then_nothing_is_left_and_the_next_tries(tmp_path: Path) -> None:
    log = tmp_path / "log"

    def fails(folder: Path) -> Mapping[str, Any]:
        slowly(log, 0.2)(folder)
        raise DataError("torn")

    def want(broken: bool) -> str:
        try:
            work = fails if broken else slowly(log, 0)
            return str(store(tmp_path).produce(KIND, DIGEST, work, about={}))
        except DataError as error:
            return str(error)

    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(want, True)
        while not log.exists():
            time.sleep(0.01)
        second = pool.submit(want, False)
        assert first.result() == "torn"
        assert second.result().endswith(DIGEST)
    assert log.read_text() == "0\n0\n"
    assert names(tmp_path) == [DIGEST]


@pytest.mark.parametrize(("resumable", "found"), [(True, "0\n10\n"), (False, "0\n0\n")])
def test_produce_when_it_was_stopped_then_goes_on_if_it_can_be_resumed(
    resumable: bool, found: str, tmp_path: Path
) -> None:
    log = tmp_path / "log"

    def stopped(folder: Path) -> Mapping[str, Any]:
        slowly(log, 0)(folder)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        store(tmp_path).produce(KIND, DIGEST, stopped, about={}, resumable=resumable)
    assert store(tmp_path).find(KIND, DIGEST) is None
    store(tmp_path).produce(KIND, DIGEST, slowly(log, 0), about={}, resumable=resumable)
    assert log.read_text() == found
    assert names(tmp_path) == [DIGEST]


def test_produce_when_the_disk_is_full_then_says_so_and_leaves_nothing(tmp_path: Path) -> None:
    def full(folder: Path) -> Mapping[str, Any]:
        (folder / "half").write_text("half")
        raise OSError(errno.ENOSPC, "No space left on device")

    with pytest.raises(DiskFullError, match="frlib artifact gc"):
        store(tmp_path).produce(KIND, DIGEST, full, about={})
    assert names(tmp_path) == []


@pytest.mark.parametrize("damage", ["cut", "missing", "no description", "bad description"])
def test_find_when_it_is_damaged_then_is_none_and_is_made_again(
    damage: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    folder = store(tmp_path).produce(KIND, DIGEST, make, about={})
    if damage == "cut":
        (folder / "one.txt").write_text("on")
    elif damage == "missing":
        (folder / "deep/two.bin").unlink()
    elif damage == "no description":
        (folder / "artifact.json").unlink()
    else:
        (folder / "artifact.json").write_text('{"kind": "train"}')
    assert store(tmp_path).find(KIND, DIGEST) is None
    assert store(tmp_path).entries() == ()
    assert "damaged" in caplog.text
    assert dict(store(tmp_path).verify())[f"{KIND}/{DIGEST}"]
    assert store(tmp_path).produce(KIND, DIGEST, make, about={}) == folder
    assert list(store(tmp_path).verify()) == [(f"{KIND}/{DIGEST}", "")]
    assert names(tmp_path) == [DIGEST]


def test_verify_when_a_byte_has_changed_then_names_the_file(tmp_path: Path) -> None:
    folder = store(tmp_path).produce(KIND, DIGEST, make, about={})
    (folder / "one.txt").write_text("owe")
    assert store(tmp_path).find(KIND, DIGEST) == folder
    ((name, wrong),) = store(tmp_path).verify()
    assert name == f"{KIND}/{DIGEST}" and "one.txt" in wrong


def test_produce_when_the_lease_is_lost_then_the_other_ones_output_counts(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """A producer that was thought dead comes back when another one is at it, or is done."""
    room = tmp_path / "artifacts" / KIND

    def stalls(folder: Path) -> Mapping[str, Any]:
        (folder / "mine").write_text("mine")
        (mine,) = leases(room, DIGEST)
        held = next(t for t in threading.enumerate() if t.name == f"pulse {mine.name}")
        held._target.__self__._closing.set()  # type: ignore[attr-defined]
        store(tmp_path).produce(KIND, DIGEST, make, about={"by": "another"})
        return {}

    found = store(tmp_path).produce(KIND, DIGEST, stalls, about={"by": "me"})
    assert json.loads((found / "artifact.json").read_text())["about"] == {"by": "another"}
    assert not (found / "mine").exists()
    assert names(tmp_path) == [DIGEST]
    assert "another process took over" in caplog.text


def test_take_when_two_find_it_dead_at_once_then_one_has_it(tmp_path: Path) -> None:
    watches = [Watch(QUICK) for _ in range(8)]
    dead = Lease.take(tmp_path, DIGEST, "produce", QUICK, watches[0])
    assert dead is not None
    _end_heartbeat(dead)
    end = time.monotonic() + QUICK.patience_s * 1.5
    while time.monotonic() < end:
        for watch in watches:
            watch.is_dead(leases(tmp_path, DIGEST)[-1])
        time.sleep(0.02)
    gate = threading.Barrier(len(watches))

    def take(watch: Watch) -> Lease | None:
        gate.wait()
        return Lease.take(tmp_path, DIGEST, "produce", QUICK, watch)

    with ThreadPoolExecutor(len(watches)) as pool:
        taken = [one for one in pool.map(take, watches) if one is not None]
    assert len(taken) == 1
    assert taken[0].is_held and not dead.is_held
    taken[0].release()
    assert leases(tmp_path, DIGEST) == []


def test_take_when_its_holder_lives_then_is_none_however_long_one_waits(tmp_path: Path) -> None:
    holder = Lease.take(tmp_path, DIGEST, "produce", QUICK, Watch(QUICK))
    assert holder is not None
    watch, end = Watch(QUICK), time.monotonic() + 2 * QUICK.patience_s
    while time.monotonic() < end:
        assert Lease.take(tmp_path, DIGEST, "produce", QUICK, watch) is None
        time.sleep(0.03)
    assert holder.is_held
    holder.release()


def test_take_when_the_clocks_are_apart_then_nothing_changes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(time, "time", lambda: 0.0)
    holder = Lease.take(tmp_path, DIGEST, "produce", QUICK, Watch(QUICK))
    assert holder is not None
    monkeypatch.setattr(time, "time", lambda: 1e12)
    assert Lease.take(tmp_path, DIGEST, "produce", QUICK, Watch(QUICK)) is None
    holder.release()


def test_produce_when_nobody_listens_then_waiting_is_one_line_of_the_log(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    log = tmp_path / "log"

    def want(_: int) -> Path:
        return Artifacts(tmp_path, QUICK).produce(KIND, DIGEST, slowly(log, 0.3), about={})

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(want, range(2)))
    assert caplog.text.count("is at it, waiting") == 1
