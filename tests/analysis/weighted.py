"""A recorded `boundary_lambda` with made-up numbers: two numbers of people, two noises, 4 seeds.

Accuracy of λ is a parabola about `BEST`, less so at little noise; the floor does nothing, and a
list of several epochs is a little better than one of the last.
"""

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from frlib.core import safeio
from frlib.core.config import digest
from frlib.records import declare, layout
from frlib.records.write import RunWriter

REPORT = "procedural/insightface10/accuracy"
SEEDS = (0, 1, 2, 3)
PEOPLE = ((25, 120), (100, 30))
FLIPS = (0.1, 0.5)
BEST = 1.0
WEIGHTS = {
    "BoundaryF1": 0.0,
    "BoundaryFace (λ=0.5)": 0.5,
    "BoundaryFace (λ=1)": 1.0,
    "BoundaryFace (λ=π)": math.pi,
    "BoundaryFace (λ=6.28319)": 2 * math.pi,
    "BoundaryFace (λ=π, no floor)": math.pi,
}
LISTS = ("BoundaryFace list", "BoundaryFace list (0.5 of the last 4 epochs)")
METHODS = (*((head, "none") for head in WEIGHTS), *(("ArcFace", rule) for rule in LISTS))
FAILED = (25, 0.5, "BoundaryFace (λ=6.28319)")
ONE_SEED = (100, 0.5, "BoundaryFace (λ=1)")
STUDY: dict[str, Any] = {
    "name": "weights",
    "question": "Which weight?",
    "selection": {"metric": "auc"},
    "report": [REPORT],
    "table": "boundary_lambda",
    "replicates": {"seeds": list(SEEDS)},
    "cells": [
        {
            "shown": [
                ["data.train.identities", people],
                ["data.train.images", images],
                ["noise.closed.ratio", flips],
                ["head", head],
                ["clean", rule],
            ]
        }
        for people, images in PEOPLE
        for flips in FLIPS
        for head, rule in METHODS
    ],
}


def accuracy(people: int, flips: float, head: str, rule: str, seed: int) -> float:
    """Of one replicate; jitter differs by seed, and a little by method."""
    level = 0.9 - 0.3 * flips - 0.0005 * people + 0.01 * (seed - 1.5)
    lam = WEIGHTS.get(head)
    own = 0.0005 * ((seed + 1) * len(head + rule) * 7 % 5)
    if lam is None:
        return level + own + (0.012 if rule == LISTS[1] else 0.0)
    return level + own + (0.0 if "floor" in head else 0.001) - 0.01 * flips * (lam - BEST) ** 2


def record(store: Path) -> Path:
    """Record it; one cell failed, and one has a single seed."""
    folder = layout.study_folder(store, str(STUDY["name"]))
    declare.write_study(folder, STUDY)
    for planned in STUDY["cells"]:
        _arm(folder, dict(planned["shown"]))
    return folder


def _arm(folder: Path, cell: Mapping[str, Any]) -> None:
    people, _, flips, head, rule = cell.values()
    lam = {"lam": WEIGHTS[head]} if head in WEIGHTS else {}
    value = {
        "cell": dict(cell),
        "params": {},
        "datasets": {},
        "config": {"head": lam, "data": {"holdout": {"fraction": 0.2}}},
        "default": True,
    }
    name = digest(value)
    declare.write_arm(folder, {**value, "arm": name})
    if (people, flips, head) == FAILED:
        declare.write_verdict(folder, name, {"status": "failed", "message": "NumericsError: nan"})
        return
    for seed in SEEDS[:1] if (people, flips, head) == ONE_SEED else SEEDS:
        with RunWriter(folder, study=STUDY["name"], arm=name, seed=seed) as run:
            found = accuracy(people, flips, head, rule, seed)
            kind = "corrections" if rule == "none" else "cleaning"
            run.log({f"{kind}/precision": 0.9, f"{kind}/recall": 0.5}, epoch=0, step=0)
            run.log({REPORT: found, "selection/auc": found}, epoch=8, step=400)
        path = run.folder / "run.json"
        safeio.write_json(path, safeio.read_json(path) | {"seconds": 12.0 + seed})
    declare.write_verdict(folder, name, {"status": "complete", "message": ""})
