"""A run told to leave its machine puts itself down inside an epoch and goes on bit for bit."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
import torch
from torch import Tensor

from frlib.core.errors import NodeLostError
from frlib.parallel.collectives import SingleGroup
from frlib.train import checkpoint, leaving
from frlib.train.config import TrainConfig
from frlib.train.leaving import Leaving
from frlib.train.loop import Epoch, epochs
from frlib.train.place import Place
from tests.unit.train.worlds import HERE, config, keeper, manifest, pixels

RUN = {"head": "curricular", "schedule": {"name": "moving_haar", "alpha": 0.3, "lam": 1.0}}


def _notices(*reasons: str) -> Place:
    left = iter(reasons)
    return replace(HERE, notice=lambda: next(left, "it rains"))


def _passes(run: TrainConfig, place: Place, folder: Path) -> Iterator[Epoch]:
    return epochs(run, manifest(4), pixels(), seed=0, place=place, keeper=keeper(folder))


@pytest.mark.parametrize("step", range(1, 7))
def test_epochs_when_told_to_leave_after_a_step_then_goes_on_from_it_bit_for_bit(
    step: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(leaving, "_ASKED_S", 0.0)
    run = config(epochs=2, **RUN)
    *_, whole = _passes(run, HERE, tmp_path / "whole")
    wanted = {name: value.clone() for name, value in whole.state.tensors().items()}
    folder = tmp_path / "left"
    with pytest.raises(NodeLostError, match=f"it rains; the run was put down after step {step}"):
        list(_passes(run, _notices(*[""] * (step - 1)), folder))
    assert checkpoint.paths(folder)[-1].stem == f"{step:09d}"
    *_, last = _passes(run, HERE, folder)
    assert last.row["train/loss"] == whole.row["train/loss"]
    found = last.state.tensors()
    assert all(torch.equal(found[name], value) for name, value in wanted.items())


@dataclass(frozen=True)
class _Two(SingleGroup):
    """The other worker says what `told` holds."""

    told: tuple[float, float] = (0.0, 0.0)
    size: int = 2

    def max(self, values: Tensor) -> Tensor:
        return torch.maximum(values, torch.tensor(self.told, dtype=values.dtype))


def _seconds(each: float) -> Iterator[float]:
    at = 0.0
    while True:
        yield at
        at += each


def test_leaving_when_another_worker_is_told_then_so_is_this_one() -> None:
    assert not Leaving(replace(HERE, group=_Two())).is_due()
    assert Leaving(replace(HERE, group=_Two(told=(1.0, 0.0)))).is_due()


def test_leaving_when_steps_are_short_then_asks_once_a_second_and_at_once_where_wanted() -> None:
    clock = _seconds(0.25)
    one = Leaving(replace(HERE, notice=lambda: "x"), clock=lambda: next(clock))
    assert one.is_due(), "the first step is asked after, and took 0.25 s"
    assert [one.is_due() for _ in range(4)] == [False, False, False, True]
    assert one.is_due(ask=True)


def test_leaving_when_the_other_worker_is_slower_then_its_steps_count() -> None:
    asked = []

    def notice() -> str:
        asked.append(len(asked))
        return ""

    clock = _seconds(0.001)
    one = Leaving(
        replace(HERE, notice=notice, group=_Two(told=(0.0, 0.5))), clock=lambda: next(clock)
    )
    for _ in range(7):
        one.is_due()
    assert len(asked) == 4, "after the first step, and after every second one then"
