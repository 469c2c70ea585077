"""Every image against every other, the kind of number that MFR gives, on one's own lists.

`all-to-all`: all pairs of one list (CSV `path,identity[,group]`), for each group and for all of
them (`ALL`). `set-to-set`, where a second list is given: every image of the first against every one
of the second, as masked against plain faces. MFR's own data are not public; its numbers are not
these. Across models the first list is the enrolled side; within one list there are no sides.

The scores of all genuine pairs are kept; impostors are only counted (`metrics.tails`).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from frlib.core.config import Choice, place, setting
from frlib.core.config import Config as Base
from frlib.core.errors import ConfigError, DataError, ProtocolError
from frlib.data import tables
from frlib.data.sources import named_files
from frlib.data.texts import Texts, texts
from frlib.evaluate import crossed
from frlib.evaluate.features import Features
from frlib.evaluate.glance import Faces, between
from frlib.evaluate.protocols import _header, _rates, _views
from frlib.evaluate.questions import Questions
from frlib.evaluate.report import Report, Row
from frlib.metrics import listed
from frlib.metrics.all_to_all import all_to_all
from frlib.metrics.embeddings import normalise
from frlib.metrics.set_to_set import set_to_set

if TYPE_CHECKING:
    Source = Base
else:
    Source = Choice["frlib.data.sources"]

VARIANTS: tuple[str, ...] = ("cosine-F0", "cosine-F1")
ALL = "ALL"
_EXPECTED = "expected a header with path,identity (or subject) and perhaps group"


class Config(Base):
    """Lists and images."""

    name: Literal["all_pairs"] = "all_pairs"
    path: str = place(..., doc="CSV with path,identity and perhaps group")
    other: str = place("", doc="CSV of a second set: first against second, not within the first")
    root: str = place("", doc="folder that the paths start from; empty: where the list is")
    images: Source | None = None
    """Where the images are if not in files at these paths: a source whose ids are the paths."""
    fars: tuple[float, ...] = setting(
        (1e-2, 1e-3, 1e-4, 1e-5, 1e-6), doc="false-accept rates; MFR takes 1e-4 and 1e-6"
    )


@dataclass(frozen=True, eq=False)
class Listed:
    """A list. paths, groups, identities: `[N]`; groups are all empty where the list has none."""

    paths: Texts
    identities: NDArray[Any]
    groups: NDArray[Any]


@dataclass(frozen=True, eq=False)
class _Side:
    """Some images: `[n, D]` raw outputs, people as numbers, and their paths."""

    raw: NDArray[np.float32]
    person: NDArray[np.int64]
    paths: Texts

    def take(self, rows: NDArray[np.intp]) -> "_Side":
        return _Side(self.raw[rows], self.person[rows], self.paths[rows])


def source(config: Config) -> Base:
    """`images`, or the files that the lists name."""
    if config.images is not None:
        return config.images
    more = (config.other,) if config.other else ()
    return named_files.Config(path=config.path, root=config.root, more=more)


def recognise(path: Path) -> Config | None:
    """A CSV whose header has path and identity (or subject), and neither roles nor pairs."""
    columns = _header.columns(path)
    is_list = "path" in columns and not columns.isdisjoint({"identity", "subject"})
    is_other = not columns.isdisjoint({"role", "path_a", "path_b"})
    return Config(path=str(path)) if is_list and not is_other else None


def ids(config: Config) -> list[str]:
    """The images of both lists."""
    found = np.concatenate([one.paths for one in read(config)])
    return list(dict.fromkeys(found.tolist()))


def glance(config: Config, few: int) -> Questions | None:
    """Images of the list, or of the first beside those of the second."""
    sides = [Faces(one.paths, one.identities) for one in read(config)]
    return between(Path(config.path).name, sides[0], sides[-1], few)


def evaluate(
    config: Config,
    features: Features,
    variants: tuple[str, ...] | None = None,
    *,
    enrolled: Features | None = None,
) -> Report:
    """TAR at every FAR, of each group and of all.

    enrolled: another model's, for the first of two lists. `ConfigError` for one with a single list;
    `DataError` for damaged lists and images without a vector; a group that lacks a kind of pair is
    a marked row.
    """
    lists = read(config)
    if enrolled is not None and len(lists) == 1:
        raise ConfigError(
            f"{config.path}: all pairs of one list have no enrolled side: every pair counts once, "
            "in either order. Give a second list (other=...), or use a search or a list of pairs"
        )
    models = crossed.sides(features, enrolled)
    chosen = _views.asked(VARIANTS, variants, (f"cosine-{_views.best(models[1])}",))
    kind = "all-to-all" if len(lists) == 1 else "set-to-set"
    rows: list[Row] = []
    scores: dict[str, pa.Table] = {}
    people = np.unique(np.concatenate([one.identities for one in lists]))
    places = [model.places(one.paths) for model, one in zip(models, lists, strict=False)]
    num_zero = _num_zero(models, places)
    for variant in chosen:
        if _views.uses_mirrored(variant) and models[1].mirrored is None:
            rows.append(_rates.missing(kind, variant, "tar", _views.NO_MIRROR))
            continue
        sides = [
            _Side(
                _views.rows(model, at, variant),
                np.searchsorted(people, one.identities),
                one.paths,
            )
            for model, at, one in zip(models, places, lists, strict=False)
        ]
        for group, chosen_rows in _groups(lists):
            protocol = f"{kind}:{group}"
            used = [side.take(at) for side, at in zip(sides, chosen_rows, strict=True)]
            try:
                found, table = _compared(protocol, variant, used, config.fars)
            except ProtocolError as error:
                rows.append(_rates.missing(protocol, variant, "tar", str(error)))
                continue
            rows += found
            scores[f"{protocol}/{variant}"] = table
    return Report(
        title=f"{kind}: {Path(config.path).name}",
        about=_views.about(features.about, chosen, _views.plain)
        | crossed.about_sides(features, enrolled),
        rows=tuple(rows),
        scores=scores,
        warnings=tuple(_views.zeros(num_zero)),
    )


def _num_zero(models: tuple[Features, Features], places: list[NDArray[np.int64]]) -> int:
    """Images in use with a zero vector; of one model each counts once, whatever lists name it."""
    if models[0] is models[1]:
        return models[0].take(np.unique(np.concatenate(places))).require_sound()
    used = zip(models, places, strict=True)
    return sum(model.take(np.unique(at)).require_sound() for model, at in used)


def _groups(lists: list[Listed]) -> Iterator[tuple[str, list[NDArray[np.intp]]]]:
    """Every group that all lists have, then all rows."""
    names = set(lists[0].groups.tolist()).intersection(*(one.groups.tolist() for one in lists[1:]))
    for name in sorted(names - {""}):
        yield str(name), [np.flatnonzero(one.groups == name) for one in lists]
    yield ALL, [np.arange(len(one.paths)) for one in lists]


def _compared(
    protocol: str, variant: str, sides: list[_Side], fars: tuple[float, ...]
) -> tuple[list[Row], pa.Table]:
    left, right = sides[0], sides[-1]
    if len(sides) == 1:
        points = all_to_all(left.raw, left.person, fars).points
    else:
        points = set_to_set(left.raw, left.person, right.raw, right.person, fars).points
    at_left, at_right = _genuine(left.person, right.person, within=len(sides) == 1)
    unit = [normalise(side.raw).astype(np.float32, copy=False) for side in (left, right)]
    score = listed.pair_scores(unit[0], unit[1], at_left, at_right)
    table = pa.table(
        {
            "left": pa.array(left.paths[at_left].tolist(), pa.string()),
            "right": pa.array(right.paths[at_right].tolist(), pa.string()),
            "score": score,
        }
    )
    persons = left.person[at_left]
    return [_rates.tar(protocol, variant, point, score, persons) for point in points], table


def _genuine(
    left: NDArray[np.int64], right: NDArray[np.int64], *, within: bool
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Rows of both sides of all pairs of one person; within one set every pair once."""
    order = np.argsort(right, kind="stable")
    low, high = (np.searchsorted(right[order], left, side=end) for end in ("left", "right"))
    counts = high - low
    at_left = np.repeat(np.arange(len(left)), counts)
    within_run = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
    at_right = order[np.repeat(low, counts) + within_run]
    kept = at_left < at_right if within else np.ones(len(at_left), dtype=bool)
    return at_left[kept], at_right[kept]


def read(config: Config) -> list[Listed]:
    """The first list and, where there is one, the second; `DataError` for damaged ones."""
    return [_read(Path(file)) for file in (config.path, config.other) if file]


def _read(file: Path) -> Listed:
    kinds = dict.fromkeys(("path", "identity", "subject", "group"), pa.string())
    table = tables.with_header(file, kinds, _EXPECTED)
    names = table.column_names
    person = next((one for one in ("identity", "subject") if one in names), None)
    if "path" not in names or person is None:
        raise DataError(f"{file}: columns {', '.join(names)}; {_EXPECTED}")
    paths = texts(table["path"])
    if len(np.unique(paths)) != len(paths):
        raise DataError(f"{file}: a path is listed twice; expected every image once")
    groups = table["group"].to_pylist() if "group" in names else [""] * len(paths)
    return Listed(paths, np.array(table[person].to_pylist()), np.array(groups))
