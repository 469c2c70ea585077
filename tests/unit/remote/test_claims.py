import json
import os
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from frlib.core.errors import StoreError
from frlib.remote import claims
from frlib.remote.claims import Claims, Pace
from frlib.remote.far import Far
from tests.unit.remote.faulty import URI, Machines

PACE = Pace(beat_s=0.1, patience_s=0.8, gap_s=0.4)
NAME = "studies/mini"


@pytest.fixture
def far(machines: Machines) -> Far:
    return Far(URI)


def _until(claims_: Claims, seconds: float = 20.0) -> claims.Taken:
    end = time.monotonic() + seconds
    while (found := claims_.take(NAME, "run")) is None:
        assert time.monotonic() < end
        time.sleep(0.05)
    return found


def test_take_when_another_has_it_then_none_and_the_other_is_seen_alive(far: Far) -> None:
    first, second = Claims(far, PACE), Claims(far, PACE)
    held = _until(first)
    assert second.take(NAME, "run") is None
    time.sleep(0.3)
    whom, is_alive = second.holder(NAME)
    assert f"process {os.getpid()}" in whom and is_alive
    held.release()
    assert second.holder(NAME) == ("", False)
    _until(second).release()


def test_take_when_many_come_at_once_then_never_two_have_it(far: Far) -> None:
    inside, most, lock = [0], [0], threading.Lock()

    def once(number: int) -> None:
        mine = _until(Claims(far, PACE), 60.0)
        with lock:
            inside[0] += 1
            most[0] = max(most[0], inside[0])
        time.sleep(0.02)
        with lock:
            inside[0] -= 1
        mine.release()

    with ThreadPoolExecutor(max_workers=6) as pool:
        list(pool.map(once, range(6)))
    assert most == [1]


def _stand_still(machines: Machines, monkeypatch: pytest.MonkeyPatch, claim: claims.Taken) -> None:
    """From now on it is of another machine, and counts no more."""
    claim._closing.set()
    claim._thread.join()
    path = machines.root / "bucket" / "store" / claims.path(NAME, claim.token)
    path.write_text(json.dumps(json.loads(path.read_text()) | {"where": "elsewhere"}))


def test_take_when_the_holder_stands_still_then_it_is_dead_after_the_patience(
    machines: Machines, far: Far, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = Claims(far, PACE), Claims(far, PACE)
    _stand_still(machines, monkeypatch, _until(first))
    began = time.monotonic()
    taken = _until(second)
    assert time.monotonic() - began >= PACE.patience_s
    assert [Path(key).stem for key in far.list(claims.folder(NAME), 1.0)] == [taken.token]
    taken.release()


def test_take_when_the_store_was_away_then_that_time_does_not_count(
    machines: Machines, far: Far, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = Claims(far, PACE), Claims(far, PACE)
    held = _until(first)
    assert second.take(NAME, "run") is None
    _stand_still(machines, monkeypatch, held)
    assert second.take(NAME, "run") is None
    time.sleep(2 * PACE.patience_s)
    assert second.take(NAME, "run") is None


def test_holder_when_it_was_taken_for_dead_and_lives_then_it_learns_that_it_lost(
    machines: Machines, far: Far
) -> None:
    first = _until(Claims(far, Pace(beat_s=0.6, patience_s=100.0)))
    path = machines.root / "bucket" / "store" / claims.path(NAME, first.token)
    told = json.loads(path.read_text())
    path.unlink()
    second = _until(Claims(far, PACE))
    second._about["after"] = [first.token]
    path.write_text(json.dumps(told))
    end = time.monotonic() + 20
    while first.is_held:
        assert time.monotonic() < end
        time.sleep(0.05)
    first.release()
    second.release()


def test_take_when_the_holder_is_a_dead_process_of_this_machine_then_at_once(
    machines: Machines, far: Far
) -> None:
    held = _until(Claims(far, PACE))
    held._closing.set()
    held._thread.join()
    path = machines.root / "bucket" / "store" / claims.path(NAME, held.token)
    path.write_text(json.dumps(json.loads(path.read_text()) | {"pid": 2**22 + 1}))
    taken = Claims(far, Pace(patience_s=1000.0)).take(NAME, "run")
    assert taken is not None
    taken.release()


def test_take_when_a_dead_claim_cannot_be_removed_then_its_own_is_given_back(
    machines: Machines, far: Far, monkeypatch: pytest.MonkeyPatch
) -> None:
    held = _until(Claims(far, PACE))
    held._closing.set()
    held._thread.join()
    path = machines.root / "bucket" / "store" / claims.path(NAME, held.token)
    path.write_text(json.dumps(json.loads(path.read_text()) | {"pid": 2**22 + 1}))

    def refuse(what: str, name: str) -> None:
        if what == "remove":
            raise PermissionError("ACCESS_DENIED")

    machines.far.before = refuse
    with pytest.raises(StoreError, match="ACCESS_DENIED"):
        Claims(far, PACE).take(NAME, "run")
    machines.far.before = lambda what, name: None
    _until(Claims(far, PACE)).release()
