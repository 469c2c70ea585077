"""What making an output takes at most, told without making it."""

from dataclasses import dataclass

from frlib.train import staged
from frlib.train.config import TrainConfig

TABLE_ROW = 8
"""Bytes that tables of an artefact take for a sample, compressed, about."""


@dataclass(frozen=True, kw_only=True)
class Cost:
    """seen: the run as the stage sees it. trainings: whole runs. passes: runs whose model is asked
    about each of its images once. sample_bytes: kept for every sample of `seen`, beside what the
    trainings leave.
    """

    seen: TrainConfig
    trainings: tuple[TrainConfig, ...] = ()
    passes: tuple[TrainConfig, ...] = ()
    sample_bytes: int = 0


def costs(run: TrainConfig) -> dict[str, Cost]:
    """Name of every stage that a run uses -> what its output takes; inputs before their users."""
    stages = staged.every(run)
    return {name: staged.module_of(run, name).cost(stages[name], run) for name in staged.order(run)}
