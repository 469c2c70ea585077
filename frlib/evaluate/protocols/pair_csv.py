"""One's own pairs: a CSV `protocol, fold, path_a, path_b, same`, as `frlib data pairs` writes."""

from pathlib import Path
from typing import TYPE_CHECKING, Literal

from frlib.core.config import Choice, place, setting
from frlib.core.config import Config as Base
from frlib.data import pairs
from frlib.evaluate import judged, pair_variants
from frlib.evaluate.protocols import _header
from frlib.evaluate.questions import Questions, asked
from frlib.evaluate.report import Report

if TYPE_CHECKING:
    from frlib.evaluate.features import Features

    Source = Base
else:
    Source = Choice["frlib.data.sources"]

VARIANTS = pair_variants.VARIANTS


class Config(Base):
    """A CSV of pairs. Lists of different protocols in it are judged apart."""

    name: Literal["pair_csv"] = "pair_csv"
    path: str = place(..., doc="CSV with columns path_a, path_b, same, perhaps protocol and fold")
    images: Source | None = None
    protocol: str = setting("", doc="value of the protocol column to read; empty: each one")
    expected_pairs: int = setting(0, ge=0, doc="pairs of each protocol; 0: any number")


def source(config: Config) -> Base | None:
    """The images, where they were named."""
    return config.images


def questions(config: Config) -> list[Questions]:
    """One for each protocol of the CSV."""
    path = Path(config.path).expanduser()
    return [
        asked(f"{path.stem}/{name}" if name else path.stem, listed, config.expected_pairs)
        for name, listed in pairs.named_csv(path, config.protocol).items()
    ]


def evaluate(
    config: Config,
    features: "Features",
    variants: tuple[str, ...] | None = None,
    *,
    enrolled: "Features | None" = None,
) -> Report:
    """Rows of every protocol of the CSV; `enrolled`: another model on the left of pairs."""
    return judged.report(
        Path(config.path).stem, questions(config), features, variants, enrolled=enrolled
    )


def recognise(path: Path) -> Config | None:
    """A `.csv` whose first line names both sides of a pair."""
    return Config(path=str(path)) if {"path_a", "path_b", "same"} <= _header.columns(path) else None
