"""The real faces that studies train on where a folder of them is given."""

from pathlib import Path

from frlib.data.config import DataConfig, Holdout, PairBenchmark
from frlib.data.sources import parquet


def faces(folder: str, *, with_outliers: bool = False) -> DataConfig:
    """64 pixels; people with five or more images train, those with fewer select.

    The folder holds train.parquet, eval_images.parquet and eval_pairs.csv, whose `official` and
    person-disjoint `extended` pairs report. with_outliers: rows of distractors.parquet with the
    role `open_set` are there for open-set noise.
    """
    place = Path(folder)
    images = parquet.Config(path=str(place / "eval_images.parquet"))
    pairs = str(place / "eval_pairs.csv")
    return DataConfig(
        train=parquet.Config(path=str(place / "train.parquet")),
        outliers=parquet.Config(path=str(place / "distractors.parquet"), role="open_set")
        if with_outliers
        else None,
        size=64,
        min_images=5,
        holdout=Holdout(use_small=True, num_pairs=2000),
        benchmarks=tuple(
            PairBenchmark(name=name, images=images, pairs=pairs, protocol=name)
            for name in ("official", "extended")
        ),
    )
