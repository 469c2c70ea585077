"""A small study that plans in milliseconds; nothing in it is ever trained."""

from typing import Any

from frlib.core.space import OneOf, Uniform
from frlib.data.config import DataConfig, PairBenchmark
from frlib.data.sources import parquet
from frlib.heads.presets import arcface, boundary
from frlib.pruning import halving
from frlib.study.schema import Study
from frlib.study.search import Search
from frlib.train.config import TrainConfig

DATASETS = {"train": "aaaa", "pairs/images": "bbbb"}


def digests(config: TrainConfig) -> dict[str, str]:
    """The content of files that do not exist."""
    return DATASETS


def small(**changes: Any) -> Study:
    """ArcFace, BoundaryF1 and BoundaryFace at two noise ratios, margin and lambda searched."""
    people = parquet.Config(path="unused")
    data = DataConfig(train=people, benchmarks=(PairBenchmark(name="pairs", images=people),))
    values: dict[str, Any] = {
        "name": "small",
        "question": "?",
        "base": TrainConfig(data=data, epochs=4),
        "axes": {
            "head": (arcface.Config(margin=0.3), boundary.Config(lam=0.0), boundary.Config()),
            "noise.closed.ratio": (0.0, 0.2),
        },
        "space": {
            "head.margin": Uniform(low=0.1, high=0.5),
            "head.lam": Uniform(low=0.5, high=6.0),
            "batch_size": OneOf(values=(64, 128)),
        },
        "search": Search(arms_per_cell=3, sampler="random"),
        "pruning": halving.Config(first_epoch=1),
        "report": ("pairs/insightface10/accuracy",),
    }
    return Study(**(values | changes))
