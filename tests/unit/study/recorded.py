"""A study on tiny procedural faces that plans in milliseconds, and records of it made by hand."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from frlib.backbones import tiny
from frlib.data.config import DataConfig, Holdout, PairBenchmark
from frlib.data.sources import synth
from frlib.heads.presets import arcface
from frlib.launch.study import record_design
from frlib.records import declare
from frlib.records.write import RunWriter
from frlib.study.arms import Arm
from frlib.study.plan import Plan, make
from frlib.study.schema import Study
from frlib.train.config import TrainConfig

METRIC = "selection/auc"
REPORT = "faces/insightface10/accuracy"


def little(**changes: Any) -> Study:
    """ArcFace with two margins, two seeds of two epochs; nothing is searched."""
    values: dict[str, Any] = {
        "name": "little",
        "question": "?",
        "base": TrainConfig(
            data=DataConfig(
                train=synth.Config(identities=6, images=8),
                size=32,
                holdout=Holdout(fraction=0.34, num_pairs=20, folds=2),
                benchmarks=(
                    PairBenchmark(
                        name="faces",
                        images=synth.Config(identities=6, images=4, part="eval"),
                        num_pairs=40,
                        folds=2,
                    ),
                ),
            ),
            backbone=tiny.Config(width=4, embedding_size=16),
            head=arcface.Config(margin=0.2),
            epochs=2,
            batch_size=8,
        ),
        "axes": {"head.margin": (0.1, 0.2)},
        "pruning": "none",
        "replicates": {"seeds": (0, 1)},
        "report": (REPORT,),
    }
    return Study(**(values | changes))


def record(
    plan: Plan,
    arm: Arm,
    finals: Mapping[int, float],
    *,
    verdict: str = "complete",
    message: str = "",
    running: Sequence[int] = (),
    more: Mapping[str, float] | None = None,
) -> None:
    """An arm whose replicates (by seed) ended with these values of selection and report.

    running: seeds that were begun and have not ended. An empty verdict is none.
    """
    record_design(plan)
    declare.write_arm(plan.folder, arm.to_json())
    epochs = arm.config.epochs
    for seed, value in finals.items():
        with RunWriter(plan.folder, study=plan.study.name, arm=arm.digest, seed=seed) as writer:
            row = {"train/loss": 1.0, METRIC: value, REPORT: value, **(more or {})}
            writer.log(row, epoch=epochs, step=epochs)
    for seed in running:
        RunWriter(plan.folder, study=plan.study.name, arm=arm.digest, seed=seed).flush()
    if verdict:
        told = {"status": verdict, "message": message, "metric": METRIC, "value": 0.5, "step": 4}
        declare.write_verdict(plan.folder, arm.digest, told)


def planned(store: Path, **changes: Any) -> Plan:
    """The little study against a store."""
    return make(little(**changes), store)
