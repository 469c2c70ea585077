"""RFW: four lists of 6,000 pairs, and how unevenly a model serves the four groups."""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np

from frlib.core.config import Choice, place, setting
from frlib.core.config import Config as Base
from frlib.core.errors import DataError
from frlib.data.pairsets import lists
from frlib.data.pairsets.listed import ListedPairs
from frlib.evaluate import judged, pair_variants
from frlib.evaluate.questions import PUBLISHED, Questions, asked
from frlib.evaluate.report import Report, Row
from frlib.metrics.spread import spread

if TYPE_CHECKING:
    from frlib.evaluate.features import Features

    Source = Base
else:
    Source = Choice["frlib.data.sources"]

VARIANTS = pair_variants.VARIANTS
GROUPS = ("African", "Asian", "Caucasian", "Indian")


class Config(Base):
    """`<path>/<Group>/<Group>_pairs.txt` (or `<path>/<Group>_pairs.txt`), and one set of images.

    The ids of the images are the names in the lists, `person/person_0001.jpg`, or with `grouped`
    these behind `<Group>/`.
    """

    name: Literal["rfw"] = "rfw"
    path: str = place(..., doc="folder of the lists, `txts` of the set")
    images: Source | None = None
    grouped: bool = setting(False, doc="ids of the images begin with the group and a slash")
    expected_pairs: int = setting(PUBLISHED["rfw"], ge=0, doc="pairs of a group; 0: any number")


def source(config: Config) -> Base | None:
    """The images of all groups, where they were named."""
    return config.images


def questions(config: Config) -> list[Questions]:
    """One for each group."""
    root = Path(config.path).expanduser()
    found = []
    for group in GROUPS:
        pairs = lists.read("rfw", _list(root, group))
        if config.grouped:
            pairs = _behind(group, pairs)
        found.append(asked(f"rfw/{group}", pairs, config.expected_pairs))
    return found


def evaluate(
    config: Config,
    features: "Features",
    variants: tuple[str, ...] | None = None,
    *,
    enrolled: "Features | None" = None,
) -> Report:
    """Rows of every group, and under `rfw` mean and spread of their accuracies.

    enrolled: another model on the left of pairs.
    """
    report = judged.report("rfw", questions(config), features, variants, enrolled=enrolled)
    return replace(report, rows=(*report.rows, *_spread(report)))


def recognise(path: Path) -> Config | None:
    """A folder with a list of every group."""
    if path.is_dir() and all(_place(path, group) is not None for group in GROUPS):
        return Config(path=str(path))
    return None


def _spread(report: Report) -> list[Row]:
    rows = []
    for variant in dict.fromkeys(row.variant for row in report.rows):
        own = [r for r in report.rows if r.variant == variant and r.metric == "accuracy"]
        accuracy = {r.protocol.removeprefix("rfw/"): r.value for r in own if r.value is not None}
        if len(accuracy) != len(GROUPS):
            continue
        found = spread(accuracy, variant)
        for metric, value in (
            ("mean_of_groups", found.mean),
            ("std_of_groups", found.std),
            ("sample_std_of_groups", found.sample_std),
            ("skewed_error_ratio", found.skewed_error_ratio),
        ):
            finite = bool(np.isfinite(value))
            rows.append(
                Row(
                    protocol="rfw",
                    variant=variant,
                    metric=metric,
                    value=value if finite else None,
                    n=len(GROUPS),
                    mark=own[0].mark if finite else "a group has no error: no ratio",
                )
            )
    return rows


def _behind(group: str, pairs: ListedPairs) -> ListedPairs:
    left, right = (tuple(f"{group}/{name}" for name in side) for side in (pairs.left, pairs.right))
    return replace(pairs, left=left, right=right)


def _place(root: Path, group: str) -> Path | None:
    file = f"{group}_pairs.txt"
    return next((p for p in (root / group / file, root / file) if p.is_file()), None)


def _list(root: Path, group: str) -> Path:
    found = _place(root, group)
    if found is None:
        raise DataError(
            f"{root}: no {group}/{group}_pairs.txt; expected the lists of {', '.join(GROUPS)}"
        )
    return found
