"""Published pair sets that bring their images: a `.bin`, or ExpFace's folder."""

from pathlib import Path
from typing import TYPE_CHECKING, Literal

from frlib.core.config import Config as Base
from frlib.core.config import place, setting
from frlib.data.sources import pair_bin, pair_folder
from frlib.evaluate import judged, pair_variants
from frlib.evaluate.questions import PUBLISHED, Questions, asked
from frlib.evaluate.report import Report

if TYPE_CHECKING:
    from frlib.evaluate.features import Features

VARIANTS = pair_variants.VARIANTS


class Config(Base):
    """2P images, pair p being images 2p and 2p + 1."""

    name: Literal["pair_images"] = "pair_images"
    path: str = place(..., doc=".bin file, or folder with imgs/ and pair_label.npy")
    set: str = setting("", doc="name of the set; empty: that of the file or folder")
    folds: int = setting(10, ge=1, doc="contiguous folds")
    expected_pairs: int | None = setting(
        None, ge=0, doc="pairs there must be; none: as the set of this name has; 0: any number"
    )


def source(config: Config) -> pair_bin.Config | pair_folder.Config:
    """The set as a source; ids are the numbers of the images."""
    path = Path(config.path).expanduser()
    module = pair_folder if path.is_dir() else pair_bin
    return module.Config(path=config.path, folds=config.folds)


def questions(config: Config) -> list[Questions]:
    """The pairs in their order."""
    found = source(config)
    name = config.set or Path(config.path).stem
    expected = PUBLISHED.get(name, 0) if config.expected_pairs is None else config.expected_pairs
    if isinstance(found, pair_bin.Config):
        return [asked(name, pair_bin.pairs(found), expected)]
    return [asked(name, pair_folder.pairs(found), expected)]


def evaluate(
    config: Config,
    features: "Features",
    variants: tuple[str, ...] | None = None,
    *,
    enrolled: "Features | None" = None,
) -> Report:
    """Rows of the set; `enrolled`: another model on the left of pairs."""
    (found,) = questions(config)
    return judged.report(found.name, [found], features, variants, enrolled=enrolled)


def recognise(path: Path) -> Config | None:
    """What one of the two sources recognises."""
    for module in (pair_bin, pair_folder):
        if module.recognise(path) is not None:
            return Config(path=str(path))
    return None
