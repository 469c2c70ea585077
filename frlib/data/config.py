"""Which images are trained on, who is selected on, what is reported, and what noise is put in.

No torch here: studies are planned without it.
"""

from typing import TYPE_CHECKING, Literal

from pydantic import field_validator

from frlib.core.config import Choice, Config, place, setting
from frlib.data.noise import closed_flip, open_replace

if TYPE_CHECKING:
    Source = Config
else:
    Source = Choice["frlib.data.sources"]


class Holdout(Config):
    """Training identities kept away from training, to select on. Never part of a benchmark."""

    use_small: bool = setting(
        True, doc="identities with 2 to min_images - 1 images are not trained on: select on them"
    )
    fraction: float = setting(
        0.0, ge=0, lt=1, doc="share of the identities large enough to train on that is held out"
    )
    num_pairs: int = setting(2000, ge=20, doc="pairs drawn, half same, half different")
    folds: int = setting(10, ge=1, doc="person-disjoint folds; fewer where too few are held out")


class PairBenchmark(Config):
    """Pairs to report on: listed in a CSV (`protocol, fold, path_a, path_b, same`), or drawn."""

    name: str
    images: Source
    pairs: str = place("", doc="CSV of pairs; empty: draw num_pairs from the images")
    protocol: str = setting("", doc="value of the CSV's protocol column to read; empty: all rows")
    num_pairs: int = setting(2000, ge=20, doc="pairs drawn when no CSV is given")
    folds: int = setting(10, ge=1, doc="person-disjoint folds when pairs are drawn")


class DataConfig(Config):
    """The training source, the pool for open-set noise, and the held-out identities."""

    train: Source
    outliers: Source | None = None
    size: int = setting(64, ge=16, doc="side of the square input", unit="pixels")
    min_images: int = setting(1, ge=1, doc="identities with fewer images are not trained on")
    holdout: Holdout = Holdout()
    benchmarks: tuple[PairBenchmark, ...] = ()

    @field_validator("benchmarks")
    @classmethod
    def _distinct(cls, value: tuple[PairBenchmark, ...]) -> tuple[PairBenchmark, ...]:
        names = [b.name for b in value]
        if len(set(names)) != len(names):
            raise ValueError(f"benchmark names repeat: {names}")
        return value


class NoiseConfig(Config):
    """Corruptions in the order they are applied: closed first, then open.

    The order is that of the BoundaryFace repository, whose utils/generate_outlier_update.py runs on
    the list that utils/generate_label_flip.py wrote.
    """

    closed: closed_flip.Config = closed_flip.Config()
    open: open_replace.Config = open_replace.Config()


Variant = Literal["insightface10", "boundaryface10"]
