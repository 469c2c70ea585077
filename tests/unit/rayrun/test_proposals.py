"""What a cell proposes, without a cluster."""

from pathlib import Path
from typing import Any

import optuna
import pytest

from frlib.core.errors import ConfigError
from frlib.core.space import Branches, IntUniform, OneOf, Uniform
from frlib.heads.presets import composed
from frlib.rayrun.journal import storage
from frlib.rayrun.memory import Memory, Outcome, name_of
from frlib.rayrun.proposals import CellProposals
from frlib.samplers import cmaes, gp, grid, nsga2, nsga3, qmc, tpe
from frlib.study.arms import Arm, Cell, cells
from frlib.study.search import Limits, Search
from frlib.study.selection import Selection
from tests.unit.study.designs import digests, small

SEARCH = Search(arms_per_cell=4, sampler="random", seed=3)


@pytest.fixture
def cell() -> Cell:
    return next(cells(small(), digests))


SELECTION = Selection(metric="auc")


def _open(
    cell: Cell,
    path: Path,
    recorded: tuple[Outcome, ...] = (),
    search: Search = SEARCH,
    **more: Any,
) -> CellProposals:
    memory = Memory(cell, search, more.pop("selection", SELECTION), storage(path))
    return CellProposals(cell, search, recorded, memory, **more)


def _study(cell: Cell, path: Path, selection: Selection = SELECTION) -> optuna.Study:
    return optuna.load_study(study_name=name_of(cell, selection), storage=storage(path))


def _end(arm: Arm, status: str, value: float | None = None, step: int = 0) -> Outcome:
    return Outcome(arm=arm, status=status, value=value, step=step)


def _all(proposals: CellProposals) -> list[Arm]:
    found = []
    while (arm := proposals.propose()) is not None:
        found.append(arm)
        proposals.tell(_end(arm, "complete", _score(arm), 12))
    return found


def _score(arm: Arm) -> float:
    """A peak at margin 0.25."""
    margin = arm.params.get("head.margin")
    return 0.9 - abs(margin - 0.25) if isinstance(margin, float) else 0.5


def test_propose_when_new_then_gives_the_default_first_and_no_arm_twice(
    cell: Cell, tmp_path: Path
) -> None:
    arms = _all(_open(cell, tmp_path / "j"))
    assert arms[0].is_default
    assert len({a.digest for a in arms}) == len(arms) == 4
    assert all(0.1 <= float(a.params["head.margin"]) <= 0.5 for a in arms)


def test_propose_when_seed_is_equal_then_repeats_exactly(cell: Cell, tmp_path: Path) -> None:
    first = [a.digest for a in _all(_open(cell, tmp_path / "a"))]
    assert [a.digest for a in _all(_open(cell, tmp_path / "b"))] == first


def test_propose_when_nothing_is_searched_then_is_the_default_alone(tmp_path: Path) -> None:
    cell = next(cells(small(space={}), digests))
    assert [a.is_default for a in _all(_open(cell, tmp_path / "j"))] == [True]


def test_tell_when_arms_end_differently_then_optuna_knows_how(cell: Cell, tmp_path: Path) -> None:
    proposals = _open(cell, tmp_path / "j")
    for status, value in (("complete", 0.9), ("complete", 0.8), ("stopped", 0.4), ("failed", None)):
        arm = proposals.propose()
        assert arm is not None
        proposals.tell(_end(arm, status, value, 5))
    study = _study(cell, tmp_path / "j")
    assert sorted(t.state.name for t in study.trials) == ["COMPLETE", "COMPLETE", "FAIL", "PRUNED"]
    assert study.best_value == 0.9


def test_restart_when_an_arm_was_running_then_it_is_proposed_again_and_keeps_its_trial(
    cell: Cell, tmp_path: Path
) -> None:
    before = _open(cell, tmp_path / "j")
    default, running = before.propose(), before.propose()
    assert default is not None and running is not None
    before.tell(_end(default, "complete", 0.7, 12))
    recorded = (_end(default, "complete", 0.7, 12), _end(running, "unfinished", None))
    after = _open(cell, tmp_path / "j", recorded)
    again = after.propose()
    assert again is not None and again.digest == running.digest
    after.tell(_end(again, "complete", 0.6, 12))
    assert len(_all(after)) == 2
    study = _study(cell, tmp_path / "j")
    assert not study.get_trials(states=[optuna.trial.TrialState.RUNNING])
    assert len(study.trials) == 4


