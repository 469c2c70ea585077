"""One cycle against OneCycleLR of torch, and where that one has no number."""

import numpy as np
import pytest
import torch
from torch.optim.lr_scheduler import OneCycleLR

from frlib.core.errors import ConfigError
from frlib.schedules import one_cycle

BASE = 0.3


def _torch(total: int, **options: object) -> list[float]:
    optimiser = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=BASE)
    rule = OneCycleLR(optimiser, BASE, total_steps=total, cycle_momentum=False, **options)
    found = [optimiser.param_groups[0]["lr"] / BASE]
    for _ in range(total - 1):
        optimiser.step()
        rule.step()
        found.append(optimiser.param_groups[0]["lr"] / BASE)
    return found


def _ours(total: int, **fields: object) -> list[float]:
    config = one_cycle.Config(**fields)
    return [one_cycle.factor(n, total, 10, config) for n in range(total)]


@pytest.mark.parametrize("total", [50, 61])
def test_factor_when_default_then_is_that_of_torch(total: int) -> None:
    np.testing.assert_allclose(_ours(total), _torch(total), rtol=1e-9)


@pytest.mark.parametrize("anneal", ["cosine", "linear"])
@pytest.mark.parametrize("phases", [2, 3])
@pytest.mark.parametrize("rise", [0.0, 0.01, 0.23, 0.5, 0.7, 1.0])
def test_factor_when_set_then_is_that_of_torch(anneal: str, phases: int, rise: float) -> None:
    found = _ours(
        57, rise_ratio=rise, start_ratio=0.1, final_ratio=0.002, anneal=anneal, phases=phases
    )
    expected = _torch(
        57,
        pct_start=rise,
        div_factor=10,
        final_div_factor=50,
        anneal_strategy={"cosine": "cos", "linear": "linear"}[anneal],
        three_phase=phases == 3,
    )
    np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-12)


def test_factor_when_three_linear_phases_then_rise_and_fall_mirror_each_other() -> None:
    found = _ours(100, rise_ratio=0.4, anneal="linear", phases=3)
    np.testing.assert_allclose(found[:79], found[78::-1], rtol=1e-12)
    assert found[-1] == pytest.approx(4e-6)


def test_factor_when_the_rise_is_one_step_then_starts_at_the_base_rate() -> None:
    assert _ours(10, rise_ratio=0.1)[0] == 1


def test_factor_when_past_the_end_then_stays() -> None:
    config = one_cycle.Config(final_ratio=0.01)
    assert [one_cycle.factor(n, 40, 10, config) for n in (39, 40, 4000)] == [0.01] * 3


@pytest.mark.parametrize(
    "fields", [{"rise_ratio": 1.1}, {"start_ratio": 0}, {"phases": 4}, {"momentum": 0.9}]
)
def test_config_when_wrong_then_is_refused(fields: dict[str, object]) -> None:
    with pytest.raises(ConfigError, match=next(iter(fields))):
        one_cycle.Config.parse(fields)
