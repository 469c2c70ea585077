"""What a sampler knows after a crash is what it knew before."""

from pathlib import Path

import optuna
import pytest

from frlib.rayrun.journal import storage
from frlib.rayrun.memory import Memory, Outcome, name_of
from frlib.rayrun.proposals import CellProposals
from frlib.study.arms import Arm, Cell, cells
from frlib.study.search import Search
from frlib.study.selection import Selection
from tests.unit.study.designs import digests, small

SELECTION = Selection(metric="auc")
SEARCH = Search(arms_per_cell=8, sampler="tpe", seed=3)


@pytest.fixture
def cell() -> Cell:
    return next(cells(small(), digests))


def _next(cell: Cell, path: Path, ended: list[Outcome]) -> Arm:
    """What a process that has just been started proposes."""
    memory = Memory(cell, SEARCH, SELECTION, storage(path))
    arm = CellProposals(cell, SEARCH, ended, memory).propose()
    assert arm is not None
    return arm


@pytest.mark.parametrize("kind", [{}, {"multivariate": False}], ids=["joint", "each"])
def test_suggest_when_the_process_goes_on_then_is_what_a_new_one_would(
    cell: Cell, tmp_path: Path, kind: dict[str, bool]
) -> None:
    search = Search(arms_per_cell=30, sampler={"name": "tpe", **kind}, seed=3)
    found: dict[str, list[dict[str, object]]] = {"on": [], "new": []}
    for name, points in found.items():
        kept = None
        for number in range(20):
            memory = kept or Memory(cell, search, SELECTION, storage(tmp_path / name))
            kept = memory if name == "on" else None
            asked, point = memory.suggest()
            points.append(dict(point))
            if number % 4 == 3:
                memory.drop(asked)
                continue
            arm = cell.arm(point)
            memory.name(asked, arm.digest)
            stopped = Outcome(arm=arm, status="stopped", value=0.4, step=1)
            memory.tell(asked, stopped if number % 4 == 2 else _end(arm))
    assert found["on"] == found["new"]


def _end(arm: Arm) -> Outcome:
    margin = arm.params["head.margin"]
    assert isinstance(margin, float)
    return Outcome(arm=arm, status="complete", value=0.9 - abs(margin - 0.25), step=12)


def test_search_when_every_proposal_is_cut_off_half_asked_then_the_arms_are_the_same(
    cell: Cell, tmp_path: Path
) -> None:
    found: dict[str, list[Outcome]] = {"quiet": [], "cut off": []}
    for name, ended in found.items():
        path = tmp_path / name
        for _ in range(SEARCH.arms_per_cell):
            ended.append(_end(_next(cell, path, ended)))
            if name == "cut off":
                study = name_of(cell, SELECTION)
                optuna.load_study(study_name=study, storage=storage(path)).ask()
    quiet, cut_off = ([one.arm.digest for one in ended] for ended in found.values())
    assert len(set(quiet)) == SEARCH.arms_per_cell
    assert cut_off == quiet
