"""Who is replaced, by whose child, and what is different about it."""

import math
from collections import Counter
from typing import Any

import pytest

from frlib.core.errors import ConfigError
from frlib.core.seeds import stream
from frlib.core.space import Branches, Distribution, IntUniform, OneOf, Uniform
from frlib.pruning import Design, Past, Rule, Seen, Stop, population
from frlib.pruning._changes import Explore
from tests.unit.pruning.worlds import SPACE, cells, rule, run, told

DESIGN = Design(epochs=10, replicates=2, mode="max", space=SPACE, seed=1)
PARAMS = {"optimiser.lr": 0.1, "head.margin": 0.5, "batch_size": 64}
SETTINGS: dict[str, Any] = {"every": 1, "exploit": 0.25, "least": 4}


def _crowd(rule: Rule, values: dict[str, float]) -> list[Stop | None]:
    """Arms at the first comparison, in turn."""
    params = {arm: PARAMS | {"head.margin": i / 10} for i, arm in enumerate(values)}
    return [told(rule, arm, [v], params=params[arm])[0] for arm, v in values.items()]


def test_measured_at_when_asked_then_ends_before_the_last_epoch() -> None:
    assert population.measured_at(population.Config(every=5), 20) == (5, 10, 15)


def test_judge_when_an_arm_is_in_the_worst_share_then_a_child_of_the_best_goes_on() -> None:
    one = rule(population, DESIGN, **SETTINGS, resample=0.0, factors=(1.5,))
    *others, stop = _crowd(one, {"a": 0.5, "b": 0.9, "c": 0.6, "d": 0.4})
    assert others == [None] * 3
    assert stop is not None and stop.child is not None
    assert (stop.rule, stop.rung, stop.value, stop.n) == ("population", 1, 0.4, 4)
    assert stop.cutoff == 0.5, "the third of four would have gone on"
    assert (stop.child.parent, stop.child.epoch) == ("b", 1)
    assert stop.child.changes == {
        "head.margin": pytest.approx(0.15),
        "optimiser.lr": pytest.approx(0.15),
    }
    assert stop.message == (
        "population: after 1 epochs it ranked 4 of 4 (0.4000, needed 0.5000); "
        "b goes on with head.margin=0.15, optimiser.lr=0.15"
    )


def test_judge_when_few_or_tied_or_protected_or_late_then_goes_on() -> None:
    assert _crowd(rule(population, DESIGN, **SETTINGS), {"a": 3, "b": 2, "c": 1}) == [None] * 3
    assert (
        _crowd(rule(population, DESIGN, **SETTINGS), dict.fromkeys("abcdefgh", 0.5)) == [None] * 8
    )
    one = rule(population, DESIGN, **SETTINGS)
    _crowd(one, {"a": 3, "b": 2, "c": 2})
    assert told(one, "default", [1], params=PARAMS, protected=True) == [None]
    short = Design(epochs=1, replicates=3, mode="max", space=SPACE)
    assert (
        _crowd(rule(population, short, **SETTINGS), {"a": 4, "b": 3, "c": 2, "d": 1}) == [None] * 4
    )


def test_judge_when_many_end_then_parents_are_of_the_best_share_and_all_of_it() -> None:
    one = rule(population, DESIGN, **SETTINGS, children=20.0)
    _crowd(one, {f"good{i}": 1 + i / 10 for i in range(8)})
    stops = [told(one, f"bad{i}", [-i], params=PARAMS)[0] for i in range(60)]
    parents = Counter(s.child.parent for s in stops[:2] if s and s.child)
    assert set(parents) <= {"good7", "good6"}, "the best 2 of 9 or 10"
    assert all(stop is not None for stop in stops)
    late = {s.child.parent for s in stops[30:] if s and s.child}
    assert len(late) > 5, "of the best 10 to 17 all are drawn sooner or later"


def test_judge_when_children_are_used_up_then_ends_without_one_and_says_so() -> None:
    one = rule(population, DESIGN, **SETTINGS, children=0.5)
    _crowd(one, {"a": 9, "b": 8, "c": 7})
    stops = [told(one, f"d{i}", [-i], params=PARAMS)[0] for i in range(6)]
    has_child = [stop is not None and stop.child is not None for stop in stops]
    assert all(stops)
    assert has_child == [True, True, True, False, True, False], "2 of 4, 2 of 5, 3 of 6, ..."
    none = rule(population, DESIGN, **SETTINGS, children=0.0)
    *_, stop = _crowd(none, {"a": 9, "b": 8, "c": 7, "d": 6})
    assert stop is not None and stop.child is None and stop.message.endswith("; no child")


def test_enter_when_arms_were_replaced_then_their_children_are_counted() -> None:
    one = rule(population, DESIGN, **SETTINGS, children=0.5)
    for i, replaced in enumerate([True, True, False]):
        past = Past(
            arm=f"old{i}",
            cell="cell",
            course={1: float(i)},
            finals=(),
            params=PARAMS,
            replaced=replaced,
        )
        one.enter(past)
    [stop] = told(one, "new", [-1.0], params=PARAMS)
    assert stop is not None and stop.child is None
    [stop] = told(one, "newer", [-2.0], params=PARAMS)
    assert stop is not None and stop.child is None
    [stop] = told(one, "newest", [-3.0], params=PARAMS)
    assert stop is not None and stop.child is not None


