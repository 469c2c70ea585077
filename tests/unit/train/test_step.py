"""One step: pieces, clipping, what is not finite, what is frozen."""

import math
from collections.abc import Sequence
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from frlib.heads.build import build as build_head
from frlib.heads.config import HeadConfig
from frlib.heads.presets import adam_softmax, arcface, boundary
from frlib.optimisers import adamw, groups, sgd
from frlib.parallel.draws import Dropout
from frlib.schedules import constant, follow
from frlib.train.average import Average
from frlib.train.build import train_mode
from frlib.train.loss_scale import GROWTH, LossScale
from frlib.train.passes import Piece, spread
from frlib.train.state import State
from frlib.train.step import Done, step
from frlib.train.trainee import Trainee
from tests.unit.train.worlds import HERE, are_equal, config, copied, manner, piece, state

BATCH, DIM, CLASSES = 12, 6, 5
HUGE = 2.0**126


def _state(
    head: HeadConfig | None = None,
    optimiser: Any = None,
    *,
    precision: str = "float32",
    ema: float = 0.0,
) -> State:
    """In float64, without batch norm, with dropout."""
    optimiser = optimiser or sgd.Config(lr=0.1)
    head = head or arcface.Config(scale=8.0)
    draw = torch.Generator().manual_seed(0)
    backbone = nn.Sequential(nn.Flatten(), nn.Linear(12, 10), nn.ReLU(), Dropout(0.3))
    backbone.append(nn.Linear(10, DIM))
    for parameter in backbone.parameters():
        nn.init.normal_(parameter, std=0.5, generator=draw)
    built = build_head(head, CLASSES, DIM, 0, num_samples=BATCH)
    trainee = Trainee(backbone, built).double().train()
    module = adamw if optimiser.name == "adamw" else sgd
    return State(
        trainee,
        module.build(optimiser, groups(trainee.named_parameters(), optimiser)),
        follow(100, 10, constant.Config()),
        LossScale(precision, HERE.device),
        Average(trainee, ema) if ema else None,
    )


def _pieces(count: int, number: int = 0) -> list[Piece]:
    draw = torch.Generator().manual_seed(number)
    images = torch.randn(BATCH, 3, 2, 2, generator=draw, dtype=torch.float64)
    labels = torch.randint(CLASSES, (BATCH,), generator=draw)
    samples, each = torch.randperm(BATCH, generator=draw), BATCH // count
    return [
        Piece(images[at : at + each], labels[at : at + each], samples[at : at + each], number)
        for at in range(0, BATCH, each)
    ]


def _step(made: State, pieces: Sequence[Piece], clip: float = 0.0, **named: Any) -> Done:
    with torch.autocast("cpu", enabled=False):
        return step(made, spread(made.trainee, HERE), pieces, manner(BATCH, clip), lr=0.1, **named)


def _everything(made: State) -> dict[str, Tensor]:
    return copied(made.tensors())


@pytest.mark.parametrize(
    "head",
    [arcface.Config(scale=8.0), adam_softmax.Config(lam=1.0, scale=8.0)],
    ids=lambda head: head.name,
)
@pytest.mark.parametrize("count", [2, 4])
@pytest.mark.parametrize("optimiser", [sgd.Config(), adamw.Config()], ids=lambda o: o.name)
def test_step_when_the_batch_is_cut_then_is_that_of_one_pass(
    head: HeadConfig, count: int, optimiser: Any
) -> None:
    whole, cut = _state(head, optimiser), _state(head, optimiser)
    for number in range(3):
        one = _step(whole, _pieces(1, number), clip=1.0)
        other = _step(cut, _pieces(count, number), clip=1.0)
        torch.testing.assert_close(other.loss, one.loss, rtol=1e-12, atol=1e-12)
        torch.testing.assert_close(other.norm, one.norm, rtol=1e-12, atol=1e-12)
    wanted, found = whole.tensors(), cut.tensors()
    assert not are_equal(wanted, _state(head, optimiser).tensors())
    for name in wanted:
        torch.testing.assert_close(found[name], wanted[name], rtol=1e-9, atol=1e-12)
    assert whole.step == cut.step == 3


