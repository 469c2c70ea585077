"""Artefacts of machines that share nothing but a store."""

import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from frlib.artifacts.pulse import Pace
from frlib.artifacts.store import Artifacts
from frlib.core import safeio
from frlib.remote import copy as copies
from frlib.remote.claims import Claims
from frlib.remote.claims import Pace as ClaimPace
from tests.unit.remote.faulty import Machines

PACE = Pace(beat_s=0.05, patience_s=1.0)
ABOUT = {"asked": "here"}


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    pace = ClaimPace(beat_s=0.1, patience_s=2.0, gap_s=0.5)
    monkeypatch.setattr(copies, "Claims", lambda far: Claims(far, pace))


def _make(folder: Path) -> Mapping[str, Any]:
    safeio.write_text(folder / "rows.npy", "rows")
    return {"rows": 4}


def _fail(folder: Path) -> Mapping[str, Any]:
    raise AssertionError("it is there already")


def test_produce_when_another_machine_has_made_it_then_it_is_brought(machines: Machines) -> None:
    one, other = machines.copy("a"), machines.copy("b")
    Artifacts(one.folder, PACE).produce("evidence", "3f", _make, about=ABOUT)
    there = Artifacts(other.folder, PACE)
    assert there.has("evidence", "3f") and not (other.folder / "artifacts/evidence/3f").exists()
    found = there.produce("evidence", "3f", _fail, about=ABOUT)
    assert found == other.folder / "artifacts" / "evidence" / "3f"
    assert (found / "rows.npy").read_text() == "rows"
    assert list(there.verify()) == [("evidence/3f", "")]


def test_produce_when_two_machines_want_it_then_one_makes_it_and_the_other_waits(
    machines: Machines,
) -> None:
    one, other = machines.copy("a"), machines.copy("b")
    begun, told = threading.Event(), list[str]()

    def slowly(folder: Path) -> Mapping[str, Any]:
        begun.set()
        time.sleep(0.5)
        return _make(folder)

    first = threading.Thread(
        target=lambda: Artifacts(one.folder, PACE).produce("evidence", "3f", slowly, about=ABOUT)
    )
    first.start()
    assert begun.wait(20)
    found = Artifacts(other.folder, PACE).produce(
        "evidence", "3f", _fail, about=ABOUT, waiting=told.append
    )
    first.join()
    assert (found / "rows.npy").read_text() == "rows"
    assert len(told) == 1 and "is at it, waiting" in told[0]


def test_produce_when_another_machine_left_it_unfinished_then_it_goes_on_there(
    machines: Machines,
) -> None:
    one, other = machines.copy("a"), machines.copy("b")

    def stops(folder: Path) -> Mapping[str, Any]:
        safeio.write_text(folder / "checkpoints" / "1.json", "so far")
        raise RuntimeError("the node goes")

    def goes_on(folder: Path) -> Mapping[str, Any]:
        assert (folder / "checkpoints" / "1.json").read_text() == "so far"
        return _make(folder)

    with pytest.raises(RuntimeError, match="the node goes"):
        Artifacts(one.folder, PACE).produce("train", "3f", stops, about=ABOUT, resumable=True)
    one.flush()
    assert machines.stored() == ["artifacts/train/.3f.partial/checkpoints/1.json"]
    Artifacts(other.folder, PACE).produce("train", "3f", goes_on, about=ABOUT, resumable=True)
    other.flush()
    assert [key.rpartition("/")[2] for key in machines.stored()] == [
        "artifact.json",
        "1.json",
        "rows.npy",
    ]
    assert not any(".partial" in key for key in machines.stored())


def test_gc_when_an_artefact_goes_then_it_goes_from_the_store_what_says_it_is_whole_first(
    machines: Machines,
) -> None:
    one = machines.copy("a")
    artifacts = Artifacts(one.folder, PACE)
    artifacts.produce("evidence", "3f", _make, about=ABOUT)
    machines.far.calls.clear()
    assert [entry.name for entry in artifacts.gc(1e-9).evicted] == ["evidence/3f"]
    one.flush()
    removed = [name for name in machines.far.names("remove") if not name.startswith(".")]
    assert removed == ["artifact.json", "rows.npy"]
    assert machines.stored() == []
