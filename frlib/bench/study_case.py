"""Studies to measure the engine with: runs as short as they come, and records made by hand."""

from collections.abc import Iterator
from itertools import islice
from math import ceil, sqrt
from pathlib import Path
from typing import Any

from frlib.core.seeds import stream
from frlib.records import declare
from frlib.records.write import RunWriter
from frlib.study.arms import Arm, Cell
from frlib.study.plan import Plan, make
from frlib.study.schema import Study

METRIC = "selection/auc"
REPORT = "faces/insightface10/accuracy"
_FACES = {"name": "synth", "identities": 6, "images": 8}
_BASE: dict[str, Any] = {
    "data": {
        "train": _FACES,
        "size": 32,
        "holdout": {"fraction": 0.34, "num_pairs": 20, "folds": 2},
        "benchmarks": [
            {
                "name": "faces",
                "images": _FACES | {"images": 4, "part": "eval"},
                "num_pairs": 40,
                "folds": 2,
            }
        ],
    },
    "backbone": {"name": "tiny", "width": 4, "embedding_size": 16},
    "head": {"name": "arcface", "margin": 0.2},
    "epochs": 2,
    "batch_size": 8,
}
_COMMON: dict[str, Any] = {
    "question": "What does a trial cost beside its training?",
    "base": _BASE,
    "axes": {"noise.closed.ratio": [0.0]},
    "pruning": "none",
    "replicates": {"seeds": [0]},
    "report": [REPORT],
}


def trials(arms: int) -> Study:
    """One cell, a margin for each arm, one run of two epochs each, one at a time."""
    return Study.parse(
        _COMMON
        | {
            "name": "bench_trials",
            "space": {"head.margin": {"kind": "uniform", "low": 0.1, "high": 0.4}},
            "search": {
                "arms_per_cell": arms,
                "sampler": {"name": "grid", "points": arms},
            },
            "resources": {"concurrent_arms": 1},
        }
    )


def cells(arms: int) -> Study:
    """Every arm a cell of its own, which is the most there can be to a plan of so many."""
    side = ceil(sqrt(arms))
    return Study.parse(
        _COMMON
        | {
            "name": "bench_cells",
            "axes": {
                "head.margin": [0.1 + 0.3 * i / side for i in range(side)],
                "optimiser.lr": [0.01 + 0.1 * i / side for i in range(ceil(arms / side))],
            },
        }
    )


def searched(arms: int) -> Study:
    """One cell in which TPE may try so many arms, over two numbers; halving stops some."""
    return Study.parse(
        _COMMON
        | {
            "name": "bench_searched",
            "space": {
                "head.margin": {"kind": "uniform", "low": 0.1, "high": 0.4},
                "optimiser.lr": {"kind": "uniform", "low": 0.001, "high": 0.1, "log": True},
            },
            "search": {"arms_per_cell": arms, "sampler": "tpe"},
            "pruning": {"name": "halving", "first_epoch": 1},
        }
    )


def recorded(plan: Plan, count: int) -> None:
    """Put complete runs of so many arms of the first cell on record, the values as if measured."""
    draw = stream(0, "checks", "bench")
    for order, arm in enumerate(islice(_arms(plan.cells[0].cell), count)):
        value = 0.9 - abs(float(arm.params["head.margin"]) - 0.25) + 0.02 * draw.standard_normal()
        declare.write_arm(
            plan.folder, arm.to_json() | {"proposal": {"order": order, "seen": order}}
        )
        with RunWriter(plan.folder, study=plan.study.name, arm=arm.digest, seed=0) as writer:
            for epoch in range(1, arm.config.epochs + 1):
                row = {"train/loss": 1.0, METRIC: value, REPORT: value}
                writer.log(row, epoch=epoch, step=epoch)
        declare.write_verdict(
            plan.folder,
            arm.digest,
            {"status": "complete", "metric": METRIC, "value": value, "step": arm.config.epochs},
        )


def planned(study: Study, store: Path) -> Plan:
    """Against a store, as `frlib study plan` does it."""
    return make(study, store)


def _arms(cell: Cell) -> Iterator[Arm]:
    yield cell.default
    draw = stream(1, "checks", "bench")
    while True:
        margin, rate = draw.uniform(0.1, 0.4), 10 ** draw.uniform(-3.0, -1.0)
        yield cell.arm({"head.margin": float(margin), "optimiser.lr": float(rate)})
