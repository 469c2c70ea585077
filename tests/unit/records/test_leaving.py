"""How an attempt ends that leaves its node, or that another one has taken over from."""

from pathlib import Path

import pytest

from frlib.core import safeio
from frlib.core.errors import NodeLostError, RecordError
from frlib.records.write import RunWriter

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
