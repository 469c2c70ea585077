"""A recorded study with made-up numbers: three schedules at two lengths, three seeds."""

from pathlib import Path
from typing import Any

from frlib.core import safeio
from frlib.core.config import digest
from frlib.records import declare, layout
from frlib.records.write import RunWriter

REPORT = "official/insightface10/accuracy"
BATCH = 128
ACCURACY: dict[tuple[str, int], tuple[float, ...]] = {
    ("poly", 20): (0.870, 0.880, 0.890),
    ("moving_haar", 20): (0.860, 0.876, 0.888),
    ("poly", 5): (0.840, 0.852, 0.858),
    ("moving_haar", 5): (0.866, 0.876, 0.885),
    ("cosine", 5): (),
}
STUDY: dict[str, Any] = {
    "name": "speed",
    "question": "How fast?",
    "selection": {"metric": "auc"},
    "report": [REPORT],
    "table": "haar_speed",
    "published": "mhlr",
    "replicates": {"seeds": [0, 1, 2]},
    "cells": [{"shown": [["schedule", rule], ["epochs", n]]} for rule, n in ACCURACY],
}


def record(store: Path) -> Path:
    """Record it: 30 steps an epoch, 3 s an epoch and 1 s more each seed; cosine is never run."""
    folder = layout.study_folder(store, "speed")
    declare.write_study(folder, STUDY)
    for (rule, epochs), accuracies in ACCURACY.items():
        if accuracies:
            _arm(folder, rule, epochs, accuracies)
    return folder


def _arm(folder: Path, rule: str, epochs: int, accuracies: tuple[float, ...]) -> None:
    value = {
        "cell": {"schedule": rule, "epochs": epochs},
        "params": {},
        "datasets": {},
        "config": {"batch_size": BATCH, "epochs": epochs, "schedule": {"name": rule}},
        "default": True,
    }
    name = digest(value)
    declare.write_arm(folder, {**value, "arm": name})
    for seed, accuracy in enumerate(accuracies):
        with RunWriter(folder, study="speed", arm=name, seed=seed) as run:
            run.log({"train/loss": 1.0}, epoch=1, step=30)
            values = {REPORT: accuracy, "selection/auc": accuracy}
            if rule == "moving_haar":
                values["schedule/cuts"] = float(seed if epochs == 5 else 0)
            run.log(values, epoch=epochs, step=30 * epochs)
        path = run.folder / "run.json"
        safeio.write_json(path, safeio.read_json(path) | {"seconds": 3.0 * epochs + seed})
    declare.write_verdict(folder, name, {"status": "complete", "message": ""})
