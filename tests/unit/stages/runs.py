"""Runs with stages, of seconds."""

from typing import Any

from frlib.backbones import tiny
from frlib.data.config import DataConfig, Holdout
from frlib.data.sources import synth
from frlib.train.config import TrainConfig

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
    """A run with a stage of every kind before it: looked at, decided, repeated, and in rounds."""
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
    fields = {"stages": stages, "start": {"stage": "raised"}, "clean": {"stage": "again"}}
    return config(**fields | changes)