def test_step_when_the_batch_is_cut_then_decisions_are_on_the_same_samples() -> None:
    head = boundary.Config(scale=8.0, margin=0.1, first_corrected_epoch=0)
    found = {}
    for count in (1, 3):
        done = _step(_state(head), _pieces(count))
        assert [len(samples) for samples, _ in done.decisions] == [BATCH // count] * count
        samples = torch.cat([samples for samples, _ in done.decisions])
        score = torch.cat([decisions.score_B for _, decisions in done.decisions])
        found[count] = score[samples.argsort()]
    torch.testing.assert_close(found[3], found[1], rtol=1e-9, atol=1e-12)
    assert done.embeddings.shape == (BATCH // 3, DIM)


@pytest.mark.parametrize("limit", [1e-3, 1e3])
def test_step_when_clipped_then_gradients_are_those_of_torch(limit: float) -> None:
    ours, theirs = _state(), _state()
    done = _step(ours, _pieces(1), clip=limit)
    _step(theirs, _pieces(1), hold=torch.tensor(True))
    norm = nn.utils.clip_grad_norm_(theirs.trainee.parameters(), limit)
    torch.testing.assert_close(done.norm, norm, rtol=1e-12, atol=0)
    assert (float(norm) > limit) == (limit < 1)
    for one, other in zip(ours.trainee.parameters(), theirs.trainee.parameters(), strict=True):
        torch.testing.assert_close(one.grad, other.grad, rtol=1e-12, atol=1e-15)


def test_step_when_there_are_groups_then_each_moves_with_its_own_rate() -> None:
    plain = sgd.Config(momentum=0.0, weight_decay=0.0)
    once, twice = _state(None, plain), _state(None, plain.model_copy(update={"head_rate": 3.0}))
    before = copied(dict(once.trainee.named_parameters()))
    for made in (once, twice):
        _step(made, _pieces(1))
    for name, parameter in once.trainee.named_parameters():
        moved = parameter - before[name]
        wanted = moved * (3 if name.startswith("head.") else 1)
        found = twice.trainee.get_parameter(name) - before[name]
        torch.testing.assert_close(found, wanted, rtol=1e-9, atol=1e-14)


@pytest.mark.parametrize("optimiser", [sgd.Config(), adamw.Config()], ids=lambda o: o.name)
def test_step_when_held_or_not_finite_then_nothing_moves_but_the_count(optimiser: Any) -> None:
    made = _state(None, optimiser)
    _step(made, _pieces(1))
    before = _everything(made)
    held = _step(made, _pieces(1, 1), clip=1.0, hold=torch.tensor(True))
    assert not bool(held.is_bad) and bool(torch.isfinite(held.norm))
    assert are_equal(made.tensors(), before)
    (spoilt,) = _pieces(1, 1)
    spoilt.images[3] = math.nan
    bad = _step(made, [spoilt], clip=1.0)
    assert bool(bad.is_bad) and not bool(torch.isfinite(bad.loss))
    assert are_equal(made.tensors(), before)
    assert made.step == 3
    good = _step(made, _pieces(1, 1), clip=1.0, hold=torch.tensor(False))
    assert not bool(good.is_bad) and not are_equal(made.tensors(), before)


def test_step_when_an_average_is_kept_then_takes_the_new_weights() -> None:
    made = _state(ema=0.75)
    before = copied(dict(made.trainee.named_parameters()))
    _step(made, _pieces(1))
    assert made.average is not None
    for name, found in made.average.tensors().items():
        wanted = 0.75 * before[name] + 0.25 * made.trainee.get_parameter(name)
        torch.testing.assert_close(found, wanted, rtol=1e-12, atol=1e-14)


def test_step_when_the_loss_is_scaled_then_the_update_is_the_same() -> None:
    scaled, plain = _state(precision="float16"), _state()
    for made in (scaled, plain):
        for number in range(2):
            done = _step(made, _pieces(2, number), clip=0.5)
    assert not bool(done.is_bad)
    wanted = plain.tensors()
    for name, found in scaled.tensors().items():
        torch.testing.assert_close(found, wanted[name], rtol=1e-9, atol=1e-12)


def _overflowing(scale: float, good: int = 0) -> State:
    made = state(config(), precision="float16")
    made.scale.restore({"scale": scale, "good": good})
    return made


def _wide_step(made: State) -> Done:
    train_mode(made.trainee)
    net = spread(made.trainee, HERE)
    return step(made, net, [piece(range(BATCH))], manner(BATCH, 5.0), lr=0.1)


def test_step_when_the_scaled_loss_overflows_then_scale_halves_and_nothing_moves() -> None:
    made = _overflowing(HUGE)
    weights = copied(dict(made.trainee.named_parameters()))
    done = _wide_step(made)
    assert not bool(torch.isfinite(done.norm)) and bool(torch.isfinite(done.loss))
    assert not bool(done.is_bad), "a smaller scale may help"
    assert are_equal(dict(made.trainee.named_parameters()), weights)
    assert not any(bool(s["momentum_buffer"].any()) for s in made.optimiser.state.values())
    assert made.scale.numbers() == {"scale": HUGE / 2, "good": 0}


def test_step_when_enough_were_good_then_scale_grows() -> None:
    made = _overflowing(8.0, GROWTH - 1)
    done = _wide_step(made)
    assert bool(torch.isfinite(done.norm)) and not bool(done.is_bad)
    assert made.scale.numbers() == {"scale": 16.0, "good": 0}


@pytest.mark.parametrize(
    "frozen", [("backbone.conv1", "backbone.bn1", "head"), ("backbone.*.bn2.*",)]
)
def test_step_when_parts_are_frozen_then_they_stay_and_get_no_momentum(
    frozen: tuple[str, ...],
) -> None:
    made = state(config(freeze=frozen))
    before = copied(made.trainee.state_dict())
    assert not bool(_wide_step(made).is_bad)
    after = made.trainee.state_dict()
    stayed = {n for n in before if torch.equal(before[n], after[n])}
    parts = ("backbone.conv1.", "backbone.bn1.", "head.")
    if "head" not in frozen:
        parts = tuple(f"backbone.layer{n}.bn2." for n in (1, 2, 3, 4))
    assert {n for n in stayed if n != "backbone.features.weight"} == {
        n for n in before if n.startswith(parts)
    }
    names = dict(made.trainee.named_parameters())
    with_numbers = {n for n, p in names.items() if made.optimiser.state.get(p)}
    assert with_numbers == {n for n, p in names.items() if p.requires_grad}
    assert with_numbers & stayed == set()
