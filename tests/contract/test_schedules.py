"""What every learning-rate rule keeps, whichever modules there are."""

import math
from itertools import pairwise
from types import ModuleType

import pytest

from frlib.core import discover
from frlib.core.paper import Paper

PACKAGE = "frlib.schedules"
PER_EPOCH = 7
TOTAL = 24 * PER_EPOCH

MODULES = [discover.load(PACKAGE, name) for name in discover.choices(PACKAGE)]

every_schedule = pytest.mark.parametrize("module", MODULES, ids=discover.choices(PACKAGE))


@every_schedule
def test_module_when_loaded_then_has_config_and_paper(module: ModuleType) -> None:
    assert next(iter(module.Config.model_fields)) == "name"
    assert module.Config().name == module.__name__.removeprefix(f"{PACKAGE}.")
    assert isinstance(module.PAPER, Paper)


@every_schedule
def test_factor_when_default_then_starts_at_one_and_never_rises(module: ModuleType) -> None:
    config = module.Config()
    factors = [module.factor(i, TOTAL, PER_EPOCH, config) for i in range(TOTAL)]
    assert factors[0] == 1
    assert all(late <= early for early, late in pairwise(factors))
    assert 0 <= factors[-1] < 0.1


@every_schedule
def test_factor_when_past_the_end_then_stays_where_it_ended(module: ModuleType) -> None:
    config = module.Config()
    past = [module.factor(TOTAL + i, TOTAL, PER_EPOCH, config) for i in range(50)]
    assert len(set(past)) == 1
    assert past[0] <= module.factor(TOTAL - 1, TOTAL, PER_EPOCH, config)


@every_schedule
def test_factor_when_asked_in_any_order_then_depends_on_the_step_alone(module: ModuleType) -> None:
    config = module.Config()
    forward = [module.factor(i, TOTAL, PER_EPOCH, config) for i in range(TOTAL)]
    backward = [module.factor(i, TOTAL, PER_EPOCH, config) for i in reversed(range(TOTAL))]
    assert forward == backward[::-1]
    assert all(isinstance(f, float) and math.isfinite(f) for f in forward)
