"""What every rule that stops arms early keeps, whichever modules there are."""

import math
import random
from collections.abc import Callable, Mapping
from dataclasses import replace
from types import ModuleType
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from frlib.core import discover
from frlib.core.paper import Paper
from frlib.core.seeds import stream
from frlib.pruning import Design, Pruning, Rule, Seen
from tests.unit.pruning.worlds import SPACE, Running, cells, run

PACKAGE = "frlib.pruning"
MODULES = [discover.load(PACKAGE, name) for name in discover.choices(PACKAGE)]
SMALL: dict[str, dict[str, Any]] = {
    "halving": {"first_epoch": 1},
    "hyperband": {"keep_one_in": 2},
    "median": {"grace": 2, "least": 2},
    "racing": {"first_epoch": 2},
    "population": {"every": 1, "least": 3, "exploit": 0.4},
}
"""Settings by which short runs of few arms meet often; other rules have their defaults."""
DESIGN = Design(epochs=6, replicates=4, mode="max", space=SPACE, seed=3)
LEVELS = (0.1, 0.2, 0.3, 0.5, 0.8, math.nan)
SEED = st.integers(0, 10**6)

every_rule = pytest.mark.parametrize("module", MODULES, ids=lambda m: m.__name__.split(".")[-1])


def _build(module: ModuleType, design: Design = DESIGN) -> Callable[[], Rule]:
    config = module.Config(**SMALL.get(module.__name__.split(".")[-1], {}))
    return lambda: module.build(config, design)


def _value(seed: int) -> Callable[[str, int], float]:
    """Few levels, so that there are ties, and some that are not numbers."""
    return lambda arm, step: random.Random(f"{seed}/{arm}/{step}").choice(LEVELS)


def _told(verdicts: Mapping[str, object]) -> dict[str, str]:
    return {arm: repr(stop) for arm, stop in verdicts.items()}


@every_rule
def test_module_when_loaded_then_has_config_and_paper(module: ModuleType) -> None:
    config = module.Config()
    assert isinstance(config, Pruning)
    assert next(iter(module.Config.model_fields)) == "name"
    assert config.name == module.__name__.removeprefix(f"{PACKAGE}.")
    assert isinstance(module.PAPER, Paper)
    module.build(config, DESIGN)


@every_rule
def test_measured_at_when_asked_then_names_epochs_in_order_before_the_last(
    module: ModuleType,
) -> None:
    for epochs in (1, 2, 5, 24, 100):
        found = module.measured_at(module.Config(), epochs)
        assert list(found) == sorted(set(found))
        assert all(1 <= epoch < epochs for epoch in found)


@every_rule
def test_judge_when_an_arm_ends_then_at_a_measured_epoch_or_the_end_of_a_replicate(
    module: ModuleType,
) -> None:
    config = module.Config(**SMALL.get(module.__name__.split(".")[-1], {}))
    meant = {*module.measured_at(config, DESIGN.epochs), DESIGN.epochs}
    for seed in range(20):
        stops, arms = run(_build(module), DESIGN, cells(9), _value(seed), seed)
        assert bool(stops) == (config.name != "none")
        for arm in arms:
            stop = stops.get(arm.arm)
            assert (arm.step < 24) == (stop is not None), "nobody ends at the very last step"
            assert not (stop and arm.protected)
            if stop:
                assert (stop.rule, stop.rung) == (config.name, arm.step)
                assert (stop.rung - 1) % DESIGN.epochs + 1 in meant
                assert stop.value == pytest.approx(arm.course[arm.step], nan_ok=True)
                assert math.isfinite(stop.cutoff) and stop.n >= 1
                assert stop.message.startswith(config.name)
                assert f"{stop.cutoff:.4f}" in stop.message


@every_rule
@settings(max_examples=40, deadline=None)
@given(seed=SEED, restarts=st.sets(st.integers(0, 300), max_size=6))
def test_judge_when_interrupted_anywhere_then_the_verdicts_are_those_of_one_go(
    module: ModuleType, seed: int, restarts: set[int]
) -> None:
    build, value = _build(module), _value(seed)
    whole, ended = run(build, DESIGN, cells(7), value, seed)
    parts, ended_too = run(build, DESIGN, cells(7), value, seed, restarts)
    assert _told(parts) == _told(whole)
    assert [one.params for one in ended_too] == [one.params for one in ended]


