"""A recorded study with made-up numbers: three methods, flips of 0, 20 and 40 %, three seeds."""

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from analysis import build
from analysis.grid import Grid
from analysis.table import Table
from frlib.core import safeio
from frlib.core.config import digest
from frlib.records import declare, layout, read
from frlib.records.write import RunWriter
from tests.analysis import margins

METHODS = ("ArcFace", "BoundaryF1", "BoundaryFace (λ=π)")
FLIPS = (0.0, 0.2, 0.4)
REPORT = "official/insightface10/accuracy"
ACCURACY: dict[tuple[str, float], tuple[float, ...]] = {
    ("ArcFace", 0.0): (0.870, 0.874, 0.878),
    ("ArcFace", 0.2): (0.830, 0.836, 0.836),
    ("ArcFace", 0.4): (0.800, 0.810, 0.790),
    ("BoundaryF1", 0.0): (0.871, 0.873, 0.879),
    ("BoundaryF1", 0.2): (0.850, 0.857, 0.855),
    ("BoundaryFace (λ=π)", 0.0): (0.869, 0.875, 0.876),
    ("BoundaryFace (λ=π)", 0.2): (0.846, 0.852, 0.853),
    ("BoundaryFace (λ=π)", 0.4): (0.850,),
}
STUDY: dict[str, Any] = {
    "name": "boundary_small",
    "question": "Under label flips, does relabelling at the decision boundary pay?",
    "selection": {"metric": "auc"},
    "report": [REPORT],
    "table": "noise_study",
    "published": "boundaryface",
    "replicates": {"seeds": [0, 1, 2]},
    "cells": [
        {"shown": [["head", method], ["noise.closed.ratio", ratio]]}
        for method in METHODS
        for ratio in FLIPS
    ],
}


def arm(folder: Path, cell: Mapping[str, Any], margin: float, *, default: bool) -> str:
    """Write an arm down; its digest."""
    value = {
        "cell": dict(cell),
        "params": {"head.margin": margin},
        "datasets": {"train": "d1"},
        "config": {"head": {"name": "x", "margin": margin}},
        "default": default,
    }
    name = digest(value)
    declare.write_arm(folder, {**value, "arm": name})
    return name


def replicate(
    folder: Path, name: str, seed: int, values: Mapping[str, float], seconds: float = 60.0
) -> None:
    """Record one complete replicate that took `seconds`."""
    with RunWriter(folder, study=STUDY["name"], arm=name, seed=seed) as run:
        run.log(values, epoch=20, step=600)
    path = run.folder / "run.json"
    safeio.write_json(path, {**json.loads(path.read_text()), "seconds": seconds})


def record(store: Path, study: Mapping[str, Any] = STUDY) -> Path:
    """Record it all: a stopped arm in every cell, a failed cell, an unrun one is left out."""
    folder = layout.study_folder(store, str(study["name"]))
    declare.write_study(folder, study)
    for (method, ratio), accuracies in ACCURACY.items():
        cell = {"head": method, "noise.closed.ratio": ratio}
        name = arm(folder, cell, 0.5, default=True)
        for seed, accuracy in enumerate(accuracies):
            values = {REPORT: accuracy, "selection/auc": accuracy + 0.05}
            if method != "ArcFace" and ratio:
                values |= {
                    "corrections/precision": 0.99 + seed / 1000,
                    "corrections/recall": 0.45 + seed / 100,
                }
            replicate(folder, name, seed, values, seconds=60.0 + seed)
        declare.write_verdict(folder, name, {"status": "complete", "message": ""})
        stopped = arm(folder, cell, 0.3, default=False)
        replicate(folder, stopped, 0, {REPORT: 0.99, "selection/auc": 0.99})
        declare.write_verdict(folder, stopped, {"status": "stopped", "message": "rung 5"})
    failed = arm(folder, {"head": "BoundaryF1", "noise.closed.ratio": 0.4}, 0.5, default=True)
    message = "NumericsError: the loss became nan at step 40 (epoch 2)"
    declare.write_verdict(folder, failed, {"status": "failed", "message": message})
    return folder


@pytest.fixture(scope="session")
def simulated() -> ModuleType:
    """This module: its numbers, and `record`, `arm` and `replicate` to write them down."""
    return sys.modules[__name__]


@pytest.fixture(scope="session")
def grid(tmp_path_factory: pytest.TempPathFactory, simulated: ModuleType) -> Grid:
    """Of the study in `margins`."""
    store = tmp_path_factory.mktemp("store")
    return Grid.of(read.load(margins.record(store, simulated)))


@pytest.fixture(scope="module")
def store(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Of a test module, with the study that its `MADE` records."""
    path = tmp_path_factory.mktemp("store")
    request.module.MADE.record(path)
    return path


@pytest.fixture(scope="module")
def table(request: pytest.FixtureRequest, store: Path) -> Table:
    """Of the study `STUDY` of a test module, built and written."""
    return build.build(request.module.STUDY, store)
