"""A recorded study with made-up numbers: four arms, two seeds, and searches that were played.

Arm k takes 10 s a seed, so the grid takes 80 s. A search of "lucky" ends with the best arm at once,
after 20 s; one of "slow" tries two arms, 20 s each, in the order that is given.
"""

from pathlib import Path
from typing import Any

import pyarrow as pa

from frlib.core import safeio
from frlib.core.config import digest
from frlib.records import contests, declare, layout
from frlib.records.write import RunWriter

REPORT = "official/insightface10/accuracy"
AUC = (0.900, 0.950, 0.949, 0.800)
ACCURACY = (0.80, 0.90, 0.903, 0.70)
ORDERS = ((0, 1), (0, 2), (0, 3), (0, 2))
"""Arms that "slow" tries, a repeat each; arm 0 is the default."""
CELLS = (0.0, 0.4)
STUDY: dict[str, Any] = {
    "name": "costs",
    "question": "What does it cost?",
    "selection": {"metric": "auc"},
    "report": [REPORT],
    "table": "search_cost",
    "replicates": {"seeds": [0, 1]},
    "contest": {"repeats": len(ORDERS), "slots": 1},
}


def arm(flips: float, k: int) -> dict[str, Any]:
    """What is written down of arm k of a cell."""
    value = {
        "cell": {"noise.closed.ratio": flips},
        "cell_digest": f"cell{flips}",
        "params": {"head.margin": k / 10},
        "datasets": {},
        "config": {"batch_size": 64},
        "default": k == 0,
    }
    return {**value, "arm": digest(value)}


def record(store: Path) -> Path:
    """Record both cells; searches are played in the one with flips."""
    folder = layout.study_folder(store, str(STUDY["name"]))
    shown = [
        {"shown": [["noise.closed.ratio", flips]], "digest": f"cell{flips}"} for flips in CELLS
    ]
    declare.write_study(folder, STUDY | {"cells": shown})
    for flips in CELLS:
        for k in range(len(AUC)):
            _arm(folder, arm(flips, k), k)
    names = [arm(0.4, k)["arm"] for k in range(len(AUC))]
    grid = contests.Grid("x", tuple(names), names[0], seconds=80.0, default_seconds=20.0)
    rows = [row for repeat, order in enumerate(ORDERS) for row in _rows(names, repeat, order)]
    table = pa.Table.from_pylist(rows, schema=contests.SCHEMA)
    contests.write(folder, contests.Contests().put("cell0.4", grid, table))
    return folder


def _arm(folder: Path, told: dict[str, Any], k: int) -> None:
    declare.write_arm(folder, told)
    for seed in (0, 1):
        with RunWriter(folder, study="costs", arm=told["arm"], seed=seed) as run:
            shift = 0.01 * seed
            run.log(
                {"selection/auc": AUC[k] + shift, REPORT: ACCURACY[k] + shift}, epoch=6, step=60
            )
        path = run.folder / "run.json"
        safeio.write_json(path, safeio.read_json(path) | {"seconds": 10.0})
    declare.write_verdict(folder, told["arm"], {"status": "complete", "message": ""})


def _rows(names: list[str], repeat: int, order: tuple[int, ...]) -> list[dict[str, Any]]:
    found = [_row("lucky", repeat, 1, 1, names)]
    best = order[0]
    for count, k in enumerate(order, start=1):
        best = max(best, k, key=lambda one: AUC[one])
        found.append(_row("slow", repeat, count, best, names))
    return found


def _row(strategy: str, repeat: int, count: int, best: int, names: list[str]) -> dict[str, Any]:
    return {
        "cell": "cell0.4",
        "strategy": strategy,
        "repeat": repeat,
        "arms": count,
        "epochs": 12 * count,
        "seconds": 20.0 * count,
        "clock": 20.0 * count,
        "status": "complete",
        "best": names[best],
        "value": AUC[best] + 0.005,
    }