@every_rule
@settings(max_examples=40, deadline=None)
@given(seed=SEED)
def test_judge_when_less_is_better_then_as_more_with_signs_turned(
    module: ModuleType, seed: int
) -> None:
    value = _value(seed)
    less = replace(DESIGN, mode="min")
    most, _ = run(_build(module), DESIGN, cells(7), value, seed)
    least, _ = run(_build(module, less), less, cells(7), lambda a, s: -value(a, s), seed)
    assert {arm: (s.rung, s.n, s.child, s.cutoff) for arm, s in most.items()} == {
        arm: (s.rung, s.n, s.child, -s.cutoff) for arm, s in least.items()
    }


@every_rule
@settings(max_examples=40, deadline=None)
@given(seed=SEED)
def test_judge_when_values_are_no_numbers_then_they_are_as_the_worst_that_there_are(
    module: ModuleType, seed: int
) -> None:
    """No infinity makes an arm go on that NaN would end."""
    value = _value(seed)
    build = _build(module)
    nan, _ = run(build, DESIGN, cells(7), value, seed)
    for worse in (math.inf, -math.inf):

        def other(arm: str, step: int, worse: float = worse) -> float:
            own = value(arm, step)
            return worse if math.isnan(own) else own

        found, _ = run(build, DESIGN, cells(7), other, seed)
        assert {a: s.rung for a, s in found.items()} == {a: s.rung for a, s in nan.items()}


@every_rule
def test_judge_when_an_epoch_is_told_again_then_nothing_changes(module: ModuleType) -> None:
    class Stammering:
        def __init__(self) -> None:
            self._rule = _build(module)()
            self.enter = self._rule.enter

        def judge(self, seen: Seen) -> object:
            stop = self._rule.judge(seen)
            assert self._rule.judge(replace(seen, value=0.9)) is None
            return stop

    for seed in range(10):
        once, _ = run(_build(module), DESIGN, cells(7), _value(seed), seed)
        twice, _ = run(Stammering, DESIGN, cells(7), _value(seed), seed)  # type: ignore[arg-type]
        assert _told(twice) == _told(once)


@every_rule
def test_judge_when_cells_are_many_then_each_is_as_if_alone(module: ModuleType) -> None:
    def turn(build: Callable[[], Rule], names: tuple[str, ...], seed: int) -> dict[str, str]:
        rule = build()
        found: dict[str, str] = {}
        every = {cell: cells(5, (cell,)) for cell in names}
        for step in range(1, 25):
            for cell in names:
                for arm in every[cell]:
                    if arm.arm not in found:
                        stop = rule.judge(arm.go(DESIGN, _value(seed)(arm.arm, step)))
                        found |= {arm.arm: repr(stop)} if stop else {}
        return found

    for seed in range(10):
        both = turn(_build(module), ("easy", "hard"), seed)
        alone = [turn(_build(module), (cell,), seed) for cell in ("easy", "hard")]
        assert both == alone[0] | alone[1]


class _Counting(float):
    """A number that counts how often it is compared, and so do its sums and means."""

    compared = 0

    def _count(self) -> float:
        _Counting.compared += 1
        return float(self)

    def __lt__(self, other: float) -> bool:
        return self._count() < float(other)

    def __le__(self, other: float) -> bool:
        return self._count() <= float(other)

    def __gt__(self, other: float) -> bool:
        return self._count() > float(other)

    def __ge__(self, other: float) -> bool:
        return self._count() >= float(other)

    def __eq__(self, other: object) -> bool:
        return self._count() == other

    def __add__(self, other: float) -> "_Counting":
        return _Counting(float(self) + float(other))

    __radd__ = __add__
    __hash__ = float.__hash__

    def __truediv__(self, other: float) -> "_Counting":
        return _Counting(float(self) / other)


@every_rule
def test_judge_when_a_cell_has_thousands_of_arms_then_a_few_dozen_comparisons_do(
    module: ModuleType,
) -> None:
    rule, rng, most = _build(module)(), stream(0, "crowd"), 0
    for i in range(2000):
        arm = Running(f"arm{i}", "crowd", cells(1)[0].params)
        for _ in range(2 * DESIGN.epochs):
            seen = arm.go(DESIGN, _Counting(0.5 + 1e-4 * i + rng.normal(0, 1e-3)))
            before = _Counting.compared
            stop = rule.judge(seen)
            most = max(most, _Counting.compared - before)
            if stop:
                break
    assert most < 80, "sorting or scanning 2000 arms takes thousands"
