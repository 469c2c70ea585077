"""Rows that took no part in a step stay as they are, with any optimiser."""

from collections.abc import Callable

import pytest
import torch
from torch import nn

from frlib.train.frozen import only_rows

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
    with only_rows(optimiser, parameter, ROWS):
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
        with only_rows(optimisers[0], whole, ROWS):
            optimisers[0].step()
        optimisers[1].step()
    torch.testing.assert_close(whole[ROWS], alone, rtol=0, atol=0)


def test_only_rows_when_the_step_fails_then_parameter_is_whole_again() -> None:
    parameter = _parameter()
    before = parameter.detach().clone()
    optimiser = OPTIMISERS["sgd"]([parameter])
    parameter.grad = _grad(0)
    with pytest.raises(RuntimeError), only_rows(optimiser, parameter, ROWS):
        raise RuntimeError
    assert torch.equal(parameter, before)
