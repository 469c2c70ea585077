"""A recorded study of compatible training with made-up numbers: two scenarios, two old heads.

Three methods, three seeds, 200 pairs. Of an old model with the accuracy `OLD`, a method wins `gain`
across models, pays `cost` in its own test and turns `flips` pairs that were right to wrong; a seed
moves old and new model together, and the gain a little. Rank 1 goes straight from the cross-test's
to the own one.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from frlib.core import safeio
from frlib.core.config import digest
from frlib.records import declare, layout
from frlib.records.write import RunWriter

STEM = "procedural/insightface10"
TESTS = ("cross_", "reverse_", "", "old_")
SEEDS, PAIRS = (0, 1, 2), 200
SHARES = tuple(at / 10 for at in range(11))
OLD = {"Softmax": 0.70, "ArcFace": 0.75}
INDEPENDENT = 0.85
PARTS = {
    "open class": ("class_split", "class_split"),
    "extended data": ("whole", "image_split"),
}


@dataclass(frozen=True)
class Method:
    """Shares, as the module says; flips: pairs, of PAIRS."""

    gain: float
    cost: float
    flips: int


METHODS = {
    "Independent": Method(-0.20, 0.0, 60),
    "L2": Method(0.001, 0.06, 8),
    "MixBCT": Method(0.05, 0.01, 4),
}
UNRUN = ("extended data", "Softmax", "L2")
FAILED = ("extended data", "Softmax", "MixBCT")
ONE_SEED = ("extended data", "ArcFace", "MixBCT")
NO_PAIRS = ("extended data", "ArcFace", "L2")
STUDY: dict[str, Any] = {
    "name": "compat",
    "question": "Which method keeps a gallery of use?",
    "selection": {"metric": "compatible_auc"},
    "report": [f"{STEM}/{test}accuracy" for test in TESTS],
    "table": "compatible",
    "base": {"compat": {"changes": {"epochs": 1}, "seed": None}},
    "replicates": {"seeds": list(SEEDS)},
    "cells": [
        {
            "shown": [
                ["data.part", new],
                ["compat.changes.data.part", old],
                ["compat.changes.head", head],
                ["compat.method", method],
            ]
        }
        for new, old in PARTS.values()
        for head in OLD
        for method in METHODS
    ],
}


def record(store: Path, study: Mapping[str, Any] = STUDY) -> Path:
    """Record it; one cell was never run, one failed, one has a seed, one no scores of pairs."""
    folder = layout.study_folder(store, str(study["name"]))
    declare.write_study(folder, study)
    names = {parts: name for name, parts in PARTS.items()}
    for planned in study["cells"]:
        cell = dict(planned["shown"])
        new, old, head, method = cell.values()
        _arm(folder, cell, (names[new, old], head, method))
    return folder


def accuracy(head: str, method: str, seed: int) -> dict[str, float]:
    """What a run measures on the pairs: prefix of the metric -> accuracy."""
    told, level = METHODS[method], 0.01 * (seed - 1)
    old = OLD[head] + level
    cross = old + told.gain + 0.002 * (seed - 1) * (1 + told.gain)
    own = INDEPENDENT + level - told.cost + 0.1 * told.cost * (seed % 2)
    return {"old_": old, "cross_": cross, "reverse_": cross - 0.01, "": own}


def rank(head: str, method: str, seed: int, share: float) -> float:
    """With a share of the gallery indexed again."""
    found = accuracy(head, method, seed)
    return (1 - share) * (found["cross_"] - 0.2) + share * (found[""] - 0.2)


def verdicts(method: str, seed: int) -> dict[str, np.ndarray[Any, Any]]:
    """Test -> what was right, `[PAIRS]`: the first 120 by the old model, all but flips across."""
    old = np.arange(PAIRS) < 120
    cross = old.copy()
    cross[: METHODS[method].flips + seed] = False
    cross[150:160] = True
    return {"old": old, "cross": cross}


def _arm(folder: Path, cell: Mapping[str, Any], place: tuple[str, str, str]) -> None:
    if place == UNRUN:
        return
    value = {
        "cell": dict(cell),
        "params": {},
        "datasets": {"train": "d1"},
        "config": {"compat": dict(cell)},
        "default": True,
    }
    name = digest(value)
    declare.write_arm(folder, {**value, "arm": name})
    if place == FAILED:
        message = "NumericsError: the loss became nan"
        declare.write_verdict(folder, name, {"status": "failed", "message": message})
        return
    for seed in SEEDS[:1] if place == ONE_SEED else SEEDS:
        _replicate(folder, name, seed, place)
    declare.write_verdict(folder, name, {"status": "complete", "message": ""})


def _replicate(folder: Path, arm: str, seed: int, place: tuple[str, str, str]) -> None:
    _, head, method = place
    found = accuracy(head, method, seed)
    values = {f"{STEM}/{test}accuracy": found[test] for test in TESTS}
    stem = f"{STEM.partition('/')[0]}/backfill/rank1@"
    values |= {f"{stem}{share:g}": rank(head, method, seed, share) for share in SHARES}
    values[f"{stem}old"] = found["old_"] - 0.25
    values["selection/compatible_auc"] = found["cross_"]
    with RunWriter(folder, study=folder.name, arm=arm, seed=seed) as run:
        run.log(values, epoch=8, step=400)
        for test, correct in verdicts(method, seed).items() if place != NO_PAIRS else ():
            run.pair_scores(*STEM.split("/")[:1], f"insightface10/{test}", _columns(correct))
    path = run.folder / "run.json"
    safeio.write_json(path, safeio.read_json(path) | {"seconds": 12.0 + seed})


def _columns(correct: np.ndarray[Any, Any]) -> dict[str, np.ndarray[Any, Any]]:
    numbers = np.linspace(0, 1, PAIRS)
    return {
        "fold": np.arange(PAIRS) % 10,
        "same": numbers > 0.5,
        "score": numbers,
        "threshold": np.full(PAIRS, 0.5),
        "correct": correct,
    }
