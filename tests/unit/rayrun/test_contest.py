"""Searches played in records made by hand: the peak is at margin 0.3 and lambda 3."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest
from pydantic import ValidationError

from frlib.core.space import Branches, IntUniform, OneOf, Scalar, Space, Uniform
from frlib.core.space import grid as every_point
from frlib.pruning import halving, none, population, racing
from frlib.rayrun.contest import Played, Replicate, Step, distance, play
from frlib.samplers import grid, random, tpe
from frlib.study.arms import Arm, Cell, cells
from frlib.study.contest import Contest, Strategy
from frlib.study.schema import Replicates, Study
from frlib.study.search import Limits, Search
from frlib.study.selection import Selection
from tests.unit.study.designs import digests, small

SPACE = {"head.margin": Uniform(low=0.1, high=0.5), "head.lam": Uniform(low=0.0, high=6.0)}
SIDE, SEEDS, EPOCHS = 5, (0, 1, 2), 4
EVERY = Search(arms_per_cell=SIDE**2, sampler=grid.Config(points=SIDE))


def _study(**changes: Any) -> Study:
    from frlib.heads.presets import boundary

    head = boundary.Config(margin=0.2, lam=3.0)
    values: dict[str, Any] = {
        "axes": {"head": (head,), "noise.closed.ratio": (0.4,)},
        "space": SPACE,
        "search": EVERY,
        "pruning": none.Config(),
        "replicates": Replicates(seeds=SEEDS),
    }
    return small(**(values | changes))


def _worth(arm: Arm) -> float:
    margin, lam = float(arm.params["head.margin"]), float(arm.params["head.lam"])
    return 0.9 - (margin - 0.3) ** 2 - (lam - 3.0) ** 2 / 100


def _played(arm: Arm, seconds: float = 8.0) -> Played:
    """It rises by a hundredth an epoch; seeds move all arms alike."""
    course = [
        {e: _worth(arm) + 0.01 * (e - EPOCHS) + 0.001 * seed for e in range(2, EPOCHS + 1)}
        for seed in SEEDS
    ]
    replicates = tuple(Replicate(course=one, epochs=EPOCHS, seconds=seconds) for one in course)
    return Played(arm=arm, status="complete", replicates=replicates)


@pytest.fixture(scope="module")
def study() -> Study:
    return _study()


@pytest.fixture(scope="module")
def cell(study: Study) -> Cell:
    return next(cells(study, digests))


@pytest.fixture(scope="module")
def records(cell: Cell) -> list[Played]:
    return [_played(cell.arm(point)) for point in every_point(SPACE, SIDE)]


def _best(records: Sequence[Played]) -> Played:
    return max(records, key=lambda one: _worth(one.arm))


def _steps(
    study: Study, cell: Cell, records: Sequence[Played], sampler: Any, rule: Any, **more: Any
) -> list[Step]:
    search = Search(arms_per_cell=SIDE**2, sampler=sampler)
    strategy = Strategy(label="it", search=search, pruning=rule)
    return list(play(study, cell, records, strategy, **more))


def test_grid_when_played_then_every_arm_runs_once_and_the_best_is_found(
    study: Study, cell: Cell, records: list[Played]
) -> None:
    steps = _steps(study, cell, records, grid.Config(points=SIDE), none.Config())
    assert [one.arms for one in steps] == list(range(1, 26))
    assert {one.status for one in steps} == {"complete"}
    last, best = steps[-1], _best(records)
    assert (last.best, last.value) == (best.arm.digest, pytest.approx(_worth(best.arm) + 0.001))
    assert last.epochs == 25 * len(SEEDS) * EPOCHS
    assert last.seconds == pytest.approx(sum(one.seconds for one in records))
    assert last.clock == pytest.approx(last.seconds)
    assert steps[0].best == cell.default.digest


def test_order_when_the_repeat_differs_then_differs_and_when_it_is_equal_then_repeats(
    study: Study, cell: Cell, records: list[Played]
) -> None:
    for sampler in (grid.Config(points=SIDE), random.Config(), tpe.Config()):
        runs = [
            _steps(study, cell, records, sampler, none.Config(), repeat=repeat)
            for repeat in (0, 0, 1)
        ]
        values = [[(one.best, one.value) for one in steps] for steps in runs]
        assert runs[0] == runs[1]
        assert values[0] != values[2]


def test_clock_when_there_are_two_slots_then_takes_half_of_the_seconds(
    study: Study, cell: Cell, records: list[Played]
) -> None:
    one, two = (
        _steps(study, cell, records, grid.Config(points=SIDE), none.Config(), slots=slots)
        for slots in (1, 2)
    )
    alone = records[0].seconds
    assert [step.best for step in two] == [step.best for step in one]
    assert [step.clock for step in two] == pytest.approx([(n // 2 + 1) * alone for n in range(25)])
    assert two[-1].seconds == pytest.approx(one[-1].seconds)
    assert one[-1].clock == pytest.approx(25 * alone)


def test_clock_when_arms_are_of_unequal_speed_then_the_free_slot_goes_on(
    study: Study, cell: Cell, records: list[Played]
) -> None:
    slow = cell.default.digest
    some = [_played(one.arm, 80.0 if one.arm.digest == slow else 8.0) for one in records]
    steps = _steps(study, cell, some, grid.Config(points=SIDE), none.Config(), slots=2)
    assert [one.clock for one in steps[:3]] == pytest.approx([24.0, 48.0, 72.0])
    assert steps[2].seconds == pytest.approx(3 * 24.0 + 60.0)
    assert steps[-1].seconds == pytest.approx(24 * 24.0 + 240.0)


@pytest.mark.parametrize("slots", [1, 2])
def test_rule_when_it_never_stops_then_the_search_is_a_plain_one(
    study: Study, cell: Cell, records: list[Played], slots: int
) -> None:
    plain = _steps(study, cell, records, tpe.Config(), none.Config(), slots=slots)
    patient = racing.Config(least=len(SEEDS))
    assert _steps(study, cell, records, tpe.Config(), patient, slots=slots) == plain


@pytest.mark.parametrize(
    "rule", [halving.Config(first_epoch=2), racing.Config(), racing.Config(first_epoch=2)]
)
def test_rule_when_it_stops_then_costs_less_and_spares_the_default(
    study: Study, cell: Cell, records: list[Played], rule: Any
) -> None:
    every = _steps(study, cell, records, grid.Config(points=SIDE), none.Config())
    some = _steps(study, cell, records, grid.Config(points=SIDE), rule)
    assert [one.arms for one in some] == [one.arms for one in every]
    assert some[-1].seconds < 0.8 * every[-1].seconds
    assert some[-1].best == every[-1].best
    assert some[0].status == "complete"
    assert {one.status for one in some} == {"complete", "stopped"}


def test_halving_when_arms_fall_at_the_first_rung_then_two_epochs_are_paid(
    study: Study, cell: Cell, records: list[Played]
) -> None:
    flat = [
        Played(
            arm=one.arm,
            status="complete",
            replicates=tuple(
                Replicate(
                    course={2: 0.5 if one.arm.is_default else 0.4, EPOCHS: 0.5},
                    epochs=EPOCHS,
                    seconds=8.0,
                )
                for _ in SEEDS
            ),
        )
        for one in records[:3] + [r for r in records[3:] if r.arm.is_default]
    ]
    steps = _steps(
        study, cell, flat, grid.Config(points=SIDE), halving.Config(first_epoch=2, keep_one_in=9)
    )
    assert [one.epochs for one in steps] == [12, 14, 16, 18]
    assert steps[-1].seconds == pytest.approx(24.0 + 3 * 4.0)


def test_replicates_when_the_repeat_differs_then_run_in_another_order_in_all_arms_alike(
    study: Study, cell: Cell, records: list[Played]
) -> None:
    some = [
        replace(
            one,
            replicates=tuple(
                replace(r, seconds=4.0 * 2**seed)
                for seed, r in zip(SEEDS, one.replicates, strict=True)
            ),
        )
        for one in records
        if one.arm.is_default or _worth(one.arm) < _worth(cell.default) - 1e-9
    ]
    firsts = []
    for repeat in range(6):
        steps = _steps(
            study,
            cell,
            some,
            grid.Config(points=SIDE),
            halving.Config(first_epoch=2, keep_one_in=99),
            repeat=repeat,
        )
        paid = {round(b.seconds - a.seconds, 9) for a, b in pairwise(steps)}
        assert len(paid) == 1
        firsts.append(paid.pop())
    assert set(firsts) == {2.0, 4.0, 8.0}


def test_arm_when_it_failed_on_record_then_fails_and_costs_what_it_did(
    study: Study, cell: Cell, records: list[Played]
) -> None:
    best = _best(records).arm.digest
    broken = Replicate(course={2: 0.99}, epochs=2, seconds=3.0)
    some = [
        Played(arm=one.arm, status="failed", replicates=(one.replicates[0], broken))
        if one.arm.digest == best
        else one
        for one in records
    ]
    steps = _steps(study, cell, some, grid.Config(points=SIDE), none.Config())
    assert sum(one.status == "failed" for one in steps) == 1
    assert best not in {one.best for one in steps}
    assert steps[-1].seconds == pytest.approx(24 * 24.0 + 8.0 + 3.0)


def test_replicate_when_it_ended_early_then_stands_for_all_its_epochs(
    study: Study, cell: Cell, records: list[Played]
) -> None:
    short = [
        Played(
            arm=one.arm,
            status="complete",
            replicates=tuple(
                Replicate(course={2: _worth(one.arm)}, epochs=2, seconds=4.0) for _ in SEEDS
            ),
        )
        for one in records
    ]
    plain = _steps(study, cell, short, grid.Config(points=SIDE), none.Config())
    assert plain[-1].epochs == 25 * len(SEEDS) * 2
    assert plain[-1].seconds == pytest.approx(25 * 12.0)
    raced = _steps(study, cell, short, grid.Config(points=SIDE), racing.Config())
    assert raced[-1].seconds < plain[-1].seconds
    assert raced[-1].best == plain[-1].best == _best(records).arm.digest


def test_best_when_less_is_better_then_is_the_lowest(cell: Cell, records: list[Played]) -> None:
    turned = _study(selection=Selection(metric="eer"))
    steps = _steps(turned, cell, records, grid.Config(points=SIDE), none.Config())
    worst = min(records, key=lambda one: _worth(one.arm))
    assert _worth(next(r.arm for r in records if r.arm.digest == steps[-1].best)) == pytest.approx(
        _worth(worst.arm)
    )


def test_distance_when_spaces_are_mixed_then_counts_ranges_logs_and_choices() -> None:
    space: Space = {
        "a": Uniform(low=1.0, high=100.0, log=True),
        "b": IntUniform(low=0, high=10),
        "c": OneOf(values=("x", "y")),
        "d": Branches(options={"one": {"m": Uniform(low=0.0, high=2.0)}, "two": {}}),
    }
    here: dict[str, Scalar] = {"a": 1.0, "b": 0, "c": "x", "d": "one", "d.m": 0.0}
    assert distance(space, here, here) == 0.0
    assert distance(space, here, here | {"a": 10.0}) == pytest.approx(0.25)
    assert distance(space, here, here | {"b": 5}) == pytest.approx(0.25)
    assert distance(space, here, here | {"c": "y"}) == 1.0
    assert distance(space, here, here | {"d.m": 1.0}) == pytest.approx(0.25)
    other = {key: value for key, value in here.items() if key != "d.m"} | {"d": "two"}
    assert distance(space, here, other) == 2.0


def _contest(**changes: Any) -> Contest:
    values: dict[str, Any] = {"label": "it", "search": Search(arms_per_cell=4)} | changes
    return Contest(strategies=(Strategy(**values),))


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"search": Search(arms_per_cell=4, warm_start=("other",))}, "search.warm_start"),
        ({"search": Search(arms_per_cell=4, limits=Limits(seconds=3.0))}, "search.limits"),
        ({"pruning": population.Config()}, "population changes arms while they run"),
    ],
)
def test_strategy_when_it_cannot_be_played_then_says_why(
    changes: dict[str, Any], words: str
) -> None:
    with pytest.raises(ValidationError, match=words):
        _contest(**changes)


def test_contest_when_labels_repeat_or_it_does_not_fit_the_study_then_says_so() -> None:
    one = Strategy(label="it", search=Search(arms_per_cell=4))
    with pytest.raises(ValidationError, match=r"labels of strategies repeat: \['it', 'it'\]"):
        Contest(strategies=(one, one))
    with pytest.raises(ValueError, match="a contest has one winner"):
        _contest().check(SPACE, Selection(against=("seconds",)), [])
    lists = {"head.margin": OneOf(values=(0.1, 0.2))}
    with pytest.raises(ValueError, match=r"strategy 'it': search\.sampler=cmaes does not"):
        _contest(search=Search(arms_per_cell=4, sampler="cmaes")).check(lists, Selection(), [])
    every_second = _study().base.model_copy(update={"select_every": 2})
    with pytest.raises(ValueError, match=r"strategy 'it' compares arms after 3 epochs, but select"):
        _contest(pruning=halving.Config(first_epoch=3)).check(SPACE, Selection(), [every_second])
    _contest(pruning=halving.Config(first_epoch=2)).check(SPACE, Selection(), [every_second])
