"""Runs with stages, of seconds."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from frlib.backbones import tiny
from frlib.data.config import DataConfig, Holdout
from frlib.data.prepare import dataset_digest, noise_digest
from frlib.data.sources import synth
from frlib.stages import Job, digests
from frlib.train import staged as graph
from frlib.train.config import TrainConfig
from frlib.train.place import Place, here

DATA = DataConfig(
    train=synth.Config(identities=12, images=8),
    size=32,
    holdout=Holdout(fraction=0.34, num_pairs=60),
)


def config(**changes: Any) -> TrainConfig:
    """Two epochs of a narrow net."""
    fields = {
        "data": DATA,
        "backbone": tiny.Config(width=4, embedding_size=16),
        "head": {"name": "arcface", "margin": 0.2},
        "noise": {"closed": {"ratio": 0.3}},
        "epochs": 2,
        "batch_size": 16,
    }
    return TrainConfig.parse(fields | changes)


def staged(**changes: Any) -> TrainConfig:
    """The same after one epoch of training with another head."""
    before = {"name": "train", "changes": {"epochs": 1, "head": "softmax"}}
    return config(**{"start": {"stage": "pretrain"}, "stages": {"pretrain": before}} | changes)


def pipeline(**changes: Any) -> TrainConfig:
    """A run with a stage of every kind before it: looked at, decided, repeated, and in rounds, and
    compatible with the first model.
    """
    corrected = {"head": {"name": "boundary", "first_corrected_epoch": 0}}
    stages = {
        "looked": {"name": "train", "changes": corrected},
        "seen": {"name": "evidence", "model": "looked"},
        "listed": {"name": "decide", "evidence": "seen", "rule": "boundary"},
        "again": {
            "name": "loop",
            "after": "listed",
            "model": "looked",
            "rounds": 2,
            "changes": corrected,
        },
        "raised": {
            "name": "rounds",
            "each": [{"head.margin": 0.1}, {"head.margin": 0.3}],
            "clean": {"stage": "listed"},
        },
    }
    fields = {
        "stages": stages,
        "start": {"stage": "raised"},
        "clean": {"stage": "again"},
        "compat": {"stage": "looked", "method": "bct"},
    }
    return config(**fields | changes)


def job(
    run: TrainConfig,
    name: str,
    store: Path,
    inputs: Mapping[str, Path] | None = None,
    *,
    seed: int = 0,
    place: Place | None = None,
) -> Job:
    """The order of one stage, as a replicate gives it."""
    datasets = dataset_digest(run.data, store) | noise_digest(run.noise)
    stage = graph.every(run)[name]
    return Job(
        run=run,
        stage=stage,
        digest=digests(run, seed, datasets)[name],
        seed=stage.seed_for(seed),
        store=store,
        place=here(use_gpu=False) if place is None else place,
        inputs=inputs or {},
        datasets=datasets,
    )


def produced(
    run: TrainConfig,
    store: Path,
    *,
    last: str = "",
    seed: int = 0,
    place: Place | None = None,
    made: Mapping[str, Path] | None = None,
) -> dict[str, Path]:
    """Stages made in this process one after the other, up to `last`: name -> artefact.

    made: those that are there already.
    """
    found = dict(made or {})
    for name in graph.order(run):
        if name not in found:
            found[name] = store / "made" / name
            found[name].mkdir(parents=True, exist_ok=True)
            told = job(run, name, store, found, seed=seed, place=place)
            graph.module_of(run, name).produce(told, found[name])
        if name == last:
            break
    return found
