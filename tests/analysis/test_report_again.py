"""What a report tells to type trains the same arm: digests are compared, nothing is trained."""

import shlex
from pathlib import Path
from typing import Any

import pytest

from analysis.report import _again
from frlib.core.config import override
from frlib.core.errors import RecordError
from frlib.core.space import Uniform
from frlib.heads.presets import arcface, cosface
from frlib.records import read, select
from frlib.study.arms import cells
from frlib.study.find import find
from frlib.study.plan import Plan, contents
from frlib.study.search import Search
from tests.unit.study.recorded import planned, record

SEARCHED: dict[str, Any] = {
    "axes": {
        "head": (arcface.Config(margin=0.1), cosface.Config(margin=0.2)),
        "noise.closed.ratio+epochs": ((0.0, 2), (0.25, 3)),
    },
    "space": {
        "head.margin": Uniform(low=0.05, high=0.5),
        "optimiser.lr": Uniform(low=0.01, high=0.2),
    },
    "search": Search(arms_per_cell=2, sampler="random"),
}


def _commands(plan: Plan, store: Path) -> list[str]:
    (store / "study.json").write_text(_again.design(read.load(plan.folder).study))
    records = read.load(plan.folder)
    return _again.commands(records, select.choose(records))


def _arms(command: str, store: Path) -> list[str]:
    """Digests of the arms that the command would train."""
    words = shlex.split(command)
    assert words[:4] == ["frlib", "study", "run", _again.FILE]
    assert words[4::2] == ["--set"] * (len(words[4:]) // 2)
    study = override(find(str(store / _again.FILE)), words[5::2])
    assert study.search.arms_per_cell == 1 and not study.space
    return [cell.default.digest for cell in cells(study, contents(store))]


def test_commands_when_typed_then_train_the_arms_that_stand_for_the_cells(tmp_path: Path) -> None:
    plan = planned(tmp_path, **SEARCHED)
    chosen = []
    for number, one in enumerate(plan.cells):
        tried = one.cell.arm({"head.margin": 0.3 + number / 100, "optimiser.lr": 0.07})
        record(plan, one.cell.default, {0: 0.7, 1: 0.7})
        record(plan, tried, {0: 0.8, 1: 0.8})
        chosen.append(tried.digest)
    told = _commands(plan, tmp_path)
    assert [_arms(one, tmp_path) for one in told] == [[digest] for digest in chosen]
    assert len(set(told)) == 4


def test_commands_when_cells_were_not_run_then_train_their_defaults(tmp_path: Path) -> None:
    plan = planned(tmp_path, **SEARCHED | {"space": {}, "search": Search()})
    record(plan, plan.cells[0].cell.default, {0: 0.7}, verdict="failed")
    told = _commands(plan, tmp_path)
    defaults = [[one.cell.default.digest] for one in plan.cells]
    assert [_arms(one, tmp_path) for one in told] == defaults


def test_find_when_a_file_is_no_study_then_says_what_is_expected(tmp_path: Path) -> None:
    for text in ("[]", '{"name": "x"}', "nothing"):
        (tmp_path / "study.json").write_text(text)
        with pytest.raises(RecordError, match=r"study\.json"):
            find(str(tmp_path / "study.json"))
