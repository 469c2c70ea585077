"""What every learning-rate rule keeps, whichever modules there are.

A rule is plain (`factor`: it depends on the step alone) or driven by the loss (`follow`).
"""

import json
import math
from itertools import pairwise
from types import ModuleType

import numpy as np
import pytest

from frlib import schedules
from frlib.core import discover
from frlib.core.paper import Paper
from frlib.core.seeds import stream

PACKAGE = "frlib.schedules"
PER_EPOCH = 7
TOTAL = 24 * PER_EPOCH

MODULES = [discover.load(PACKAGE, name) for name in discover.choices(PACKAGE)]


def _those(function: str) -> pytest.MarkDecorator:
    having = [module for module in MODULES if hasattr(module, function)]
    return pytest.mark.parametrize("module", having, ids=lambda m: m.__name__.split(".")[-1])


every_schedule = _those("Config")
every_plain = _those("factor")
every_driven = _those("follow")

STILL = [7.0] * TOTAL
FALLING = [50 * 0.97**i for i in range(TOTAL)]
RISING = FALLING[::-1]
NOISY = (np.array(FALLING) + stream(0, "losses").normal(0, 3, TOTAL)).tolist()
every_course = pytest.mark.parametrize(
    "losses", [STILL, FALLING, RISING, NOISY], ids=["still", "falling", "rising", "noisy"]
)


def _start(module: ModuleType) -> schedules.Rule:
    rule: schedules.Rule = module.follow(TOTAL, PER_EPOCH, module.Config())
    return rule


def _factors(rule: schedules.Rule, losses: list[float], late: int = 0) -> list[float]:
    """The factors of a run whose losses are read `late` steps late."""
    found = []
    for i in range(len(losses)):
        found.append(rule.factor(i))
        if i >= late:
            rule.observe(losses[i - late])
    for loss in losses[len(losses) - late :]:
        rule.observe(loss)
    return found


@every_schedule
def test_module_when_loaded_then_has_config_and_paper(module: ModuleType) -> None:
    assert next(iter(module.Config.model_fields)) == "name"
    assert module.Config().name == module.__name__.removeprefix(f"{PACKAGE}.")
    assert isinstance(module.PAPER, Paper)
    assert hasattr(module, "factor") != hasattr(module, "follow"), "a rule is of one kind"


@every_plain
def test_factor_when_default_then_rises_to_the_base_rate_at_most_once(module: ModuleType) -> None:
    config = module.Config()
    factors = [module.factor(i, TOTAL, PER_EPOCH, config) for i in range(TOTAL)]
    peak = int(np.argmax(factors))
    assert factors[peak] == pytest.approx(1, abs=1e-3)
    assert all(0 <= factor <= 1 for factor in factors)
    assert all(early <= late for early, late in pairwise(factors[: peak + 1]))
    assert all(late <= early for early, late in pairwise(factors[peak:]))


@every_plain
def test_factor_when_past_the_end_then_stays_where_it_ended(module: ModuleType) -> None:
    config = module.Config()
    past = [module.factor(TOTAL + i, TOTAL, PER_EPOCH, config) for i in range(50)]
    assert len(set(past)) == 1
    assert past[0] <= module.factor(TOTAL - 1, TOTAL, PER_EPOCH, config)


@every_plain
def test_factor_when_asked_in_any_order_then_depends_on_the_step_alone(module: ModuleType) -> None:
    config = module.Config()
    forward = [module.factor(i, TOTAL, PER_EPOCH, config) for i in range(TOTAL)]
    backward = [module.factor(i, TOTAL, PER_EPOCH, config) for i in reversed(range(TOTAL))]
    assert forward == backward[::-1]
    assert all(isinstance(f, float) and math.isfinite(f) for f in forward)


@every_plain
def test_follow_when_plain_then_repeats_the_factor_and_keeps_nothing(module: ModuleType) -> None:
    config = module.Config()
    rule = schedules.follow(TOTAL, PER_EPOCH, config)
    assert not rule.observes
    assert _factors(rule, STILL) == [
        module.factor(i, TOTAL, PER_EPOCH, config) for i in range(TOTAL)
    ]
    assert rule.numbers() == {}
    rule.restore({})


@every_driven
@every_course
def test_follow_when_default_then_starts_at_one_and_never_rises(
    module: ModuleType, losses: list[float]
) -> None:
    rule = schedules.follow(TOTAL, PER_EPOCH, module.Config())
    assert rule.observes
    factors = _factors(rule, losses)
    assert factors[:2] == [1, 1]
    assert all(late <= early for early, late in pairwise(factors))
    assert all(isinstance(f, float) and math.isfinite(f) and f >= 0 for f in factors)


@every_driven
def test_follow_when_the_loss_stands_still_then_the_rate_falls(module: ModuleType) -> None:
    assert _factors(_start(module), STILL)[-1] < 1


@every_driven
@every_course
def test_follow_when_run_again_or_read_a_step_late_then_nothing_changes(
    module: ModuleType, losses: list[float]
) -> None:
    one, again, behind = (_start(module) for _ in range(3))
    expected = _factors(one, losses)
    assert _factors(again, losses) == expected
    assert _factors(behind, losses, late=1) == expected
    assert one.numbers() == again.numbers() == behind.numbers()


@every_driven
@every_course
def test_follow_when_its_numbers_go_through_json_at_every_step_then_nothing_changes(
    module: ModuleType, losses: list[float]
) -> None:
    whole, rule = _start(module), _start(module)
    for i, loss in enumerate(losses):
        rule, before = _start(module), rule
        rule.restore(json.loads(json.dumps(before.numbers())))
        assert rule.numbers() == before.numbers() == whole.numbers()
        assert rule.factor(i) == whole.factor(i)
        whole.observe(loss)
        rule.observe(loss)
    assert rule.factor(TOTAL) == whole.factor(TOTAL)
