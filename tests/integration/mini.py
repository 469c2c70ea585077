"""A study of a few seconds a run, for tests of the whole chain."""

from frlib.backbones import tiny
from frlib.core.space import Uniform
from frlib.data.config import DataConfig, Holdout, PairBenchmark
from frlib.data.sources import synth
from frlib.heads.presets import arcface, boundary
from frlib.pruning import halving
from frlib.study.schema import Replicates, Study
from frlib.study.search import Search
from frlib.train.config import TrainConfig

TRAIN = synth.Config(identities=12, images=8)
STEPS = 4
"""Of an epoch."""
EVAL = synth.Config(identities=12, images=6, part="eval")


def study() -> Study:
    """Two heads on flipped labels, two seeds, one searched arm a cell."""
    return Study(
        name="mini",
        question="Does the chain hold?",
        base=TrainConfig(
            data=DataConfig(
                train=TRAIN,
                size=32,
                holdout=Holdout(fraction=0.34, num_pairs=60),
                benchmarks=(PairBenchmark(name="faces", images=EVAL, num_pairs=100, folds=5),),
            ),
            backbone=tiny.Config(width=4, embedding_size=16),
            epochs=3,
            batch_size=16,
        ),
        axes={
            "head": (
                arcface.Config(margin=0.2),
                boundary.Config(margin=0.2, first_corrected_epoch=1),
            ),
            "noise.closed.ratio": (0.3,),
        },
        space={"head.margin": Uniform(low=0.1, high=0.4)},
        search=Search(arms_per_cell=2, sampler="random"),
        pruning=halving.Config(first_epoch=1),
        replicates=Replicates(seeds=(0, 1)),
        report=("faces/insightface10/accuracy", "faces/boundaryface10/accuracy"),
        table="noise_study",
        published="boundaryface",
    )
