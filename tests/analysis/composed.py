"""A recorded `recovery` with made-up numbers: three heads, a bound, a loop; two noises, four seeds.

Cells are in the order of the compositions, so that those of one noise are not neighbours. What a
composition wins back of the noise's cost is the share `WINS`, give or take a little by seed.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from frlib.core import safeio
from frlib.core.config import digest
from frlib.records import declare, layout
from frlib.records.write import RunWriter

REPORT = "procedural/insightface10/accuracy"
SEEDS = (0, 1, 2, 3)
ORACLE, LOOP = "Oracle, drop", "2 x Nearest class (lead 0.35)"
PLAIN, RIVAL = ("ArcFace", "none"), ("BoundaryFace (λ=π)", "none")
WINS: Mapping[tuple[str, str], float] = {
    PLAIN: 0.0,
    ("BoundaryF1", "none"): 0.3,
    RIVAL: 0.4,
    ("ArcFace", ORACLE): 0.9,
    ("ArcFace", LOOP): 0.6,
}
FLIPS = (0.0, 0.3, 0.5)
FAILED = ("BoundaryF1", "none", 0.5)
SEARCHED = ("BoundaryFace (λ=π)", "none", 0.3)
SCORES = {"precision": 0.8, "recall": 0.7, "relabel_accuracy": 0.9, "harm": 0.05}
STUDY: dict[str, Any] = {
    "name": "won_back",
    "question": "What wins back what flips cost?",
    "selection": {"metric": "auc"},
    "report": [REPORT],
    "table": "recovery",
    "replicates": {"seeds": list(SEEDS)},
    "cells": [
        {"shown": [["head", head], ["clean", rule], ["noise.closed.ratio", flips]]}
        for head, rule in WINS
        for flips in FLIPS
        if flips or (head, rule) == PLAIN
    ],
}


def accuracy(head: str, rule: str, flips: float, seed: int) -> float:
    """Of one replicate."""
    level, cost = 0.9 + 0.01 * (seed - 1.5), 0.4 * flips * (1 + 0.1 * seed)
    own = 0.003 * ((seed + 1) * len(head + rule) * 7 % 5) * ((head, rule) != PLAIN)
    return level + own - cost * (1 - WINS[head, rule])


def record(store: Path) -> Path:
    """Record it; one cell failed.

    Of one an arm beside the default was tried: better on the benchmark, worse on held-out people.
    """
    folder = layout.study_folder(store, str(STUDY["name"]))
    declare.write_study(folder, STUDY)
    for planned in STUDY["cells"]:
        cell = dict(planned["shown"])
        if tuple(cell.values()) == FAILED:
            verdict = {"status": "failed", "message": "NumericsError: nan"}
            declare.write_verdict(folder, _declared(folder, cell, {}), verdict)
            continue
        _trained(folder, cell, {})
        if tuple(cell.values()) == SEARCHED:
            _trained(folder, cell, {"head.first_corrected_epoch": 4})
    return folder


def _trained(folder: Path, cell: Mapping[str, Any], params: Mapping[str, Any]) -> None:
    arm = _declared(folder, cell, params)
    head, rule, flips = cell.values()
    for seed in SEEDS:
        with RunWriter(folder, study=folder.name, arm=arm, seed=seed) as run:
            if rule != "none":
                run.log({"cleaning/flagged": 50.0, "cleaning/wrong": 60.0}, epoch=0, step=0)
                told = {f"cleaning/{name}": value for name, value in SCORES.items()}
                run.log(told, epoch=0, step=0)
            found = accuracy(head, rule, flips, seed)
            gain, loss = (0.02, 0.01) if params else (0.0, 0.0)
            run.log({REPORT: found + gain, "selection/auc": found - loss}, epoch=8, step=400)
        path = run.folder / "run.json"
        safeio.write_json(path, safeio.read_json(path) | {"seconds": 12.0 + seed})
    declare.write_verdict(folder, arm, {"status": "complete", "message": ""})


def _declared(folder: Path, cell: Mapping[str, Any], params: Mapping[str, Any]) -> str:
    value = {
        "cell": dict(cell),
        "params": dict(params),
        "datasets": {"train": "d1"},
        "config": {"head": {"name": "x"}},
        "default": not params,
    }
    name = digest(value)
    declare.write_arm(folder, {**value, "arm": name})
    return name
