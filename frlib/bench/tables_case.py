"""A large study on record, with made-up numbers, in the files that a real one leaves behind."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from frlib.core import safeio
from frlib.core.config import digest
from frlib.core.seeds import stream
from frlib.records import layout, parts
from frlib.records.schema import VERSION

STUDY = "bench_tables"
SEEDS = (0, 1, 2)
METHODS, NOISES, METRICS = 20, 25, 30
CELLS = METHODS * NOISES
REPORT = tuple(f"benchmark{number}/insightface10/accuracy" for number in range(METRICS - 1))
SELECTION = "selection/auc"
_BEGAN, _ENDED = "2026-01-01T00:00:00.000+00:00", "2026-01-01T01:00:00.000+00:00"
_PARTS = ("data", "backbone", "head", "noise", "optimiser", "schedule")
_FIELDS = 12


def recorded(store: Path, runs: int) -> Path:
    """Complete runs of 500 cells in turn, three seeds an arm; the study's folder."""
    folder = layout.study_folder(store, STUDY)
    draw = stream(0, "checks", "bench")
    cells = [
        {"head": f"method {method}", "noise.closed.ratio": round(noise / 50, 2)}
        for method in range(METHODS)
        for noise in range(NOISES)
    ]
    _json(folder / "study.json", _study(cells))
    for number in range(-(-runs // len(SEEDS))):
        name = _arm(folder, cells[number % CELLS], number)
        for seed in SEEDS[: runs - number * len(SEEDS)]:
            values = draw.uniform(0.5, 1.0, METRICS).tolist()
            _replicate(folder, name, seed, dict(zip((*REPORT, SELECTION), values, strict=True)))
    return folder


def _study(cells: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "name": STUDY,
        "question": "How long does a table take?",
        "selection": {"metric": "auc"},
        "report": list(REPORT),
        "table": "study",
        "replicates": {"seeds": list(SEEDS)},
        "cells": [{"shown": [list(item) for item in cell.items()]} for cell in cells],
    }


def _arm(folder: Path, cell: Mapping[str, Any], number: int) -> str:
    config = {part: {f"field{i}": i / 7 for i in range(_FIELDS)} for part in _PARTS}
    value = {
        "cell": dict(cell),
        "params": {"head.margin": number / 1e5},
        "datasets": {"train": "0" * 16},
        "config": config,
        "default": number < CELLS,
    }
    name = digest(value)
    home = layout.arm_folder(folder, name)
    _json(home / "arm.json", {"schema": VERSION, "arm": name, **value})
    _json(home / "verdict.json", {"status": "complete", "message": ""})
    return name


def _replicate(folder: Path, arm: str, seed: int, values: Mapping[str, float]) -> None:
    home = layout.attempt_folder(folder, arm, seed, 0)
    home.mkdir(parents=True)
    identity = {"study": STUDY, "arm": arm, "seed": str(seed), "attempt": "0"}
    part = home / layout.part_name("metrics", 0)
    rows = len(values)
    columns = {
        "epoch": [20] * rows,
        "step": [600] * rows,
        "name": list(values),
        "value": list(values.values()),
        "time": [1.7e9] * rows,
    }
    parts.put(part, parts.to_table("metrics", columns), identity)
    run = {"study": STUDY, "arm": arm, "seed": seed, "attempt": 0, "status": "complete"}
    run |= {"reason": "", "started": _BEGAN, "ended": _ENDED, "seconds": 3600.0, "schema": VERSION}
    run |= {"facts": {f"fact{i}": i / 7 for i in range(_FIELDS)}}
    run |= {"parts": {part.name: safeio.sha256(part)}, "finals": dict(values)}
    _json(home / "run.json", run)


def _json(path: Path, value: Mapping[str, Any]) -> None:
    """As records are written, without waiting for the disk."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(value, indent=1, sort_keys=True) + "\n")
