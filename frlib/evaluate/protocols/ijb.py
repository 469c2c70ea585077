"""IJB-B and IJB-C, 1:1 and 1:N, under the eight published ways of pooling (`metrics.templates`).

1:1 (`ijb11`): TAR by the published nearest rule and by the strict one. 1:N where its lists are
there: `ijb1n-joined` (both galleries as one) and `ijb1n-split` (each on its own). The published 1:N
numbers are those of `N1D1F1`.

Across models the templates of left columns and of galleries are the enrolled model's, those of
right columns and of probes the other's. Both need a vector for every image of the lists.

People behind templates are told by the genuine pairs: templates that such pairs connect are of one
person. Shapes: N images, P pairs, Q probes.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Literal

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from frlib.core.config import Config as Base
from frlib.core.config import place, setting
from frlib.core.errors import DataError, ProtocolError
from frlib.data.benchmarks import ijb
from frlib.data.sources import ijb_crops
from frlib.evaluate import crossed
from frlib.evaluate.features import Features
from frlib.evaluate.glance import of_templates
from frlib.evaluate.protocols import _rates, _views
from frlib.evaluate.questions import Questions
from frlib.evaluate.report import Report, Row
from frlib.metrics import listed, one_to_many, one_to_one, templates
from frlib.metrics.gallery import Gallery, joined, search
from frlib.metrics.identification import Enrolled
from frlib.metrics.templates import Templates

VARIANTS: tuple[str, ...] = templates.SETTINGS
_SPLIT_FPIR = (0.01, 0.1)


class Config(Base):
    """One set."""

    name: Literal["ijb"] = "ijb"
    path: str = place(..., doc="folder with meta (the lists) and, for models, loose_crop")
    colour: Literal["RGB", "BGR"] = setting("RGB", doc="channel order of the stored crops")
    expected: bool = setting(
        True, doc="refuse lists whose counts are not those of the published set"
    )
    fars: tuple[float, ...] = setting(one_to_one.TARGETS, doc="false-accept rates of 1:1")


def source(config: Config) -> ijb_crops.Config:
    """The loose crops, aligned by their points."""
    return ijb_crops.Config(path=config.path, colour=config.colour)


def recognise(path: Path) -> Config | None:
    """A folder with the lists of one set."""
    try:
        ijb.which(path)
    except DataError:
        return None
    return Config(path=str(path))


def glance(config: Config, few: int) -> Questions | None:
    """Images of templates that the 1:1 list compares."""
    path = Path(config.path)
    name = ijb.which(path)
    return of_templates(name, ijb.images(path, name), ijb.pairs(path, name), few)


def evaluate(
    config: Config,
    features: Features,
    variants: tuple[str, ...] | None = None,
    *,
    enrolled: Features | None = None,
) -> Report:
    """Every variant out of one pass over the images of each model.

    enrolled: another model's (`frlib.evaluate.crossed`). `DataError` for lists that are damaged or
    of other counts than published, and for images without a vector.
    """
    path = Path(config.path)
    name = ijb.which(path)
    images, pairs = ijb.images(path, name), ijb.pairs(path, name)
    num_templates = len(np.unique(images.templates))
    counts = ijb.Counts(len(images.images), num_templates, len(pairs.same))
    if config.expected:
        ijb.require_published(name, counts, str(path))
    old, new = crossed.sides(features, enrolled)
    chosen = _views.asked(VARIANTS, variants, (f"N1D1{_views.best(new)}",))
    able = [one for one in chosen if new.mirrored is not None or not _views.uses_mirrored(one)]
    sought = ijb.search(path, name)
    right, num_zero = _pooled(new, images, able)
    left = right
    if enrolled is not None:
        left, num_more = _pooled(old, images, able)
        num_zero += num_more
    persons = persons_of_genuine(pairs)
    rows: list[Row] = []
    scores: dict[str, pa.Table] = {}
    for variant in chosen:
        if variant not in right:
            rows.append(_rates.missing(name, variant, "tar", _views.NO_MIRROR))
            continue
        found, scores[f"{name}-1:1/{variant}"] = _one_to_one(
            f"{name}-1:1", variant, left[variant], right[variant], pairs, persons, config.fars
        )
        rows += found
        if sought is not None:
            found, scores[f"{name}-1:N/{variant}"] = _one_to_many(
                f"{name}-1:N", variant, left[variant], right[variant], *sought
            )
            rows += found
    about = (
        _views.about(features.about, chosen, _views.pooled)
        | {"counts": counts.__dict__}
        | crossed.about_sides(features, enrolled)
    )
    return Report(
        title=name.upper(),
        about=about,
        rows=tuple(rows),
        scores=scores,
        warnings=tuple(_views.zeros(num_zero)),
    )


def searched(config: Config, features: Features, variant: str) -> tuple[Enrolled, Enrolled] | None:
    """Both galleries as one, and the probes, of one model; None where the set has no 1:N lists."""
    path = Path(config.path)
    name = ijb.which(path)
    found = ijb.search(path, name)
    if found is None:
        return None
    pooled = _pooled(features, ijb.images(path, name), [variant])[0][variant]
    galleries, probes = found
    entries = joined(
        [Gallery(features=pooled.of(g.templates), subjects=g.subjects) for g in galleries]
    )
    return (
        Enrolled(features=entries.features, subjects=entries.subjects),
        Enrolled(features=pooled.of(probes.templates), subjects=probes.subjects),
    )


def _pooled(
    features: Features, images: ijb.Images, settings: list[str]
) -> tuple[dict[str, Templates], int]:
    """Templates of all images by these settings, and how many images have a zero vector."""
    places = features.places(images.images)
    used = features.take(places) if not _is_all(places, len(features)) else features
    num_zero = used.require_sound()
    if not settings:
        return {}, num_zero
    found = templates.pool(
        used.plain,
        images.templates,
        images.media,
        flip_ND=used.mirrored,
        score_N=images.scores,
        settings=settings,
    )
    return found, num_zero


def _is_all(places: NDArray[np.int64], num: int) -> bool:
    return len(places) == num and bool((places == np.arange(num)).all())


def persons_of_genuine(pairs: ijb.TemplatePairs) -> NDArray[np.int64]:
    """`[G]` number of the person of every genuine pair, in the order of the list."""
    left, right = pairs.left[pairs.same], pairs.right[pairs.same]
    ids, place = np.unique(np.concatenate((left, right)), return_inverse=True)
    if not len(ids):
        return np.empty(0, dtype=np.int64)
    ends = place[: len(left)], place[len(left) :]
    graph = coo_array((np.ones(len(left), dtype=np.int8), ends), shape=(len(ids), len(ids)))
    _, person = connected_components(graph, directed=False)
    return np.asarray(person[ends[0]], dtype=np.int64)


def _one_to_one(
    protocol: str,
    variant: str,
    old: Templates,
    new: Templates,
    pairs: ijb.TemplatePairs,
    persons: NDArray[np.int64],
    fars: tuple[float, ...],
) -> tuple[list[Row], pa.Table]:
    score_P = listed.pair_scores(
        old.features,
        new.features,
        old.positions(pairs.left),
        new.positions(pairs.right),
    )
    table = pa.table(
        {"left": pairs.left, "right": pairs.right, "same": pairs.same, "score": score_P}
    )
    if np.ptp(score_P) == 0:
        why = "all scores are equal: they say nothing about any pair"
        return [_rates.missing(protocol, variant, "tar", why)], table
    try:
        points = [
            point
            for rule in ("nearest", "far_at_most")
            for point in one_to_one.tars(score_P, pairs.same, fars, rule)
        ]
    except ProtocolError as error:
        return [_rates.missing(protocol, variant, "tar", str(error))], table
    genuine = score_P[pairs.same]
    return [_rates.tar(protocol, variant, point, genuine, persons) for point in points], table


def _one_to_many(
    protocol: str,
    variant: str,
    old: Templates,
    new: Templates,
    galleries: tuple[ijb.Subjects, ...],
    probes: ijb.Subjects,
) -> tuple[list[Row], pa.Table]:
    entries = [Gallery(features=old.of(g.templates), subjects=g.subjects) for g in galleries]
    probe_QD = new.of(probes.templates)
    found = search(joined(entries), probe_QD, probes.subjects)
    rank_Q = np.where(found.has_mate, found.above_Q + 1, 0)
    table = pa.table(
        {
            "template": probes.templates,
            "subject": probes.subjects,
            "rank": rank_Q,
            "mate_score": found.mate_Q,
            "best_other_score": found.best_Q,
        }
    )
    rows = [
        _rates.share(
            protocol,
            variant,
            f"rank{rank},joined",
            (rank_Q > 0) & (rank_Q <= rank),
            probes.subjects,
            mark=_rates.tied(found.num_tied, len(rank_Q)),
        )
        for rank in one_to_many.RANKS
    ]
    definitions: dict[str, Callable[[], list[Row]]] = {
        "joined": lambda: _joined(protocol, variant, entries, probe_QD, probes, found.mate_Q),
        "split": lambda: _split(protocol, variant, entries, probe_QD, probes),
    }
    for definition, compute in definitions.items():
        try:
            rows += compute()
        except ProtocolError as error:
            rows.append(_rates.missing(protocol, variant, f"tpir,{definition}", str(error)))
    return rows, table


def _joined(
    protocol: str,
    variant: str,
    entries: list[Gallery],
    probe_QD: NDArray[np.float32],
    probes: ijb.Subjects,
    mate_Q: NDArray[np.float32],
) -> list[Row]:
    found = one_to_many.ijb1n_joined(entries, probe_QD, probes.subjects)
    return [
        _rates.share(
            protocol,
            variant,
            f"tpir@fpir={point.target:g},joined",
            mate_Q > point.threshold,
            probes.subjects,
            value=point.tpir,
            mark="" if point.is_supported else f"rests on {point.num_impostors_above} impostors",
        )
        for point in found.points
    ]


def _split(
    protocol: str,
    variant: str,
    entries: list[Gallery],
    probe_QD: NDArray[np.float32],
    probes: ijb.Subjects,
) -> list[Row]:
    """Ranks are of all probes, whichever gallery has the mate; TPIR is the galleries' mean."""
    found = one_to_many.ijb1n_split(entries, probe_QD, probes.subjects, _SPLIT_FPIR)
    row_M = np.concatenate([one.probe_M for one in found.galleries])
    rank_M = np.concatenate([one.rank_M for one in found.galleries])
    lead_M = np.concatenate([one.lead_M for one in found.galleries])
    gallery_M = np.repeat(np.arange(len(found.galleries)), [g.num_mated for g in found.galleries])
    rows = []
    for rank, rate in zip(found.ranks, found.rank_rates, strict=True):
        is_found = np.zeros(found.num_probes, dtype=bool)
        is_found[row_M[rank_M <= rank]] = True
        metric = f"rank{rank},split"
        rows.append(_rates.share(protocol, variant, metric, is_found, probes.subjects, value=rate))
    for at, (target, tpir) in enumerate(zip(found.targets, found.tpir, strict=True)):
        points = [one.points[at] for one in found.galleries]
        threshold_M = np.array([point.threshold for point in points])[gallery_M]
        fewest = min(point.num_impostors_above for point in points)
        num = min(point.num_impostors for point in points)
        rows.append(
            _rates.share(
                protocol,
                variant,
                f"tpir@fpir={target:g},split",
                lead_M > threshold_M,
                probes.subjects[row_M],
                gallery_P=gallery_M,
                value=tpir,
                n=found.num_probes,
                mark=_rates.weak(fewest, num, target),
            )
        )
    return rows