def test_restart_when_the_journal_is_lost_then_records_are_put_back(
    cell: Cell, tmp_path: Path
) -> None:
    arms = [a for a in (_open(cell, tmp_path / "a").propose(),) if a is not None]
    searched = cell.arm({"head.margin": 0.2, "batch_size": 64})
    recorded = (_end(arms[0], "complete", 0.7, 12), _end(searched, "stopped", 0.2, 5))
    after = _open(cell, tmp_path / "b", recorded)
    study = _study(cell, tmp_path / "b")
    assert sorted(t.state.name for t in study.trials) == ["COMPLETE", "PRUNED"]
    assert len(_all(after)) == 2


def test_propose_when_everything_is_recorded_then_there_is_nothing(
    cell: Cell, tmp_path: Path
) -> None:
    tried = [cell.arm({"head.margin": m, "batch_size": 64}) for m in (0.2, 0.3, 0.4)]
    recorded = (
        *(_end(arm, "complete", 0.5, 12) for arm in tried),
        _end(cell.default, "failed", None),
    )
    assert _open(cell, tmp_path / "j", recorded).remaining == 0


def test_failed_default_when_told_then_optuna_hears_nothing(cell: Cell, tmp_path: Path) -> None:
    proposals = _open(cell, tmp_path / "j")
    default = proposals.propose()
    assert default is not None
    proposals.tell(_end(default, "failed", float("nan"), 3))
    study = _study(cell, tmp_path / "j")
    assert study.trials == []


def test_unfinished_arm_when_told_then_a_restart_proposes_it_again(
    cell: Cell, tmp_path: Path
) -> None:
    before = _open(cell, tmp_path / "j")
    arms = [arm for arm in (before.propose(), before.propose()) if arm is not None]
    before.tell(_end(arms[1], "unfinished", None, 2))
    recorded = tuple(_end(arm, "unfinished", None) for arm in arms)
    again = _open(cell, tmp_path / "j", recorded)
    found = [arm.digest for arm in (again.propose(), again.propose()) if arm is not None]
    assert set(found) == {arm.digest for arm in arms}


def test_restart_when_a_trial_was_half_asked_then_it_is_not_taken_for_an_arm(
    cell: Cell, tmp_path: Path
) -> None:
    _open(cell, tmp_path / "j")
    study = _study(cell, tmp_path / "j")
    study.ask().suggest_float("head.margin", 0.1, 0.5)
    arms = _all(_open(cell, tmp_path / "j"))
    assert len(arms) == 4 and all(set(a.params) == set(cell.space) for a in arms)


def test_restart_when_an_arm_was_asked_for_twice_then_is_known_once(
    cell: Cell, tmp_path: Path
) -> None:
    before = _open(cell, tmp_path / "j")
    default, arm = before.propose(), before.propose()
    assert default is not None and arm is not None
    before.tell(_end(default, "complete", 0.7, 12))
    before.tell(_end(arm, "complete", 0.8, 12))
    memory = Memory(cell, SEARCH, SELECTION, storage(tmp_path / "j"))
    memory.suggest(arm.params)
    recorded = (_end(default, "complete", 0.7, 12), _end(arm, "complete", 0.8, 12))
    assert len(_all(_open(cell, tmp_path / "j", recorded))) == 2
    states = [trial.state.name for trial in _study(cell, tmp_path / "j").trials]
    assert states.count("FAIL") == 1 and states.count("COMPLETE") == 4


def test_tell_when_an_arm_ends_again_with_more_seeds_then_is_known_once(
    cell: Cell, tmp_path: Path
) -> None:
    arms = _all(_open(cell, tmp_path / "j"))
    again = _open(cell, tmp_path / "j", tuple(_end(arm, "unfinished") for arm in arms))
    assert len(_all(again)) == len(arms)
    assert len(_study(cell, tmp_path / "j").trials) == len(arms)


