"""What a cell proposes, without a cluster."""

from pathlib import Path

import optuna
import pytest

from frlib.rayrun.proposals import CellProposals, Recorded, memory_name, storage
from frlib.study.arms import Arm, Cell, cells
from frlib.study.schema import Search, Selection
from tests.unit.study.designs import digests, small

SEARCH = Search(arms_per_cell=4, sampler="random", seed=3)


@pytest.fixture
def cell() -> Cell:
    return next(cells(small(), digests))


def _open(cell: Cell, path: Path, recorded: tuple[Recorded, ...] = ()) -> CellProposals:
    return CellProposals(cell, SEARCH, Selection(metric="auc"), recorded, storage(path))


def _study(cell: Cell, path: Path) -> optuna.Study:
    name = memory_name(cell, "selection/auc")
    return optuna.load_study(study_name=name, storage=storage(path))


def _all(proposals: CellProposals) -> list[Arm]:
    found = []
    while (arm := proposals.propose()) is not None:
        found.append(arm)
        proposals.tell(arm, "complete", 0.5 + len(found) / 100, 12)
    return found


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
        proposals.tell(arm, status, value, 5)
    study = _study(cell, tmp_path / "j")
    assert sorted(t.state.name for t in study.trials) == ["COMPLETE", "COMPLETE", "FAIL", "PRUNED"]
    assert study.best_value == 0.9


def test_restart_when_an_arm_was_running_then_it_is_proposed_again_and_keeps_its_trial(
    cell: Cell, tmp_path: Path
) -> None:
    before = _open(cell, tmp_path / "j")
    default, running = before.propose(), before.propose()
    assert default is not None and running is not None
    before.tell(default, "complete", 0.7, 12)
    recorded = (Recorded(default, "complete", 0.7, 12), Recorded(running, "unfinished", None))
    after = _open(cell, tmp_path / "j", recorded)
    again = after.propose()
    assert again is not None and again.digest == running.digest
    after.tell(again, "complete", 0.6, 12)
    assert len(_all(after)) == 2
    study = _study(cell, tmp_path / "j")
    assert not study.get_trials(states=[optuna.trial.TrialState.RUNNING])
    assert len(study.trials) == 4


def test_restart_when_the_journal_is_lost_then_records_are_put_back(
    cell: Cell, tmp_path: Path
) -> None:
    arms = [a for a in (_open(cell, tmp_path / "a").propose(),) if a is not None]
    searched = cell.arm({"head.margin": 0.2, "batch_size": 64})
    recorded = (Recorded(arms[0], "complete", 0.7, 12), Recorded(searched, "stopped", 0.2, 5))
    after = _open(cell, tmp_path / "b", recorded)
    study = _study(cell, tmp_path / "b")
    assert sorted(t.state.name for t in study.trials) == ["COMPLETE", "PRUNED"]
    assert len(_all(after)) == 2


def test_propose_when_everything_is_recorded_then_there_is_nothing(
    cell: Cell, tmp_path: Path
) -> None:
    tried = [cell.arm({"head.margin": m, "batch_size": 64}) for m in (0.2, 0.3, 0.4)]
    recorded = (
        *(Recorded(arm, "complete", 0.5, 12) for arm in tried),
        Recorded(cell.default, "failed", None),
    )
    assert _open(cell, tmp_path / "j", recorded).remaining == 0


def test_failed_default_when_told_then_optuna_hears_nothing(cell: Cell, tmp_path: Path) -> None:
    proposals = _open(cell, tmp_path / "j")
    default = proposals.propose()
    assert default is not None
    proposals.tell(default, "failed", float("nan"), 3)
    proposals.tell(default, "failed", 0.9, 7)
    study = _study(cell, tmp_path / "j")
    assert study.trials == []


def test_unfinished_arm_when_told_then_a_restart_proposes_it_again(
    cell: Cell, tmp_path: Path
) -> None:
    before = _open(cell, tmp_path / "j")
    arms = [arm for arm in (before.propose(), before.propose()) if arm is not None]
    before.tell(arms[1], "unfinished", None, 2)
    recorded = tuple(Recorded(arm, "unfinished", None) for arm in arms)
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


def test_storage_when_the_journal_is_torn_then_is_set_aside(
    cell: Cell, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    _open(cell, tmp_path / "j").propose()
    with (tmp_path / "j").open("a") as file:
        file.write('{"op_code": \n')
    recorded = (Recorded(cell.default, "complete", 0.7, 12),)
    assert len(_all(_open(cell, tmp_path / "j", recorded))) == 3
    assert "set aside" in caplog.text
