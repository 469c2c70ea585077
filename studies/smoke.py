"""Does the whole chain work, and does correcting labels help under 40 % flips?

ArcFace against BoundaryFace on procedural faces, clean and with 40 % flipped labels, three paired
seeds, one searched arm a cell beside the default. Expect about 92 % for both on clean labels, 78 %
for ArcFace and 88 % for BoundaryFace under noise; about four minutes on two CPU cores.
"""

from frlib.backbones import tiny
from frlib.core.space import Uniform
from frlib.heads.presets import arcface, boundary
from frlib.optimisers import sgd
from frlib.pruning import halving
from frlib.schedules import poly
from frlib.study.schema import Replicates, Study
from frlib.study.search import Search
from frlib.study.selection import Selection
from frlib.train.config import TrainConfig
from studies._procedural import faces


def study() -> Study:
    """Two heads, two noise ratios."""
    return Study(
        name="smoke",
        question=__doc__,
        base=TrainConfig(
            data=faces(),
            backbone=tiny.Config(),
            schedule=poly.Config(),
            optimiser=sgd.Config(lr=0.1, nesterov=True),
            epochs=7,
            batch_size=64,
            select_every=2,
        ),
        axes={
            "head": (
                arcface.Config(scale=16.0, margin=0.2),
                boundary.Config(scale=16.0, margin=0.2, first_corrected_epoch=4),
            ),
            "noise.closed.ratio": (0.0, 0.4),
        },
        space={
            "head.margin": Uniform(low=0.1, high=0.4),
            "head.lam": Uniform(low=0.5, high=6.0),
        },
        search=Search(arms_per_cell=2),
        pruning=halving.Config(first_epoch=2, keep_one_in=2),
        replicates=Replicates(seeds=(0, 1, 2)),
        selection=Selection(metric="auc"),
        report=("procedural/insightface10/accuracy", "procedural/boundaryface10/accuracy"),
        table="noise_study",
        published="boundaryface",
    )
