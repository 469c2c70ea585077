"""The run that studies of heads, noise and schedules vary, for real faces and for procedural ones.

With real faces: length, batch and scale of `boundary_under_noise`, 20 epochs of batch 128 at scale
32. Without: 8 epochs of batch 64 at scale 16, since nets hardly learn there at 32 and a margin of
0.3 under flips.

Cost of the form without: 16 to 19 seconds of a CPU core a run (process time of seven whole runs,
five heads, evaluation included). Studies count 20, and two runs at a time, since runs share a
machine's caches, and start and records come on top. At 40 % flips the net of ArcFace learns (79 %
on the benchmark, of one seed), and corrections have something to gain (BoundaryFace 87 %).
"""

from typing import Any, TypedDict

from frlib.backbones import tiny
from frlib.core.config import with_path
from frlib.data.config import DataConfig
from frlib.optimisers import sgd
from frlib.schedules import poly
from frlib.train.config import TrainConfig
from studies import _faces, _procedural

LR = 0.1
"""Learning rate of SGD from random weights."""


class Penalty(TypedDict):
    """Fields that most heads have, as keywords."""

    scale: float
    margin: float


def penalty(faces: str) -> Penalty:
    """Scale and margin (radian) of an ArcFace that learns from these faces, also under flips."""
    return {"scale": 32.0, "margin": 0.3} if faces else {"scale": 16.0, "margin": 0.2}


def first_corrected_epoch(faces: str) -> int:
    """When labels are corrected first, counted from 0: with the eighth pass of 20, fifth of 8."""
    return 7 if faces else 4


def base(faces: str, *, with_outliers: bool = False, **changes: Any) -> TrainConfig:
    """The run for real faces from the folder `faces`, else for procedural ones."""
    length = {"epochs": 20, "batch_size": 128, "select_every": 5}
    if not faces:
        length = {"epochs": 8, "batch_size": 64, "select_every": 2}
    fields: dict[str, Any] = {
        "data": _data(faces, with_outliers),
        "backbone": tiny.Config(),
        "schedule": poly.Config(),
        "optimiser": sgd.Config(lr=LR, nesterov=True),
    }
    return TrainConfig(**(fields | length | changes))


def halved(faces: str, **changes: Any) -> TrainConfig:
    """The run, outliers at hand, of studies that train twice for every row: a net of half the
    usual width at 32 pixels, and real faces for 12 epochs."""
    length = {"epochs": 12, "select_every": 6} if faces else {}
    net = tiny.Config(width=8)
    run = base(faces, with_outliers=True, backbone=net, **(length | changes))
    return with_path(run, "data.size", 32)


def steps_per_epoch(faces: str) -> int:
    """Whole batches in the images that `base` trains on."""
    return 30 if faces else 56


def reported(run: TrainConfig) -> tuple[str, ...]:
    """Accuracy on every benchmark of the run, by insightface's rule for ten folds."""
    return tuple(f"{one.name}/insightface10/accuracy" for one in run.data.benchmarks)


def _data(faces: str, with_outliers: bool) -> DataConfig:
    if faces:
        return _faces.faces(faces, with_outliers=with_outliers)
    return _procedural.faces(with_outliers=with_outliers)
