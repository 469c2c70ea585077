"""The procedural faces that demonstrations train on: nothing to download, no terms to read."""

from frlib.data.config import DataConfig, Holdout, PairBenchmark
from frlib.data.sources import synth
from frlib.data.synth.people import World

PEOPLE = 40


def faces(*, with_outliers: bool = False) -> DataConfig:
    """40 people train on 90 pictures each at 32 pixels, 10 more select, 80 others report.

    The reported people are more alike than those trained on (`spread`), so nothing saturates.
    with_outliers: 200 others with 10 pictures each are there for open-set noise.
    """
    others = synth.Config(part="eval", identities=80, images=10, world=World(spread=0.75))
    return DataConfig(
        train=synth.Config(identities=PEOPLE + 10),
        outliers=synth.Config(part="outliers", identities=200, images=10)
        if with_outliers
        else None,
        size=32,
        holdout=Holdout(fraction=10 / (PEOPLE + 10), num_pairs=800, folds=5),
        benchmarks=(PairBenchmark(name="procedural", images=others, num_pairs=3000),),
    )
