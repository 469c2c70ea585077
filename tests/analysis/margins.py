"""A study with made-up numbers in which a margin was searched, for all kinds of figures."""

from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from frlib.core import safeio
from frlib.records import declare, layout
from frlib.records.write import RunWriter

Numbers = NDArray[np.float64]

METHODS = ("ArcFace", "Sub-center ArcFace (K=3)", "BoundaryFace (λ=π)")
MARGINS = (0.1, 0.2, 0.3, 0.4, 0.5)
FLIPS = (0.0, 0.2)
EPOCHS = (1, 2, 3)
SEEDS = (0, 1, 2)
REPORT = "faces/insightface10/accuracy"
PAIRS = 600


def auc(method: int, flips: float, margin: float, epoch: int, seed: int) -> float:
    """Of the made-up arms: margin 0.3 is best, seeds differ by 0.01 in all of them."""
    return 0.7 + 0.02 * method - 0.2 * flips - (margin - 0.3) ** 2 + 0.03 * epoch + 0.01 * seed


def record(store: Path, simulated: ModuleType) -> Path:
    folder = layout.study_folder(store, "searched")
    cells = [(m, flips) for m in range(len(METHODS)) for flips in FLIPS]
    shown = [[["head", METHODS[m]], ["noise.closed.ratio", flips]] for m, flips in cells]
    study = simulated.STUDY | {
        "name": "searched",
        "report": [REPORT],
        "table": "study",
        "published": None,
        "replicates": {"seeds": list(SEEDS)},
        "cells": [{"shown": one} for one in shown],
    }
    declare.write_study(folder, study)
    minute = 0
    for m, flips in cells:
        cell = {"head": METHODS[m], "noise.closed.ratio": flips}
        for margin in MARGINS:
            arm = simulated.arm(folder, cell, margin, default=margin == 0.5)
            is_stopped = margin == 0.1
            for seed in SEEDS:
                _run(folder, arm, seed, minute, is_stopped, m=m, flips=flips, margin=margin)
                minute += 3
            told: dict[str, Any] = {"status": "complete", "message": ""}
            if is_stopped:
                told = {"status": "stopped", "message": "racing: …", "rule": "racing", "rung": 1}
            declare.write_verdict(folder, arm, told)
    return folder


def _run(
    folder: Path,
    arm: str,
    seed: int,
    minute: int,
    is_stopped: bool,
    *,
    m: int,
    flips: float,
    margin: float,
) -> None:
    with RunWriter(folder, study="searched", arm=arm, seed=seed) as run:
        for epoch in EPOCHS[:1] if is_stopped else EPOCHS:
            values = {"selection/auc": auc(m, flips, margin, epoch, seed)}
            if METHODS[m].startswith("Boundary") and epoch > 1:
                values |= {"corrections/precision": 0.9, "corrections/recall": 0.1 * epoch}
            run.log(values, epoch=epoch, step=10 * epoch)
        if is_stopped:
            run.finish("stopped", "racing")
        else:
            run.log({REPORT: auc(m, flips, margin, 3, seed) - 0.01}, epoch=3, step=30)
            _verdicts(run, m, flips, seed)
    path = run.folder / "run.json"
    times = {
        "started": f"2026-01-01T{minute // 60:02d}:{minute % 60:02d}:00.000+00:00",
        "ended": f"2026-01-01T{minute // 60:02d}:{minute % 60:02d}:30.000+00:00",
    }
    safeio.write_json(path, safeio.read_json(path) | times)


def is_right(method: int, flips: float, seed: int) -> Numbers:
    """`[P]` verdicts of a made-up row: later methods and less noise have more pairs right."""
    draw = np.random.default_rng(seed)
    hard = draw.uniform(size=PAIRS) + 0.05 * np.random.default_rng(9).normal(size=PAIRS)
    return (hard < 0.8 + 0.05 * method - 0.2 * flips).astype(np.float64)


def _verdicts(run: RunWriter, method: int, flips: float, seed: int) -> None:
    arrays = {
        "fold": np.arange(PAIRS) % 10,
        "same": np.arange(PAIRS) % 2 == 0,
        "score": np.zeros(PAIRS),
        "threshold": np.zeros(PAIRS),
        "correct": is_right(method, flips, seed) == 1,
    }
    run.pair_scores("faces", "insightface10", arrays)
