from pathlib import Path
from typing import Any

import pytest

from frlib.records import declare, layout, read, select
from frlib.records.write import RunWriter


def arm(
    folder: Path,
    digest: str,
    values: dict[int, float],
    *,
    cell: str = "A",
    verdict: dict[str, Any] | None = None,
    name: str = "selection/auc",
) -> None:
    declare.write_arm(
        folder,
        {
            "arm": digest,
            "cell": {"head": cell},
            "params": {},
            "config": {},
            "datasets": {},
            "default": False,
        },
    )
    for seed, value in values.items():
        with RunWriter(folder, study="s", arm=digest, seed=seed) as run:
            run.log({name: value}, epoch=1, step=1)
    if verdict:
        declare.write_verdict(folder, digest, verdict)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    path = layout.study_folder(tmp_path, "s")
    declare.write_study(path, {"name": "s", "selection": {"metric": "auc"}, "report": []})
    return path


DONE = {"status": "complete"}


def test_choose_when_arms_are_complete_then_the_best_mean_over_replicates_wins(
    folder: Path,
) -> None:
    arm(folder, "a1", {0: 0.9, 1: 0.5}, verdict=DONE)
    arm(folder, "a2", {0: 0.8, 1: 0.7}, verdict=DONE)
    (choice,) = select.choose(read.load(folder))
    assert choice.arm is not None
    assert choice.arm.digest == "a2"


def test_choose_when_less_is_better_then_the_lowest_wins(folder: Path) -> None:
    declare.write_study(folder, {"name": "s", "selection": {"metric": "eer"}, "report": []})
    arm(folder, "a1", {0: 0.2}, verdict=DONE, name="selection/eer")
    arm(folder, "a2", {0: 0.1}, verdict=DONE, name="selection/eer")
    (choice,) = select.choose(read.load(folder))
    assert choice.arm is not None
    assert choice.arm.digest == "a2"
    assert "lowest selection/eer" in select.rule({"selection": {"metric": "eer"}})


def test_choose_when_a_better_arm_was_stopped_then_it_does_not_stand_for_the_cell(
    folder: Path,
) -> None:
    arm(folder, "a1", {0: 0.6}, verdict=DONE)
    arm(folder, "a2", {0: 0.9}, verdict={"status": "stopped"})
    arm(folder, "a3", {0: 0.95})
    (choice,) = select.choose(read.load(folder))
    assert choice.arm is not None
    assert choice.arm.digest == "a1"


def test_choose_when_no_arm_completed_then_the_reason_is_told(folder: Path) -> None:
    arm(folder, "a1", {}, verdict={"status": "failed", "message": "NumericsError: loss is nan"})
    arm(folder, "a2", {}, verdict={"status": "stopped", "message": ""})
    (choice,) = select.choose(read.load(folder))
    assert choice.arm is None
    assert choice.missing == "1 arm failed: NumericsError: loss is nan; 1 arm stopped"


def test_choose_when_cells_are_planned_then_their_order_holds_and_unrun_ones_show(
    folder: Path,
) -> None:
    planned = [{"shown": [["head", name]]} for name in ("Z", "A", "B")]
    declare.write_study(folder, {"name": "s", "report": [], "cells": planned})
    arm(folder, "a1", {0: 0.6}, verdict=DONE, cell="A")
    choices = select.choose(read.load(folder))
    assert [choice.shown["head"] for choice in choices] == ["Z", "A", "B"]
    assert [choice.missing for choice in choices] == ["not run", "", "not run"]


def test_choose_when_a_replicate_is_not_a_number_then_its_arm_does_not_win(folder: Path) -> None:
    arm(folder, "a1", {0: 0.6, 1: 0.6}, verdict=DONE)
    arm(folder, "a2", {0: float("nan"), 1: 0.9}, verdict=DONE)
    (choice,) = select.choose(read.load(folder))
    assert choice.arm is not None
    assert choice.arm.digest == "a1"
