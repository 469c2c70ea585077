"""Rows that took no part in a step stay as they are, with any optimiser."""

from collections.abc import Callable

import pytest
import torch
from torch import nn

from frlib.core.errors import ConfigError
from frlib.heads.head import Head, MovedRows
from frlib.heads.presets import boundary
from frlib.optimisers import sgd
from frlib.train.frozen import joined, only_rows
from frlib.train.loop import epochs
from tests.unit.train.worlds import HERE, config, manifest, pixels

ROWS = torch.tensor([0, 3, 4])
OTHERS = [1, 2]
OPTIMISERS: dict[str, Callable[[list[nn.Parameter]], torch.optim.Optimizer]] = {
    "sgd": lambda p: torch.optim.SGD(p, lr=0.1, momentum=0.9, weight_decay=0.1, foreach=True),
    "nesterov": lambda p: torch.optim.SGD(p, lr=0.1, momentum=0.9, nesterov=True),
    "adamw": lambda p: torch.optim.AdamW(p, lr=0.1, weight_decay=0.1),
}

every_optimiser = pytest.mark.parametrize("name", OPTIMISERS)


def _parameter() -> nn.Parameter:
    draw = torch.Generator().manual_seed(0)
    return nn.Parameter(torch.randn(5, 3, generator=draw, dtype=torch.float64))


def _grad(step: int) -> torch.Tensor:
    grad = torch.randn(5, 3, generator=torch.Generator().manual_seed(step), dtype=torch.float64)
    grad[OTHERS] = 0
    return grad


@every_optimiser
def test_only_rows_when_some_take_part_then_others_keep_weight_and_momentum(name: str) -> None:
    parameter = _parameter()
    optimiser = OPTIMISERS[name]([parameter])
    parameter.grad = torch.ones_like(parameter)
    optimiser.step()
    before = parameter.detach().clone()
    moments = {
        k: v.clone() for k, v in optimiser.state[parameter].items() if v.shape == before.shape
    }
    assert moments
    parameter.grad = _grad(1)
    with only_rows(optimiser, MovedRows(parameter, ROWS)):
        optimiser.step()
    assert torch.equal(parameter[OTHERS], before[OTHERS])
    assert not torch.isclose(parameter[ROWS], before[ROWS]).any()
    for key, value in moments.items():
        assert torch.equal(optimiser.state[parameter][key][OTHERS], value[OTHERS])
    assert parameter.grad is not None and parameter.grad.shape == parameter.shape


@every_optimiser
def test_only_rows_when_repeated_then_they_train_as_a_parameter_of_their_own(name: str) -> None:
    whole = _parameter()
    alone = nn.Parameter(whole.detach()[ROWS].clone())
    optimisers = [OPTIMISERS[name]([p]) for p in (whole, alone)]
    for step in range(4):
        whole.grad, alone.grad = _grad(step), _grad(step)[ROWS]
        with only_rows(optimisers[0], MovedRows(whole, ROWS)):
            optimisers[0].step()
        optimisers[1].step()
    torch.testing.assert_close(whole[ROWS], alone, rtol=0, atol=0)


def test_only_rows_when_the_step_fails_then_parameter_is_whole_again() -> None:
    parameter = _parameter()
    before = parameter.detach().clone()
    optimiser = OPTIMISERS["sgd"]([parameter])
    parameter.grad = _grad(0)
    with pytest.raises(RuntimeError), only_rows(optimiser, MovedRows(parameter, ROWS)):
        raise RuntimeError
    assert torch.equal(parameter, before)


@every_optimiser
def test_only_rows_when_the_gradient_is_apart_then_as_with_the_parameters_own(name: str) -> None:
    one, other = _parameter(), _parameter()
    optimisers = [OPTIMISERS[name]([p]) for p in (one, other)]
    for step in range(3):
        one.grad, other.grad = _grad(step), None
        moved = MovedRows(one, ROWS), MovedRows(other, ROWS, _grad(step)[ROWS])
        for optimiser, part in zip(optimisers, moved, strict=True):
            with only_rows(optimiser, part):
                optimiser.step()
    assert torch.equal(one, other)
    assert other.grad is None


def test_joined_when_passes_share_rows_then_each_is_once_with_the_sum() -> None:
    parameter = _parameter()
    parts = [
        MovedRows(parameter, torch.tensor(rows), torch.full((len(rows), 3), float(len(rows))))
        for rows in ([0, 4], [1, 3, 4])
    ]
    whole = joined(parts)
    assert whole.rows.tolist() == [0, 1, 3, 4]
    assert whole.gradient is not None
    assert whole.gradient[:, 0].tolist() == [2, 3, 3, 5]


@pytest.mark.parametrize("relabels", [False, True])
def test_training_when_rows_are_drawn_apart_or_offloaded_then_as_with_dense_gradients(
    relabels: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    head = boundary.Config(
        margin=0.1, sample_rate=0.5, first_corrected_epoch=0 if relabels else 100
    )
    optimiser = sgd.Config(lr=0.05, clip_norm=1.0)

    def trained(class_rows: str) -> dict[str, torch.Tensor]:
        run = config(head=head, optimiser=optimiser, class_rows=class_rows, accumulate=2)
        *_, last = epochs(run, manifest(6), pixels(), seed=0, place=HERE)
        return last.state.tensors()

    apart, offloaded = trained("auto"), trained("offloaded")
    monkeypatch.setattr(Head, "_centres", _dense)
    dense = trained("auto")
    for key, value in dense.items():
        torch.testing.assert_close(apart[key], value, rtol=1e-4, atol=1e-6)
        assert torch.equal(offloaded[key], apart[key])


def _dense(head: Head, rows: torch.Tensor, device: torch.device) -> torch.Tensor:
    return head.weight.index_select(0, rows)


def test_build_when_offloaded_and_all_classes_take_part_then_says_what_to_set() -> None:
    with pytest.raises(ConfigError, match=r"head\.sample_rate below 1"):
        next(epochs(config(class_rows="offloaded"), manifest(), pixels(), seed=0, place=HERE))


def test_weights_when_offloaded_then_are_those_that_the_optimiser_moves() -> None:
    head = boundary.Config(margin=0.1, sample_rate=0.5)
    run = config(head=head, class_rows="offloaded", epochs=1)
    *_, last = epochs(run, manifest(), pixels(), seed=0, place=HERE)
    own, moved = last.state.trainee.weights, last.state.optimiser.state
    assert dict(own)["head.weight"] is last.state.trainee.head.weight
    assert {id(weight) for _, weight in own if weight.requires_grad} == {id(one) for one in moved}
