"""Writing behind the back of training."""

import threading
from pathlib import Path
from typing import Any

import pytest

from frlib.parallel.collectives import SingleGroup
from frlib.train import checkpoint
from tests.unit.train.worlds import are_equal, config, copied, keeper, state, train_on, trained


def test_save_when_training_goes_on_then_what_is_written_is_of_its_moment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    may, write = threading.Event(), checkpoint.write

    def slow(*given: Any) -> Path:
        assert may.wait(20)
        return write(*given)

    monkeypatch.setattr(checkpoint, "write", slow)
    made, other = trained(), state(config())
    wanted = copied(made.tensors())
    kept = keeper(tmp_path)
    kept.save(made)
    train_on(made)
    assert not list(tmp_path.glob("*.json"))
    may.set()
    assert kept.restore(other)
    assert are_equal(other.tensors(), wanted)


def test_save_when_writing_failed_then_the_next_call_says_so_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> Path:
        raise OSError("no room")

    made = state(config())
    kept = keeper(tmp_path)
    with monkeypatch.context() as patch:
        patch.setattr(checkpoint, "write", full)
        kept.save(made)
        kept.settle()
        with pytest.raises(OSError, match="no room"):
            kept.save(made)
        kept.save(made)
        with pytest.raises(OSError, match="no room"):
            kept.restore(made)
    kept.save(made)
    kept.wait()
    assert kept.restore(made)


def test_save_when_another_worker_holds_the_same_then_nothing_is_copied_there() -> None:
    """Class rows replicated: each worker has all, the first one writes."""
    made = trained()
    made.trainee.head.data = SingleGroup(rank=1, size=2)
    assert made.tensors(only_first=True) == {} and made.model(only_first=True) == {}
    assert made.tensors().keys() == trained().tensors().keys()


def test_save_when_the_machine_has_no_thread_left_then_it_is_written_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def none_left(_: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    made, kept = state(config()), keeper(tmp_path)
    monkeypatch.setattr(threading.Thread, "start", none_left)
    kept.save(made)
    assert list(tmp_path.glob("*.json"))
    kept.settle()
    assert kept.restore(made)
