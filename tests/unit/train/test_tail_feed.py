"""Training with a tail: its loss, what equals what, resuming bit for bit, failures, the chain."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from pydantic import ValidationError
from safetensors.torch import load_file

from frlib.core.errors import ConfigError, DataError, NumericsError
from frlib.data.pixels.batches import Pixels
from frlib.heads.presets import arcface, unequal
from frlib.optimisers import sgd
from frlib.train import begun, loop
from frlib.train.checkpoint import save_model
from frlib.train.config import TrainConfig
from frlib.train.loop import Epoch, epochs
from frlib.train.passes import Piece, spread
from frlib.train.precision import autocast
from frlib.train.replay import replay
from frlib.train.start import MODEL, Start
from tests.unit.train.tails import tail, tail_images, with_tail
from tests.unit.train.worlds import (
    HERE,
    Heard,
    are_equal,
    config,
    copied,
    keeper,
    manifest,
    pixels,
    state,
)

STILL = ("backbone.bn*", "backbone.*.bn*", "backbone.*.downsample.2.*", "backbone.features.*")
"""Batch norms whose statistics stay as they are."""


def _run(run: TrainConfig, **named: Any) -> list[Epoch]:
    images = None if run.tail is None else tail_images()
    return list(epochs(run, manifest(6), pixels(), seed=0, place=HERE, tail=images, **named))


def _left(run: TrainConfig, **named: Any) -> dict[str, torch.Tensor]:
    """Everything of the state in the end."""
    return copied(_run(run, **named)[-1].state.tensors())


def _model(run: TrainConfig) -> dict[str, torch.Tensor]:
    """The weights and statistics in the end."""
    return copied(_run(run)[-1].state.model())


@pytest.fixture
def double() -> Any:
    """Computing in float64."""
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(torch.float32)


def test_loss_when_there_is_a_tail_then_is_the_heads_and_the_formula(double: Any) -> None:
    settings = tail(weight=3.0)
    made = state(with_tail(weight=3.0))
    made.trainee.train()
    images = torch.randn(16 + 8, 3, 32, 32, generator=torch.Generator().manual_seed(1))
    labels, samples = torch.arange(16) % 6, torch.arange(16)
    before = copied(made.trainee.state_dict())
    with torch.no_grad():
        emb = made.trainee.backbone(images)
        head = made.trainee.head(emb[:16], labels, epoch=0, samples_B=samples).loss
    made.trainee.load_state_dict(before)
    piece = Piece(images, labels, samples, 0, settings)
    found = spread(made.trainee, HERE)(piece, 0, autocast("float32", HERE.device))
    unit = emb[16:].numpy() / np.linalg.norm(emb[16:].numpy(), axis=1, keepdims=True)
    v = [unit[2 * p : 2 * p + 2].mean(0) for p in range(4)]
    v = [one / np.linalg.norm(one) for one in v]
    expected = sum((v[p] @ v[q] - (p == q)) ** 2 for p in range(4) for q in range(4)) / 16
    assert found.dispersion is not None
    assert float(found.dispersion) == pytest.approx(expected, rel=1e-12)
    assert float(found.loss.detach()) == pytest.approx(float(head) + 3 * expected, rel=1e-12)
    assert found.embeddings.shape == (16, 16)
    assert found.losses.shape == (16,)


def test_epochs_when_the_dispersion_weighs_much_then_is_smaller_than_where_it_is_only_watched() -> (
    None
):
    watched, weighed = (_run(with_tail({"epochs": 6}, weight=weight)) for weight in (0.0, 30.0))
    late = [sum(e.row["train/dispersion"] for e in run[3:]) for run in (watched, weighed)]
    assert late[1] < 0.7 * late[0]
    for epoch in weighed:
        assert epoch.row["tail/identities"] == 4
        assert 0 < epoch.row["tail/mined_sqdist"] < 1
        assert epoch.row["time/mining"] > 0


def test_row_when_nothing_is_mined_then_has_the_dispersion_alone() -> None:
    row = _run(with_tail({"epochs": 1}, mined=False))[-1].row
    assert "train/dispersion" in row
    assert not {"tail/identities", "tail/mined_sqdist"} & row.keys()


def test_listener_when_a_run_begins_then_hears_who_is_left_out() -> None:
    heard = Heard()
    _run(with_tail({"epochs": 1}), listener=heard)
    (told,) = [message for name, message in heard.events if name == "tail"]
    assert told == "7 identities with 2 images or more; 1 with fewer are left out"


def test_weight_when_zero_and_statistics_stay_then_is_the_run_without_a_tail(double: Any) -> None:
    alone = _model(config(freeze=STILL))
    beside = _model(with_tail({"freeze": STILL}, weight=0.0))
    other = _model(with_tail({"freeze": STILL}, weight=1.0))
    for name, value in alone.items():
        torch.testing.assert_close(beside[name], value, rtol=1e-7, atol=1e-9, msg=name)
    assert not torch.allclose(other["backbone.fc.weight"], alone["backbone.fc.weight"])


def test_weight_when_zero_and_statistics_move_then_the_tail_is_in_them() -> None:
    alone, beside = _model(config()), _model(with_tail(weight=0.0))
    name = "backbone.bn1.running_mean"
    assert not torch.allclose(alone[name], beside[name])


def test_bag_when_it_is_the_step_then_mining_is_chance_bit_for_bit() -> None:
    one, other = _model(with_tail(bag=4)), _model(with_tail(mined=False))
    mined = _model(with_tail())
    assert are_equal(one, other)
    assert not are_equal(mined, other)


@pytest.mark.parametrize("places", [{"read_ahead": 0}, {"read_ahead": 5}], ids=str)
def test_epochs_when_read_ahead_differs_then_weights_are_bit_equal(places: dict[str, Any]) -> None:
    run = with_tail({"augment": {"crop": 2}})
    other = TrainConfig(**{**dict(run), "data": {**run.data.model_dump(), **places}})
    assert are_equal(_left(run), _left(other))


def _cut(monkeypatch: pytest.MonkeyPatch, run: TrainConfig, folder: Path, taken: int) -> None:
    """Train into `folder`, and break off when `taken` steps are done."""

    class CutError(Exception):
        pass

    def cutting(made: Any, *given: Any, **named: Any) -> Any:
        if made.step == taken:
            raise CutError
        return step(made, *given, **named)

    step = loop.step
    with monkeypatch.context() as patched:
        patched.setattr(loop, "step", cutting)
        kept = keeper(folder)
        with pytest.raises(CutError):
            _run(run, keeper=kept)
        kept.wait()


@pytest.mark.parametrize("taken", [1, 2, 3, 4, 5, 8])
def test_epochs_when_resumed_between_steps_then_ends_bit_equal_as_undisturbed(
    taken: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = with_tail({"checkpoint_every": 1, "augment": {"crop": 2}, "head": "unequal"}, refill=4)
    whole = _run(run)
    wanted = copied(whole[-1].state.tensors())
    _cut(monkeypatch, run, tmp_path, taken)
    rest = _run(run, keeper=keeper(tmp_path))
    assert are_equal(copied(rest[-1].state.tensors()), wanted)
    names = ("train/loss", "train/dispersion", "tail/mined_sqdist", "tail/identities")
    for one, other in zip(rest[-1:], whole[-1:], strict=True):
        assert [one.row[n] for n in names] == [other.row[n] for n in names]


def test_queue_when_weights_move_on_then_is_not_mined_anew_before_it_is_used_up(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    embedded: list[int] = []
    batch = Pixels.batch

    def counted(self: Pixels, rows: Any, out: Any = None) -> Any:
        if out is None:
            embedded.append(len(rows))
        return batch(self, rows, out)

    monkeypatch.setattr(Pixels, "batch", counted)
    _run(with_tail(refill=4))  # 9 steps: 4 are mined for, 4, and the last one
    assert embedded == [12] * 9


@pytest.mark.parametrize("on_nonfinite", ["skip", "roll_back"])
def test_epochs_when_a_step_is_not_finite_then_goes_on_with_the_tail(
    on_nonfinite: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = with_tail({"on_nonfinite": on_nonfinite, "checkpoint_every": 1, "log_every": 1})
    _poison_once(monkeypatch, at=4)
    last = _run(run, keeper=keeper(tmp_path))[-1]
    assert last.step == 9
    assert last.state.progress.skipped + last.state.progress.rolled_back == 1
    assert np.isfinite(last.row["train/dispersion"])


def _poison_once(monkeypatch: pytest.MonkeyPatch, at: int) -> None:
    """The first pass of a step in training puts out NaN."""
    build, left = begun.build, [2]  # its pass, and that of the diagnosis

    def built(*given: Any, **named: Any) -> Any:
        made = build(*given, **named)

        def spoil(layer: torch.nn.Module, _: object, output: torch.Tensor) -> torch.Tensor:
            if not (layer.training and made.step == at and left[0]):
                return output
            left[0] -= 1
            return output * float("nan")

        made.trainee.backbone.get_submodule("layer2.conv1").register_forward_hook(spoil)
        return made

    monkeypatch.setattr(begun, "build", built)


def test_failure_when_kept_then_is_done_again_with_its_tail(tmp_path: Path) -> None:
    wild = with_tail({"optimiser": sgd.Config(lr=1e30, clip_norm=0.0)}, mined=False)
    with pytest.raises(NumericsError, match="frlib train replay"):
        _run(wild, folder=tmp_path)
    (kept,) = (tmp_path / "failures").iterdir()
    found = replay(kept)
    assert not found.is_finite
    assert found.now.to_json() == found.then
    with pytest.raises(ConfigError, match="Set accumulate=1"):
        replay(kept, ["accumulate=2"])


def test_epochs_when_the_tail_is_not_handed_over_then_is_refused() -> None:
    with pytest.raises(ConfigError, match="was given none of its images"):
        list(epochs(with_tail(), manifest(), pixels(), seed=0, place=HERE))


def test_config_when_the_batch_goes_in_pieces_then_is_refused() -> None:
    with pytest.raises(ValidationError, match="accumulate=2 with a tail"):
        with_tail({"accumulate": 2})


def test_epochs_when_too_few_people_have_enough_images_then_is_refused() -> None:
    with pytest.raises(DataError, match=r"Lower one of the two, or widen tail\.part"):
        _run(with_tail(images_per_identity=4))


@pytest.mark.parametrize(
    "changes", [{"ema": 0.9}, {"head": arcface.Config(sample_rate=0.5)}], ids=str
)
def test_epochs_when_something_else_is_on_then_it_goes_with_a_tail(changes: dict[str, Any]) -> None:
    assert np.isfinite(_run(with_tail({"epochs": 1} | changes))[-1].row["train/loss"])


def test_vit_when_it_drops_paths_then_goes_with_a_tail() -> None:
    vit = {"name": "vit", "patch": 8, "embedding_size": 16, "drop_path": 0.2, "dropout": 0.1}
    assert np.isfinite(_run(with_tail({"epochs": 1, "backbone": vit}))[-1].row["train/loss"])


def test_chain_when_unequal_training_is_done_then_each_stage_goes_on_from_the_one_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def kept(run: TrainConfig, name: str) -> str:
        save_model(_run(run)[-1].state.model(), tmp_path / name / MODEL)
        return str(tmp_path / name)

    first = kept(config(head=arcface.Config(scale=16.0), epochs=1), "first")
    nra = unequal.Config(scale=16.0)
    second = kept(config(head=nra, start=Start(path=first), epochs=1), "second")
    begun = _noted(monkeypatch)
    start = Start(path=second, head=True)
    last = _run(with_tail({"head": nra, "start": start, "epochs": 1}))[-1]
    stored = load_file(Path(second) / MODEL)
    assert are_equal(begun(), stored)
    assert not are_equal(copied(last.state.model()), stored)


def _noted(monkeypatch: pytest.MonkeyPatch) -> Callable[[], dict[str, torch.Tensor]]:
    """The weights that the next run begins with."""
    build, found = begun.build, []

    def built(*given: Any, **named: Any) -> Any:
        made = build(*given, **named)
        found.append(copied(made.model()))
        return made

    monkeypatch.setattr(begun, "build", built)
    return lambda: found[-1]
