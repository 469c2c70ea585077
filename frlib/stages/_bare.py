"""A run with nothing before it: its data and noise, and no start, stages, cleaning, old model."""

from frlib.core import discover
from frlib.train import staged
from frlib.train.config import TrainConfig


def bare(run: TrainConfig) -> TrainConfig:
    """What a train stage without changes trains."""
    module = discover.load(staged.PACKAGE, "train")
    found: TrainConfig = module.view(module.Config(), run)
    return found
