"""Room on disk that the rest of a study takes, in bytes."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from frlib.core.config import Config, canonical
from frlib.data import catalog
from frlib.data.config import DataConfig
from frlib.data.pixels.decoded import to_make
from frlib.records import layout
from frlib.study.loads import Load
from frlib.study.outputs import Output, workloads
from frlib.study.pace import Pace
from frlib.study.plan import Plan
from frlib.train.config import TrainConfig

_PAIR, _RUN, _LOSS = 24, 40_000, 2
"""Of records: a pair's score, all else of a run of some tens of epochs, about; a sample's loss."""


@dataclass(frozen=True)
class Disk:
    """models: of finished runs. checkpoints: of all runs at a time. records: tables and events.

    stages: what is made before runs, models and records included. decoded: pixels that the store
    lacks and runs would map; 0 where they decode on the fly, and for data that are only imagined.
    """

    models: int
    checkpoints: int
    records: int
    stages: int
    decoded: int

    @property
    def total(self) -> int:
        """All of it."""
        return self.models + self.checkpoints + self.records + self.stages + self.decoded


def disk(pace: Pace, at_a_time: int) -> Disk:
    """Of the runs still to do at most; models and checkpoints of kinds whose load is known."""
    plan, loads = pace.plan, pace.loads
    owed = [(one, plan.owed(one)) for one in plan.cells]
    due = [(loads.get(pace.kind(c)), c.cell.config, n) for c, n in owed if n]
    known = [(load, config, runs) for load, config, runs in due if load is not None]
    each = _recorded(plan)
    made = [(one, _made(one, pace, each)) for one in pace.outputs.to_make]
    trained = [(loads.get(pace.kind_of(run)), run) for one, _ in made for run in one.trainings]
    checkpointed = [(load, config) for load, config, _ in known] + trained
    kept = [
        load.checkpoint_bytes * (config.keep_checkpoints + 1)
        for load, config in checkpointed
        if load is not None
    ]
    records = sum(n * (each or _records(load, config)) for load, config, n in known)
    return Disk(
        models=sum(load.model_bytes * runs for load, _, runs in known),
        checkpoints=max(kept, default=0) * min(at_a_time, plan.runs_left),
        records=records,
        stages=round(sum(one.copies * size for one, size in made)),
        decoded=0 if plan.like else _decoded(pace),
    )


def _records(load: Load, config: TrainConfig) -> int:
    return _RUN + _PAIR * len(config.variants) * sum(load.pairs.values())


def _made(output: Output, pace: Pace, each: int) -> int:
    """Bytes of an output; a training leaves the loss of every sample in every epoch as well."""
    seen, total = pace.loads.get(pace.kind_of(output.seen)), 0
    for run in output.trainings:
        load = pace.loads.get(pace.kind_of(run))
        if load is not None:
            losses = _LOSS * run.epochs * load.images
            total += load.model_bytes + losses + (each or _records(load, run))
    return total + (output.sample_bytes * seen.images if seen is not None else 0)


def _recorded(plan: Plan) -> int:
    """Mean bytes of the records of a complete run here; 0 before there is one."""
    runs = [
        layout.arm_folder(plan.folder, arm) / f"r{seed}"
        for one in plan.cells
        for arm, entry in one.entries.items()
        for seed in entry.complete_seeds
    ]
    some = [runs[i] for i in np.linspace(0, len(runs) - 1, min(len(runs), 50)).astype(int)]
    sizes = [sum(file.stat().st_size for file in run.glob("a*/*")) for run in some]
    return sum(sizes) // len(sizes) if sizes else 0


def _decoded(pace: Pace) -> int:
    """Each source at each size once."""
    missing: dict[str, int] = {}
    runs = workloads(pace.plan, pace.outputs)
    for data in {id(run.data): run.data for run in runs}.values():
        if data.pixels == "encoded" or data.loader == "dali":
            continue
        for source in filter(None, (data.train, data.outliers, *_images(data))):
            key = f"{canonical(source)} {data.size}"
            if key not in missing:
                missing[key] = _lacking(source, data.size, pace.plan.store)
    return sum(missing.values())


def _images(data: DataConfig) -> tuple[Config, ...]:
    return tuple(benchmark.images for benchmark in data.benchmarks)


def _lacking(source: Config, size: int, store: Path) -> int:
    whole = catalog.scan(source, store)
    return to_make(whole.take(np.argsort(whole.refs, kind="stable")), size, store)
