"""How an attempt ends that leaves its node, or that another one has taken over from."""

from pathlib import Path

import pytest

from frlib.core import published, safeio
from frlib.core.errors import NodeLostError, RecordError
from frlib.records.write import RunWriter
from frlib.remote import copy as copies
from tests.unit.remote.conftest import machines
from tests.unit.remote.faulty import Machines

__all__ = ["machines"]

ARM = "a" * 16


def _writer(folder: Path) -> RunWriter:
    return RunWriter(folder, study="s", arm=ARM, seed=0)


def test_writer_when_the_run_leaves_its_node_then_its_attempt_is_stopped(tmp_path: Path) -> None:
    with pytest.raises(NodeLostError), _writer(tmp_path) as run:
        raise NodeLostError("the node goes in 20 s")
    told = safeio.read_json(run.folder / "run.json")
    assert (told["status"], told["reason"]) == ("stopped", "NodeLostError: the node goes in 20 s")


def test_writer_when_another_attempt_has_begun_then_the_older_one_is_refused(
    tmp_path: Path,
) -> None:
    old = _writer(tmp_path)
    old.require_newest()
    new = _writer(tmp_path)
    new.require_newest()
    with pytest.raises(RecordError, match="attempt 1 of this run has been begun since"):
        old.require_newest()


def test_writer_when_another_machine_has_begun_the_next_attempt_then_the_older_one_is_refused(
    machines: Machines, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(copies, "_KNOWN_S", 0.0)
    one, other = (machines.copy(name).folder / "studies" / "s" for name in "ab")
    old = _writer(one)
    published.flush(one)
    old.require_newest()
    published.bring(other)
    new = _writer(other)
    published.flush(other)
    new.require_newest()
    with pytest.raises(RecordError, match="attempt 1 of this run has been begun since"):
        old.require_newest()


def test_writer_when_the_store_does_not_answer_then_it_goes_on_and_asks_again_later(
    machines: Machines, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(copies, "_LOOK_S", 0.1)
    run = _writer(machines.copy("a").folder / "studies" / "s")
    with machines.far.away():
        monkeypatch.setattr(copies, "_KNOWN_S", 0.0)
        run.require_newest()
        asked = len(machines.far.names("list"))
        run.require_newest()
        assert len(machines.far.names("list")) == asked