def test_judge_when_seed_cell_arm_and_epoch_are_the_same_then_so_is_the_child() -> None:
    def born(seed: int = 1, last: str = "d", first: float = 0.9) -> object:
        design = Design(epochs=10, replicates=2, mode="max", space=SPACE, seed=seed)
        one = rule(population, design, **SETTINGS)
        *_, stop = _crowd(one, {"a": first, "b": 0.8, "c": 0.7, last: 0.1})
        assert stop is not None and stop.child is not None
        return stop.child.changes

    assert born() == born() == born(first=0.95)
    assert born() != born(seed=2)
    assert born() != born(last="e")


def test_judge_when_children_run_then_they_change_line_by_line() -> None:
    def value(arm: str, step: int) -> float:
        return float(stream(0, arm, step).normal())

    config = {"every": 2, "exploit": 0.3, "least": 3}
    stops, arms = run(lambda: rule(population, DESIGN, **config), DESIGN, cells(8), value, 5)
    names = {arm.arm for arm in arms}
    children = [arm for arm in arms if arm.arm.endswith("'")]
    assert children and len(children) <= 16
    assert len(children) == sum(stop.child is not None for stop in stops.values())
    assert any(name.endswith("''") for name in names), "a child was replaced as well"
    for child in children:
        assert min(child.course) == stops[child.arm[:-1]].rung + 1
        assert 1e-3 <= float(child.params["optimiser.lr"]) <= 1
        assert 0 <= float(child.params["head.margin"]) <= 1


@pytest.mark.parametrize(
    "space",
    [
        {},
        {"batch_size": OneOf(values=(64, 128))},
        {"head.loss_k": IntUniform(low=1, high=3)},
        {"schedule.gamma": Uniform(low=0.1, high=0.5)},
    ],
)
def test_judge_when_nothing_can_change_in_a_run_then_ends_without_a_child(
    space: dict[str, Any],
) -> None:
    one = rule(population, Design(epochs=10, replicates=2, mode="max", space=space), **SETTINGS)
    params = {"batch_size": 64, "head.loss_k": 2, "schedule.gamma": 0.2}
    *_, stop = [told(one, arm, [-i], params=params)[0] for i, arm in enumerate("abcd")]
    assert stop is not None and stop.child is None


def test_judge_when_a_parent_is_in_a_later_replicate_then_its_settings_of_the_first_count() -> None:
    """There, a child runs its first epochs with other settings again."""
    one = rule(population, DESIGN, **SETTINGS, resample=0.0, factors=(1.5,))
    _crowd(one, {"a": 0.5, "b": 0.9, "c": 0.6})
    again: dict[str, Any] = {"step": 11, "value": 0.9, "finals": (0.9,), "protected": False}
    one.judge(Seen(arm="b", cell="cell", params=PARAMS | {"head.margin": 0.6}, **again))
    [stop] = told(one, "d", [0.4], params=PARAMS)
    assert stop is not None and stop.child is not None
    assert stop.child.changes["head.margin"] == pytest.approx(0.15)


def test_factors_when_one_is_not_positive_then_says_so() -> None:
    with pytest.raises(ConfigError, match="expected numbers above 0"):
        population.Config.parse({"factors": (0.8, -1.2)})


def test_explore_when_settings_are_changed_then_only_those_and_inside_their_ranges() -> None:
    explore, rng = Explore((0.5, 2.0), 0.0), stream(0, "t")
    space = SPACE | {"head.loss_k": IntUniform(low=1, high=3)}
    params = PARAMS | {"head.loss_k": 2, "optimiser.lr": 0.9}
    found = [explore(space, params, rng) for _ in range(50)]
    assert {tuple(one) for one in found} == {("head.margin", "optimiser.lr")}
    assert {one["head.margin"] for one in found} == {0.25, 1.0}
    assert {one["optimiser.lr"] for one in found} == {0.45, 1.0}


def test_explore_when_a_factor_would_not_move_a_value_then_it_is_drawn_anew() -> None:
    explore, rng = Explore((2.0,), 0.0), stream(0, "t")
    for stuck in (0.0, 1.0):
        found = {explore(SPACE, {"head.margin": stuck}, rng)["head.margin"] for _ in range(20)}
        assert len(found) == 20 and all(0 <= float(v) <= 1 for v in found)


def test_explore_when_drawn_on_a_log_scale_then_half_lies_below_the_geometric_mean() -> None:
    explore, rng = Explore((1.2,), 1.0), stream(0, "t")
    found = [float(explore(SPACE, PARAMS, rng)["optimiser.lr"]) for _ in range(1000)]
    below = sum(value < math.sqrt(1e-3) for value in found)
    assert 450 < below < 550


def test_explore_when_the_space_branches_then_changes_what_the_parent_has() -> None:
    space: dict[str, Distribution] = {
        "head.margin": Branches(
            options={
                "arc": {"margin": Uniform(low=0.1, high=1.0)},
                "cos": {"margin": Uniform(low=0.1, high=0.5)},
            }
        )
    }
    explore, rng = Explore((1.5,), 0.0), stream(0, "t")
    arc = explore(space, {"head.margin": "arc", "head.margin.margin": 0.4}, rng)
    assert arc == {"head.margin.margin": pytest.approx(0.6)}
    cos = explore(space, {"head.margin": "cos", "head.margin.margin": 0.4}, rng)
    assert cos == {"head.margin.margin": 0.5}
