"""Our optimisers against torch's plain ones in float64, and steps that are held."""

from typing import Any

import pytest
import torch
from torch import nn

from frlib.optimisers import adamw, groups, sgd

NAMES = ("backbone.conv.weight", "backbone.conv.bias", "head.weight")
SHAPES = ((4, 3), (4,), (5, 4))
CASES: dict[str, Any] = {
    "sgd": sgd.Config(),
    "sgd, nesterov": sgd.Config(nesterov=True),
    "sgd without momentum": sgd.Config(momentum=0.0, nesterov=True),
    "sgd, weights decay": sgd.Config(decay="weights", weight_decay=0.1, head_rate=2.0),
    "adamw": adamw.Config(),
    "adamw, weights decay": adamw.Config(decay="weights", head_rate=0.5, beta2=0.95, eps=1e-3),
}

every_case = pytest.mark.parametrize("case", CASES)


def _parameters() -> list[nn.Parameter]:
    draw = torch.Generator().manual_seed(0)
    return [nn.Parameter(torch.randn(s, generator=draw, dtype=torch.float64)) for s in SHAPES]


def _build(config: Any, parameters: list[nn.Parameter]) -> torch.optim.Optimizer:
    module = adamw if config.name == "adamw" else sgd
    return module.build(config, groups(zip(NAMES, parameters, strict=True), config))


def _plain(config: Any, parameters: list[nn.Parameter]) -> torch.optim.Optimizer:
    """By torch's loop over parameters, one group each."""
    found = []
    for name, parameter in zip(NAMES, parameters, strict=True):
        decays = config.decay == "all" or parameter.dim() > 1
        rate = config.head_rate if name.startswith("head") else 1.0
        decay = config.weight_decay if decays else 0.0
        found.append({"params": [parameter], "lr": config.lr * rate, "weight_decay": decay})
    if config.name == "adamw":
        betas = (config.beta1, config.beta2)
        return torch.optim.AdamW(found, betas=betas, eps=config.eps, foreach=False)
    nesterov = config.nesterov and config.momentum > 0
    return torch.optim.SGD(found, momentum=config.momentum, nesterov=nesterov, foreach=False)


def _step(optimiser: torch.optim.Optimizer, parameters: list[nn.Parameter], step: int) -> None:
    draw = torch.Generator().manual_seed(step)
    for parameter in parameters:
        parameter.grad = torch.randn(parameter.shape, generator=draw, dtype=torch.float64)
    optimiser.step()


def _ours(config: Any, parameters: list[nn.Parameter], *held: bool) -> torch.optim.Optimizer:
    """After one step for each of `held`."""
    optimiser = _build(config, parameters)
    for number, is_held in enumerate(held):
        for group in optimiser.param_groups:
            group["lr"] = config.lr * group["rate"]
        optimiser.found_inf = torch.tensor(float(is_held))  # type: ignore[attr-defined]
        _step(optimiser, parameters, number)
    return optimiser


def _numbers(optimiser: torch.optim.Optimizer, parameters: list[nn.Parameter]) -> list[Any]:
    return [{k: v.clone() for k, v in optimiser.state[p].items()} for p in parameters]


@every_case
def test_steps_when_all_are_done_then_weights_are_those_of_torch(case: str) -> None:
    ours, plain = _parameters(), _parameters()
    _ours(CASES[case], ours, *[False] * 5)
    reference = _plain(CASES[case], plain)
    for number in range(5):
        _step(reference, plain, number)
    for one, other in zip(ours, plain, strict=True):
        assert not torch.equal(one, _parameters()[2]) and one.dtype == torch.float64
        torch.testing.assert_close(one, other, rtol=1e-12, atol=1e-14)


@every_case
def test_steps_when_one_is_held_then_neither_weights_nor_numbers_move(case: str) -> None:
    before, after = _parameters(), _parameters()
    wanted = _numbers(_ours(CASES[case], before, False, False), before)
    found = _numbers(_ours(CASES[case], after, False, False, True), after)
    for one, other in zip(before, after, strict=True):
        assert torch.equal(one, other)
    for old, new in zip(wanted, found, strict=True):
        assert old.keys() == new.keys()
        assert all(torch.equal(old[name], new[name]) for name in old)


@every_case
def test_steps_when_the_first_is_held_then_the_second_is_as_the_first(case: str) -> None:
    held, moved = _parameters(), _parameters()
    _ours(CASES[case], held, True)
    for one, other in zip(held, _parameters(), strict=True):
        assert torch.equal(one, other)
    optimiser = _ours(CASES[case], moved, True)
    optimiser.found_inf = torch.tensor(0.0)  # type: ignore[attr-defined]
    _step(optimiser, moved, 0)
    once = _parameters()
    _ours(CASES[case], once, False)
    for one, other in zip(moved, once, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize(
    ("case", "names"),
    [
        ("sgd", {"momentum_buffer"}),
        ("sgd without momentum", set()),
        ("adamw", {"step", "exp_avg", "exp_avg_sq"}),
    ],
)
def test_build_when_nothing_has_moved_then_its_numbers_are_there_and_zero(
    case: str, names: set[str]
) -> None:
    parameters = _parameters()
    optimiser = _build(CASES[case], parameters)
    for parameter in parameters:
        found = optimiser.state.get(parameter, {})
        assert found.keys() == names
        assert not any(bool(value.any()) for value in found.values())
