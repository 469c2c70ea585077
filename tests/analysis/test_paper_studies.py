"""The studies that run a paper's rows again: each printed row finds its own cell, run or not."""

from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from analysis import build
from analysis.table import Cell, Table
from frlib.records import declare, layout, read
from frlib.records.write import RunWriter
from frlib.study.arms import cells
from studies import boundaryface_casia, boundaryface_ms1m, mhlr_data
from tests.unit.study.designs import digests

STUDIES = (boundaryface_casia, boundaryface_ms1m, mhlr_data)
NOT_PRINTED = {"boundaryface_casia": 0, "boundaryface_ms1m": 0, "mhlr_data": 4}
ELSEWHERE = {"mhlr_data": {"MS1MV3"}}


def declared(store: Path, module: ModuleType) -> Path:
    """The study with all its cells and no run."""
    study = module.study()
    folder = layout.study_folder(store, study.name)
    told = {
        "name": study.name,
        "question": study.question,
        "report": list(study.report),
        "table": study.table,
        "published": study.published,
        "cells": [
            {"digest": cell.digest, "shown": [list(item) for item in cell.shown.items()]}
            for cell in cells(study, digests)
        ],
    }
    declare.write_study(folder, told)
    return folder


def run(folder: Path, module: ModuleType) -> dict[str, Mapping[str, Any]]:
    """Every cell, with accuracies on LFW of 0.900, 0.901, ...; value -> config of its arm."""
    name, found = module.study().report[0], {}
    for number, cell in enumerate(cells(module.study(), digests)):
        arm = cell.default
        declare.write_arm(folder, arm.to_json())
        value = 0.9 + number / 1000
        with RunWriter(folder, study=folder.name, arm=arm.digest, seed=0) as writer:
            writer.log({name: value, "selection/auc": 0.9}, epoch=1, step=10)
        declare.write_verdict(folder, arm.digest, {"status": "complete", "message": ""})
        found[f"{value:.3f}"] = arm.to_json()["config"]
    return found


def measured(table: Table) -> list[dict[str, Any]]:
    """The lines that have a printed one below them."""
    rows = [dict(row) for row in table.keyed()]
    return [row for row, below in pairwise(rows) if below["what"] == "published"]


def is_elsewhere(row: Mapping[str, Any], module: ModuleType) -> bool:
    return row.get("training set") in ELSEWHERE.get(module.study().name, ())


@pytest.mark.parametrize("module", STUDIES)
def test_paper_when_nothing_has_run_then_every_printed_row_has_its_cell(
    tmp_path: Path, module: ModuleType
) -> None:
    table = build.from_records(read.load(declared(tmp_path, module)))
    for row in measured(table):
        cell = row["LFW/accuracy"]
        assert isinstance(cell, Cell) and cell.value is None
        has_none = cell.note.startswith("not run: the study has no")
        assert has_none == is_elsewhere(row, module), cell.note


@pytest.mark.parametrize("module", STUDIES)
def test_paper_when_all_has_run_then_every_printed_row_stands_beside_its_own_setting(
    tmp_path: Path, module: ModuleType
) -> None:
    folder = declared(tmp_path, module)
    configs = run(folder, module)
    table = build.from_records(read.load(folder))
    used = []
    for row in measured(table):
        if is_elsewhere(row, module):
            continue
        cell = row["LFW/accuracy"]
        assert isinstance(cell, Cell) and cell.value is not None
        used.append(f"{cell.value:.3f}")
        config = configs[used[-1]]
        if "margin" in row:
            assert float(row["margin"]) == config["head"]["margin"]
        else:
            assert row["network"] == f"r{config['backbone']['depth']}"
    assert len(used) == len(set(used))
    assert len(configs) - len(used) == NOT_PRINTED[module.study().name]


def test_paper_when_margins_are_an_axis_then_bold_compares_over_them_too(tmp_path: Path) -> None:
    folder = declared(tmp_path, boundaryface_casia)
    name = boundaryface_casia.study().report[0]
    mixed = {"noise.closed.ratio": 0.2, "noise.open.ratio": 0.2}
    for cell in cells(boundaryface_casia.study(), digests):
        if not mixed.items() <= cell.shown.items():
            continue
        is_best = (cell.shown["head"], cell.shown["head.margin"]) == ("BoundaryF1", 0.3)
        declare.write_arm(folder, cell.default.to_json())
        for seed in range(6):
            with RunWriter(folder, study=folder.name, arm=cell.default.digest, seed=seed) as writer:
                value = 0.95 + (seed % 3) / 1000 if is_best else 0.85 + seed / 1000
                writer.log({name: value, "selection/auc": 0.9}, epoch=1, step=10)
        declare.write_verdict(folder, cell.default.digest, {"status": "complete", "message": ""})
    table = build.from_records(read.load(folder))
    bold = [
        (row["method"], row["margin"])
        for row in measured(table)
        if isinstance(row["LFW/accuracy"], Cell) and row["LFW/accuracy"].best
    ]
    assert bold == [("BoundaryF1", "0.3")]
    assert "than method and margin" in table.caption


@pytest.mark.parametrize("module", STUDIES)
def test_paper_when_something_was_not_run_then_the_table_has_a_gap(
    tmp_path: Path, module: ModuleType
) -> None:
    assert build.from_records(read.load(declared(tmp_path, module))).has_gap
