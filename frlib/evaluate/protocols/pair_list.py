"""Published pair sets as list and images: LFW, SLLFW, AgeDB-30, CFP-FP, CALFW, CPLFW."""

from pathlib import Path
from typing import TYPE_CHECKING, Literal

from frlib.core.config import Choice, place, setting
from frlib.core.config import Config as Base
from frlib.data.pairsets import lists
from frlib.evaluate import judged, pair_variants
from frlib.evaluate.questions import PUBLISHED, Questions, asked
from frlib.evaluate.report import Report

if TYPE_CHECKING:
    from frlib.evaluate.features import Features

    Source = Base
else:
    Source = Choice["frlib.data.sources"]

VARIANTS = pair_variants.VARIANTS
Form = Literal[
    "lfw",
    "sllfw",
    "agedb_30",
    "cfp_fp",
    "calfw",
    "cplfw",
    "calfw_official",
    "cplfw_official",
]


class Config(Base):
    """A list in the form of its set, and the images it names."""

    name: Literal["pair_list"] = "pair_list"
    set: Form = setting(..., doc="whose list it is; `_official`: two lines a pair, put in order")
    path: str = place(..., doc="the list of pairs")
    images: Source | None = None
    expected_pairs: int | None = setting(
        None, ge=0, doc="pairs there must be; none: as the set has; 0: any number"
    )


def source(config: Config) -> Base | None:
    """The images, where they were named; their ids are the names in the list."""
    return config.images


def questions(config: Config) -> list[Questions]:
    """The pairs, in fold order."""
    name = config.set.removesuffix("_official")
    expected = PUBLISHED[name] if config.expected_pairs is None else config.expected_pairs
    return [asked(name, lists.read(config.set, Path(config.path).expanduser()), expected)]


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