def test_storage_when_the_journal_is_torn_then_is_set_aside(
    cell: Cell, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    _open(cell, tmp_path / "j").propose()
    with (tmp_path / "j").open("a") as file:
        file.write('{"op_code": \n')
    recorded = (_end(cell.default, "complete", 0.7, 12),)
    assert len(_all(_open(cell, tmp_path / "j", recorded))) == 3
    assert "set aside" in caplog.text


EVERY = (
    tpe.Config(startup=3),
    gp.Config(startup=3),
    cmaes.Config(startup=3),
    nsga2.Config(population=3),
    nsga3.Config(population=3),
    qmc.Config(),
    grid.Config(points=4),
    "random",
)


@pytest.mark.parametrize("sampler", EVERY, ids=lambda s: getattr(s, "name", s))
def test_search_when_interrupted_at_every_arm_then_is_the_one_that_was_not(
    cell: Cell, tmp_path: Path, sampler: Any
) -> None:
    search = Search(arms_per_cell=8, sampler=sampler, seed=5)
    whole = _all(_open(cell, tmp_path / "whole", search=search))
    assert len({arm.digest for arm in whole}) == 8
    recorded: tuple[Outcome, ...] = ()
    torn = []
    for _ in range(8):
        begun = _open(cell, tmp_path / "torn", recorded, search).propose()
        assert begun is not None
        recorded += (_end(begun, "unfinished"),)
        again = _open(cell, tmp_path / "torn", recorded, search)
        arm = again.propose()
        assert arm is not None and arm.digest == begun.digest
        again.tell(_end(arm, "complete", _score(arm), 12))
        recorded = (*recorded[:-1], _end(arm, "complete", _score(arm), 12))
        torn.append(arm.digest)
    assert torn == [arm.digest for arm in whole]
    assert not _study(cell, tmp_path / "torn").get_trials(states=[optuna.trial.TrialState.RUNNING])


def test_replay_when_proposals_were_made_in_parallel_then_makes_the_same_and_no_other(
    cell: Cell, tmp_path: Path
) -> None:
    search = Search(arms_per_cell=8, sampler=tpe.Config(startup=3), seed=5)
    parallel = _open(cell, tmp_path / "a", search=search)
    first, running = [], []
    while parallel.remaining:
        running = [a for a in (parallel.propose(), parallel.propose()) if a is not None]
        first += running
        for arm in reversed(running):
            parallel.tell(_end(arm, "complete", _score(arm), 12))
    points = [arm.params for arm in first]
    played = _open(cell, tmp_path / "b", search=search, first=points, is_replay=True)
    assert [arm.digest for arm in _all(played)] == [arm.digest for arm in first]
    assert [a.digest for a in _all(_open(cell, tmp_path / "c", search=search))] != [
        arm.digest for arm in first
    ]


def test_search_when_there_is_a_peak_then_tpe_comes_closer_than_chance(tmp_path: Path) -> None:
    space = {"head.margin": Uniform(low=0.05, high=0.5), "batch_size": OneOf(values=(64, 128))}
    cell = next(cells(small(space=space), digests))
    late = {}
    for name in ("tpe", "random"):
        found = []
        for seed in range(4):
            search = Search(arms_per_cell=16, sampler=name, seed=seed)
            arms = _all(_open(cell, tmp_path / f"{name}{seed}", search=search))
            found += [_score(arm) for arm in arms[8:]]
        late[name] = sum(found) / len(found)
    assert late["tpe"] > late["random"] + 0.02


def test_warm_points_when_given_then_are_tried_before_any_other_and_known_to_the_sampler(
    cell: Cell, tmp_path: Path
) -> None:
    warm = [{"head.margin": 0.25, "batch_size": 64}, {"head.margin": 7.0, "batch_size": 64}]
    arms = _all(_open(cell, tmp_path / "j", first=warm))
    assert [dict(arm.params) for arm in arms[1:2]] == warm[:1]
    assert all(float(arm.params["head.margin"]) <= 0.5 for arm in arms)
    assert len(_study(cell, tmp_path / "j").trials) == 4


def test_grid_when_it_is_smaller_than_the_share_then_the_cell_ends_with_it(
    cell: Cell, tmp_path: Path
) -> None:
    search = Search(arms_per_cell=50, sampler=grid.Config(points=3))
    arms = _all(_open(cell, tmp_path / "j", search=search))
    points = {(arm.params["head.margin"], arm.params["batch_size"]) for arm in arms}
    assert points == {(m, b) for m in (0.1, 0.3, 0.5) for b in (64, 128)}
    assert len(arms) == 6


def _branching() -> Cell:
    """The margin of a composed head, and what each margin has to search."""
    margins = Branches(
        options={
            "arc": {"margin": Uniform(low=0.1, high=0.5), "fallback": "none"},
            "exp": {"margin": Uniform(low=0.3, high=0.9)},
            "none": {},
        }
    )
    axes = {"head": (composed.Config(margin="arc"),)}
    return next(cells(small(axes=axes, space={"head.margin": margins}), digests))


def test_branches_when_searched_then_every_arm_has_the_fields_of_its_module_alone(
    tmp_path: Path,
) -> None:
    cell = _branching()
    search = Search(arms_per_cell=20, sampler=tpe.Config(startup=6), seed=1)
    seen = set()
    for arm in _all(_open(cell, tmp_path / "j", search=search)):
        margin = arm.config.head.margin
        seen.add(margin.name)
        has_field = "head.margin.margin" in arm.params
        assert has_field == (margin.name != "none") and arm.params["head.margin"] == margin.name
        if margin.name == "exp":
            assert 0.3 <= margin.margin <= 0.9
        if margin.name == "arc" and not arm.is_default:
            assert 0.1 <= margin.margin <= 0.5 and margin.fallback == "none"
    assert seen == {"arc", "exp", "none"}
    keys = {key for trial in _study(cell, tmp_path / "j").trials for key in trial.params}
    assert keys == {"head.margin", "head.margin=arc.margin", "head.margin=exp.margin"}


def test_objectives_when_there_are_two_then_optuna_has_the_front(
    cell: Cell, tmp_path: Path
) -> None:
    both = Selection(metric="auc", against=("seconds",))
    search = Search(arms_per_cell=6, sampler="tpe")
    proposals = _open(cell, tmp_path / "j", search=search, selection=both)
    ends = [(0.9, 10.0), (0.8, 5.0), (0.7, 8.0), (0.6, 4.0), (0.9, float("nan")), (0.95, 20.0)]
    for value, seconds in ends:
        arm = proposals.propose()
        assert arm is not None
        outcome = Outcome(arm=arm, status="complete", value=value, step=12, others=(seconds,))
        proposals.tell(outcome)
    study = _study(cell, tmp_path / "j", both)
    assert {tuple(t.values) for t in study.best_trials} == {
        (0.95, 20.0), (0.9, 10.0), (0.8, 5.0), (0.6, 4.0)
    }  # fmt: skip
    states = [trial.state.name for trial in study.trials]
    assert states.count("FAIL") == 1 and states.count("COMPLETE") == 5


def test_limit_when_it_would_be_broken_then_the_arm_is_refused_and_does_not_count(
    cell: Cell, tmp_path: Path
) -> None:
    refused: list[Outcome] = []
    search = Search(arms_per_cell=5, limits=Limits(memory_gib=1), sampler="tpe", seed=2)

    def foreseen(arm: Arm) -> tuple[tuple[str, float], ...]:
        return (("memory_gib", 0.5 if arm.params["batch_size"] == 64 else -0.5),)

    proposals = _open(
        cell, tmp_path / "j", search=search, foreseen=foreseen, refused=refused.append
    )
    arms = _all(proposals)
    assert len(arms) == 5 and all(arm.params["batch_size"] == 128 for arm in arms)
    assert refused and all(one.is_barred for one in refused)
    trials = _study(cell, tmp_path / "j").trials
    told = [t.state.name for t in trials if t.constraints.get("memory_gib", -1) > 0]
    assert told == ["PRUNED"] * len(refused)
    ended = (*refused, *(_end(arm, "complete", 0.5, 12) for arm in arms))
    assert _open(cell, tmp_path / "j", ended, search).remaining == 0


def test_arm_when_it_goes_ill_together_then_another_is_proposed(tmp_path: Path) -> None:
    space = {
        "head.first_corrected_epoch": IntUniform(low=6, high=8),
        "head.lam": Uniform(low=0.5, high=6.0),
    }
    cell = next(c for c in cells(small(space=space), digests) if len(c.space) == 2)
    made = cell.arm

    def picky(params: Any) -> Arm:
        if params["head.first_corrected_epoch"] == 8:
            raise ConfigError("not this one")
        return made(params)

    object.__setattr__(cell, "arm", picky)
    search = Search(arms_per_cell=12, sampler="random", seed=1)
    arms = _all(_open(cell, tmp_path / "j", search=search))
    assert len(arms) == 12
    assert all(a.params["head.first_corrected_epoch"] != 8 for a in arms if not a.is_default)
    states = [trial.state.name for trial in _study(cell, tmp_path / "j").trials]
    assert "FAIL" in states
