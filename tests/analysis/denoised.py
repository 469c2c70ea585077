"""A recorded Denoise-Bench with made-up numbers: five rules, six kinds of noise, three seeds.

1,000 samples. A rule flags the share `found` of what is wrong and the share `harmed` of the rest;
what it finds it puts right with probability `right`, and what retraining wins back follows.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from frlib.core import safeio
from frlib.core.config import digest
from frlib.records import declare, layout
from frlib.records.write import RunWriter

REPORT = "official/insightface10/accuracy"
SEEDS = (0, 1, 2)
SAMPLES = 1000
CLEAN = 0.90
NOISE = (
    (0.0, 0.0, 1.0),
    (0.2, 0.0, 1.0),
    (0.4, 0.0, 1.0),
    (0.0, 0.2, 1.0),
    (0.2, 0.2, 1.0),
    (0.2, 0.0, 10.0),
)


@dataclass(frozen=True)
class Rule:
    """Shares, as the module says. wins: of what the noise costs."""

    found: float
    harmed: float
    right: float
    wins: float


RULES: Mapping[str, Rule | None] = {
    "none": None,
    "BoundaryFace list": Rule(0.60, 0.02, 0.95, 0.50),
    "Sub-center drop": Rule(0.80, 0.10, 0.0, 0.30),
    "Loss quantile": Rule(0.50, 0.15, 0.0, -0.10),
    "Oracle": Rule(1.0, 0.0, 1.0, 0.90),
}
UNRUN, FAILED = ("Loss quantile", NOISE[4]), ("Sub-center drop", NOISE[5])
STUDY: dict[str, Any] = {
    "name": "bench",
    "question": "Which rule finds which wrong labels?",
    "selection": {"metric": "auc"},
    "report": [REPORT],
    "table": "denoise_bench",
    "published": "boundaryface",
    "replicates": {"seeds": list(SEEDS)},
    "cells": [
        {
            "shown": [
                ["clean", rule],
                ["noise.closed.ratio", flips],
                ["noise.open.ratio", outliers],
                ["noise.long_tail.imbalance", tail],
            ]
        }
        for rule in RULES
        for flips, outliers, tail in NOISE
    ],
}


def record(store: Path, study: Mapping[str, Any] = STUDY) -> Path:
    """Record it; one cell was never run, and one failed."""
    folder = layout.study_folder(store, str(study["name"]))
    declare.write_study(folder, study)
    for planned in study["cells"]:
        cell = dict(planned["shown"])
        label, *noise = cell.values()
        if (label, tuple(noise)) != UNRUN:
            _arm(folder, cell, label, tuple(noise))
    return folder


def accuracy(label: str, noise: tuple[float, float, float], seed: int) -> float:
    """Of the model that is trained on what the rule left."""
    flips, outliers, tail = noise
    jitter = 0.004 * (seed - 1)
    cost = (0.3 * flips + 0.1 * outliers + 0.02 * (tail > 1)) * (1 + 0.1 * seed)
    rule = RULES[label]
    own = 0.0 if rule is None else 0.002 * (seed % 2)
    return CLEAN + jitter + own - cost * (1 - (rule.wins if rule else 0.0))


def scores(rule: Rule, noise: tuple[float, float, float], seed: int) -> dict[str, float]:
    """What is recorded of the findings; what is undefined is left out, as in real records."""
    flips, outliers = SAMPLES * noise[0], SAMPLES * noise[1]
    wrong = flips + outliers
    hits = wrong * (rule.found - 0.01 * seed * (rule.found < 1))
    harmed = (SAMPLES - wrong) * rule.harmed
    values = {
        "unknown": 0.0,
        "wrong": wrong,
        "flagged": hits + harmed,
        "harm": rule.harmed,
        "ece": 0.1 * rule.harmed + 0.01 * seed,
        "size/32-63/samples": 600.0,
        "size/64-127/samples": 400.0,
    }
    if hits + harmed:
        values["precision"] = hits / (hits + harmed)
    if wrong:
        values["recall"] = hits / wrong
        values["f1"] = 2 * hits / (hits + harmed + wrong)
        values["auprc"] = 0.9 * rule.found
    for kind, size in (("flip", flips), ("outlier", outliers)):
        if size:
            values[f"recall/{kind}"] = hits / wrong
    if rule.right and flips and seed != 2:
        values["relabel_accuracy"] = rule.right
    return {f"cleaning/{name}": value for name, value in values.items()}


def replicates(
    folder: Path, cell: Mapping[str, Any], values: Sequence[Mapping[str, float]]
) -> None:
    """Record a complete arm: its last values, a seed each."""
    name = _declare(folder, cell)
    for seed, last in enumerate(values):
        with RunWriter(folder, study=folder.name, arm=name, seed=seed) as run:
            found = {key: value for key, value in last.items() if key.startswith("cleaning/")}
            if found:
                run.log(found, epoch=0, step=0)
            run.log({key: last[key] for key in last if key not in found}, epoch=8, step=400)
        path = run.folder / "run.json"
        safeio.write_json(path, safeio.read_json(path) | {"seconds": 15.0 + seed})
    declare.write_verdict(folder, name, {"status": "complete", "message": ""})


def _declare(folder: Path, cell: Mapping[str, Any]) -> str:
    value = {
        "cell": dict(cell),
        "params": {},
        "datasets": {"train": "d1"},
        "config": {"clean": dict(cell)},
        "default": True,
    }
    name = digest(value)
    declare.write_arm(folder, {**value, "arm": name})
    return name


def _arm(
    folder: Path, cell: Mapping[str, Any], label: str, noise: tuple[float, float, float]
) -> None:
    if (label, noise) == FAILED:
        message = "DataError: findings of 'subcenter_drop' leave 1 of 40 classes"
        verdict = {"status": "failed", "message": message}
        declare.write_verdict(folder, _declare(folder, cell), verdict)
        return
    rule = RULES[label]
    values = []
    for seed in SEEDS:
        reached = accuracy(label, noise, seed)
        found = {} if rule is None else scores(rule, noise, seed)
        values.append({REPORT: reached, "selection/auc": reached, **found})
    replicates(folder, cell, values)
