"""What a run does about a step that is not finite: stop, skip, go back."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from frlib.core import safeio
from frlib.core.errors import NumericsError
from frlib.heads.presets import curricular, repface
from frlib.optimisers import adamw, sgd
from frlib.parallel.collectives import SingleGroup
from frlib.schedules import moving_haar
from frlib.train import failure, loop, trouble
from frlib.train.config import TrainConfig
from frlib.train.diagnosis import Diagnosis
from frlib.train.keeper import Keeper
from frlib.train.loop import Epoch, epochs
from frlib.train.place import Place
from tests.unit.train.worlds import (
    HERE,
    Heard,
    are_equal,
    config,
    copied,
    keeper,
    manifest,
    pixels,
    poison,
)


def _run(
    run: TrainConfig,
    folder: Path | None = None,
    kept: Keeper | None = None,
    heard: Heard | None = None,
) -> list[Epoch]:
    found = []
    for epoch in epochs(
        run,
        manifest(),
        pixels(),
        seed=0,
        place=HERE,
        folder=folder,
        keeper=kept,
        listener=heard,
    ):
        if kept is not None and not epoch.is_again:
            kept.save(epoch.state)
        found.append(epoch)
    if kept is not None:
        kept.wait()
    return found


def _note_states(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """The state and the rate before every step from now on."""
    seen: list[dict[str, Any]] = []

    def noted(state: Any, *given: Any, lr: float, **named: Any) -> Any:
        seen.append({"step": state.step, "lr": lr, "tensors": copied(state.tensors())})
        return step(state, *given, lr=lr, **named)

    step = loop.step
    monkeypatch.setattr(loop, "step", noted)
    return seen


def _heal(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is poisoned is so until the run has gone back."""
    go_back = trouble._go_back

    def healed(run: Any, told: str) -> None:
        go_back(run, told)
        for layer in run.state.trainee.backbone.modules():
            layer._forward_hooks.clear()

    monkeypatch.setattr(trouble, "_go_back", healed)


def test_stop_when_the_rate_is_wild_then_keeps_the_step_and_names_layer_and_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = _note_states(monkeypatch)
    heard = Heard()
    wild = config(optimiser=sgd.Config(lr=1e30, clip_norm=0.0))
    with pytest.raises(NumericsError) as caught:
        _run(wild, tmp_path, heard=heard)
    (folder,) = (tmp_path / "failures").iterdir()
    kept = failure.read(folder)
    told = str(caught.value)
    assert kept.facts["diagnosis"]["layer"].startswith("backbone.")
    assert f"first in the output of {kept.facts['diagnosis']['layer']}" in told
    assert f"frlib train replay {folder}" in told
    assert kept.facts["images"] and all(name in told for name in kept.facts["images"])
    assert told.endswith("or warm up. Or set on_nonfinite to skip or roll_back")
    assert heard.events == [("not finite", told.split(". Lower")[0])]
    assert kept.facts["step"] == kept.facts["numbers"]["step"] == seen[-1]["step"]
    assert folder.name == f"step-{seen[-1]['step']:09d}"
    assert kept.facts["first_layer_by_rank"] == [kept.facts["diagnosis"]["layer"]]
    assert are_equal(kept.tensors, seen[-1]["tensors"])


def test_stop_when_there_is_no_folder_then_still_names_the_layer(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    poison(monkeypatch, 4)
    with pytest.raises(NumericsError, match=r"step 4 \(epoch 2\).*backbone\.layer2\.conv1"):
        _run(config())


def test_stop_when_a_layer_is_poisoned_then_the_diagnosis_is_of_the_whole_step(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    poison(monkeypatch, 1)
    with pytest.raises(NumericsError):
        _run(config(accumulate=4), tmp_path)
    found = failure.read(tmp_path / "failures" / "step-000000001").facts["diagnosis"]
    assert found["layer"] == "backbone.layer2.conv1"
    assert len(found["samples"]) == 16 and found["loss"] == "nan"
    assert "backbone.conv1.weight" in found["gradients"]
    assert found["largest"][0][1] == "nan" and found["scale"] == 1


@pytest.mark.parametrize("optimiser", [sgd.Config(lr=0.05), adamw.Config()], ids=lambda o: o.name)
@pytest.mark.parametrize(
    "head",
    [curricular.Config(scale=16.0), repface.Config(scale=16.0, first_corrected_epoch=0)],
    ids=lambda head: head.name,
)
def test_skip_when_a_batch_is_poisoned_then_it_leaves_nothing_behind(
    head: Any, optimiser: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    poison(monkeypatch, 4)
    seen = _note_states(monkeypatch)
    run = config(head=head, optimiser=optimiser, on_nonfinite="skip", schedule="constant")
    heard = Heard()
    found = _run(run, heard=heard)
    assert [one["step"] for one in seen] == list(range(9))
    before, after = seen[4]["tensors"], seen[5]["tensors"]
    names = [n for n in before if not n.startswith("epoch.")]
    assert any(n.endswith("running_var") for n in names)
    assert all(torch.equal(before[n], after[n]) for n in names)
    assert not are_equal(after, seen[6]["tensors"])
    assert "train/skipped" not in found[0].row
    assert [e.row["train/skipped"] for e in found[1:]] == [1.0, 1.0]
    assert all(torch.isfinite(t).all() for t in found[-1].state.tensors().values())
    assert found[1].row["train/loss"] == found[1].row["train/loss"]
    assert [name for name, _ in heard.events] == ["not finite"]


def test_skip_when_too_many_steps_are_left_out_then_stops(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trouble, "MOST_SKIPPED", 2)
    poison(monkeypatch, 1, 3)
    assert _run(config(on_nonfinite="skip"))[-1].row["train/skipped"] == 2
    poison(monkeypatch, 1, 3, 7)
    with pytest.raises(NumericsError, match=r"step 7 .*2 steps were left out before"):
        _run(config(on_nonfinite="skip"))


@pytest.mark.parametrize("at", [0, 4])
def test_skip_when_the_schedule_follows_the_loss_then_its_numbers_stay_finite(
    at: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    poison(monkeypatch, at)
    schedule = moving_haar.Config(alpha=0.3, beta=0.7, lam=0.0, tau=0.2)
    last = _run(config(on_nonfinite="skip", schedule=schedule))[-1]
    numbers = last.state.schedule.numbers()
    assert numbers["seen"] == 9
    assert 0 < numbers["mean"] < 100 and abs(numbers["fall"]) < 100


def test_skip_when_precision_is_float16_and_the_pass_overflows_then_it_leaves_nothing_behind(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    poison(monkeypatch, 4)
    seen = _note_states(monkeypatch)
    found = _run(config(precision="float16", on_nonfinite="skip"))
    before, after = seen[4]["tensors"], seen[5]["tensors"]
    assert all(torch.equal(before[n], after[n]) for n in before if not n.startswith("epoch."))
    assert found[-1].row["train/skipped"] == 1


@pytest.mark.parametrize("at", [4, 5])
def test_roll_back_when_a_batch_is_poisoned_once_then_goes_on_with_half_the_rate(
    at: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    poison(monkeypatch, at)
    seen = _note_states(monkeypatch)
    _heal(monkeypatch)
    run = config(on_nonfinite="roll_back", schedule="constant")
    heard = Heard()
    found = _run(run, tmp_path, keeper(tmp_path / "checkpoints"), heard)
    again = [3, 4, 5, 6, 7, 8]
    assert [one["step"] for one in seen] == [*range(at + 1), *again]
    assert are_equal(seen[3]["tensors"], seen[at + 1]["tensors"])
    assert [one["lr"] for one in seen] == [0.05] * (at + 1) + [0.025] * len(again)
    assert [epoch.number for epoch in found] == [1, 2, 3]
    assert [epoch.row.get("train/rolled_back") for epoch in found] == [None, 1, 1]
    assert [name for name, _ in heard.events] == ["not finite", "rolled back"]
    assert "to step 3; the learning rate is 0.5 times" in heard.events[-1][1]


def test_roll_back_when_it_resumes_then_the_rate_stays_halved(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    poison(monkeypatch, 4)
    _heal(monkeypatch)
    run, folder = config(on_nonfinite="roll_back"), tmp_path / "checkpoints"
    _run(run, tmp_path, keeper(folder))
    again = _run(run, tmp_path, keeper(folder))
    assert [epoch.is_again for epoch in again] == [True]
    assert again[-1].state.progress.rate == 0.5
    assert again[-1].state.progress.rolled_back == 1


def test_roll_back_when_it_is_cut_off_at_once_then_the_halved_rate_is_on_the_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    poison(monkeypatch, 4)
    run, folder = config(on_nonfinite="roll_back"), tmp_path / "checkpoints"
    kept = keeper(folder)
    passes = epochs(run, manifest(), pixels(), seed=0, place=HERE, keeper=kept)
    kept.save(next(passes).state, score=0.7)
    go_back = trouble._go_back

    def cut(run: Any, told: str) -> None:
        go_back(run, told)
        raise KeyboardInterrupt

    monkeypatch.setattr(trouble, "_go_back", cut)
    with pytest.raises(KeyboardInterrupt):
        next(passes)
    kept.wait()
    (path,) = folder.glob("*.json")
    told = safeio.read_json(path)
    assert (told["rate"], told["rolled_back"], told["at_score"]) == (0.5, 1, 0.7)


def test_roll_back_when_it_helps_not_then_stops_after_the_third_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    poison(monkeypatch, 4)
    seen = _note_states(monkeypatch)
    with pytest.raises(NumericsError, match=r"step 4 .*went back 3 times before"):
        _run(config(on_nonfinite="roll_back"), tmp_path, keeper(tmp_path / "checkpoints"))
    assert [one["step"] for one in seen] == [0, 1, 2, *[3, 4] * 4]


@pytest.mark.parametrize("is_kept", [True, False])
def test_roll_back_when_there_is_no_checkpoint_then_says_so(
    is_kept: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    poison(monkeypatch, 1)
    kept = keeper(tmp_path / "checkpoints") if is_kept else None
    with pytest.raises(NumericsError, match="no checkpoint to go back to"):
        _run(config(on_nonfinite="roll_back"), tmp_path, kept)


@dataclass(frozen=True)
class Two(SingleGroup):
    """The first of two workers; the other one sends its numbers plus `more`."""

    size: int = 2
    more: int = 0

    def all_gather(self, values: Tensor) -> Tensor:
        return torch.cat([values, values + self.more])


@pytest.mark.parametrize(("more", "worker"), [(-1, 1), (0, 0), (1, 0)])
def test_where_it_began_when_several_are_lost_then_is_the_earliest_layer(
    more: int, worker: int
) -> None:
    found = Diagnosis("backbone.bn1", 1, (), (), (), 0.0, 1.0)
    assert trouble.where_it_began(found, Place(HERE.device, Two(more=more))) == worker


def test_texts_when_gathered_then_are_those_of_all_workers_cut_to_the_room() -> None:
    assert failure.texts("layer ä", Two(), HERE.device, 8) == ["layer ä"] * 2
    assert failure.texts("layer ä", Two(), HERE.device, 7) == ["layer "] * 2
    assert failure.texts("ab", Two(more=1), HERE.device, 2) == ["ab", "bc"]
