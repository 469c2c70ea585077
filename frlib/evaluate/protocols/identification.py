"""Who is this? One's own gallery, probes and distractors (`frlib.data.benchmarks.searches`).

Variants are ways to pool the images of a template (`metrics.templates`); for templates of one image
those that differ in N or D only are the same number. Every rank is given for the gallery alone and,
where there are distractors, among them too. Probes without a mate serve the open-set rates.

Across models gallery and distractors are the enrolled model's, probes the other's; each model needs
vectors of its own roles alone.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from frlib.core.config import Choice, place
from frlib.core.config import Config as Base
from frlib.core.errors import DataError, ProtocolError
from frlib.data.benchmarks import searches
from frlib.data.sources import named_files
from frlib.data.texts import texts
from frlib.evaluate import crossed
from frlib.evaluate.features import Features
from frlib.evaluate.glance import Faces, between
from frlib.evaluate.protocols import _header, _rates, _views
from frlib.evaluate.questions import Questions
from frlib.evaluate.report import Report, Row
from frlib.metrics import identification, templates
from frlib.metrics.identification import Enrolled, Identification

if TYPE_CHECKING:
    Source = Base
else:
    Source = Choice["frlib.data.sources"]

VARIANTS: tuple[str, ...] = templates.SETTINGS
_LISTS = ("gallery.csv", "probe.csv", "distractors.csv")
_NO_SCORES = "needs face scores (column score), which are not given"


class Config(Base):
    """A search and its images."""

    name: Literal["identification"] = "identification"
    path: str = place(..., doc="folder with gallery.csv and probe.csv, or a CSV path,identity,role")
    distractors: str = place("", doc="a CSV with a column path: further distractors")
    root: str = place("", doc="folder that the paths start from; empty: where the lists are")
    images: Source | None = None
    """Where the images are if not in files at these paths: a source whose ids are the paths."""


def source(config: Config) -> Base:
    """`images`, or the files that the lists name."""
    if config.images is not None:
        return config.images
    path = Path(config.path)
    lists = [path]
    if path.is_dir():
        lists = [path / name for name in _LISTS if (path / name).exists()]
    if config.distractors:
        lists.append(Path(config.distractors))
    if not lists:
        raise DataError(f"{path}: no {_LISTS[0]} in it; expected it and {_LISTS[1]}")
    return named_files.Config(
        path=str(lists[0]), root=config.root, more=tuple(str(one) for one in lists[1:])
    )


def recognise(path: Path) -> Config | None:
    """A folder with a gallery or probes, or a CSV with path, identity (or subject) and role.

    A folder that lacks one of both lists is a search too: reading it says which one.
    """
    if path.is_dir():
        is_search = any((path / name).is_file() for name in _LISTS[:2])
        return Config(path=str(path)) if is_search else None
    columns = _header.columns(path)
    is_search = {"path", "role"} <= columns and not columns.isdisjoint({"identity", "subject"})
    return Config(path=str(path)) if is_search else None


def ids(config: Config) -> list[str]:
    """The images of all roles."""
    found = _read(config)
    roles = [role for role in (found.gallery, found.probes, found.distractors) if role is not None]
    return list(dict.fromkeys(name for role in roles for name in role.paths))


def glance(config: Config, few: int) -> Questions | None:
    """Probes beside enrolled images of the same person and of others."""
    found = _read(config)
    return between(Path(config.path).name, _faces(found.probes), _faces(found.gallery), few)


def evaluate(
    config: Config,
    features: Features,
    variants: tuple[str, ...] | None = None,
    *,
    enrolled: Features | None = None,
) -> Report:
    """Ranks and open-set rates of every variant.

    enrolled: another model's (`frlib.evaluate.crossed`). `DataError` for damaged lists and images
    without a vector; a variant that cannot be computed is a marked row.
    """
    found = _read(config)
    old, new = crossed.sides(features, enrolled)
    chosen = _views.asked(VARIANTS, variants, (_headline(found, new),))
    roles = {"gallery": found.gallery, "probes": found.probes, "distractors": found.distractors}
    used = {}
    for name, role in roles.items():
        one = new if name == "probes" else old
        if role is not None:
            used[name] = one.take(one.places(texts(role.paths)))
    warnings = _views.zeros(sum(one.require_sound() for one in used.values()))
    both = set(found.gallery.paths) & set(found.probes.paths)
    if both:
        warnings.append(f"{len(both):,} images are in gallery and probes, first {min(both)!r}")
    rows: list[Row] = []
    scores: dict[str, pa.Table] = {}
    for variant in chosen:
        why = _why_not(variant, new, found)
        if why:
            rows.append(_rates.missing(identification.PROTOCOL, variant, "rank1", why))
            continue
        pooled = {name: _pooled(one, roles[name], variant) for name, one in used.items()}
        for among in (False, True) if found.distractors is not None else (False,):
            protocol = identification.PROTOCOL + ("+distractors" if among else "")
            try:
                done = identification.identify(
                    Enrolled(features=pooled["gallery"], subjects=_text(found.gallery.subjects)),
                    Enrolled(features=pooled["probes"], subjects=_text(found.probes.subjects)),
                    pooled["distractors"] if among else None,
                    ranks=found.protocol.ranks,
                    targets=found.protocol.fars,
                )
            except ProtocolError as error:
                rows.append(_rates.missing(protocol, variant, "rank1", str(error)))
                continue
            rows += _rows(protocol, variant, done, found.probes)
            scores[f"{protocol}/{variant}"] = _table(done, found.probes)
    about = (
        _views.about(features.about, chosen, _views.pooled)
        | {
            "subjects": len(set(found.gallery.subjects)),
            "gallery_templates": len(found.gallery.names),
            "probe_templates": len(found.probes.names),
            "distractors": len(found.distractors.names) if found.distractors else 0,
        }
        | crossed.about_sides(features, enrolled)
    )
    return Report(
        title=f"identification: {Path(config.path).name}",
        about=about,
        rows=tuple(rows),
        scores=scores,
        warnings=tuple(warnings),
    )


def searched(config: Config, features: Features, variant: str) -> tuple[Enrolled, Enrolled]:
    """Gallery and distractors as one, and the probes, of one model; subjects are numbers.

    A distractor is a subject of its own.
    """
    found = _read(config)
    roles = [found.gallery, found.probes, *([found.distractors] if found.distractors else [])]
    names, number = np.unique(
        np.concatenate([_text(role.subjects) for role in roles[:2]]), return_inverse=True
    )
    own = len(found.gallery.subjects)
    gallery, probes, *others = (
        _pooled(features.take(features.places(texts(role.paths))), role, variant) for role in roles
    )
    num_others = sum(len(one) for one in others)
    return (
        Enrolled(
            features=np.concatenate([gallery, *others]),
            subjects=np.append(number[:own], len(names) + np.arange(num_others)),
        ),
        Enrolled(features=probes, subjects=number[own:]),
    )


def _headline(found: searches.Search, features: Features) -> str:
    """The variant that the set names, without the mirrored view where there is none."""
    has_both = found.protocol.flip == "sum" and features.mirrored is not None
    return f"{found.protocol.pooling}{'F1' if has_both else 'F0'}"


def _read(config: Config) -> searches.Search:
    return searches.read(
        Path(config.path), Path(config.distractors) if config.distractors else None
    )


def _why_not(variant: str, features: Features, found: searches.Search) -> str:
    if _views.uses_mirrored(variant) and features.mirrored is None:
        return _views.NO_MIRROR
    roles = [role for role in (found.gallery, found.probes, found.distractors) if role is not None]
    lacks = any(role.has_pools and role.scores is None for role in roles)
    return _NO_SCORES if "D1" in variant and lacks else ""


def _pooled(features: Features, role: searches.Role | None, variant: str) -> NDArray[np.float32]:
    """`[T, D]` templates; a template of one image has that image's direction whatever its score."""
    assert role is not None
    scores = role.scores if role.scores is not None else np.ones(len(role.paths), dtype=np.float32)
    return templates.pool(
        features.plain,
        role.templates,
        role.media,
        flip_ND=features.mirrored,
        score_N=scores,
        settings=(variant,),
    )[variant].features


def _rows(protocol: str, variant: str, done: Identification, probes: searches.Role) -> list[Row]:
    mated = done.rank_Q > 0
    persons = _text(probes.subjects)[mated]
    rank, mate, best = done.rank_Q[mated], done.mate_Q[mated], done.best_Q[mated]
    rows = [
        _rates.share(
            protocol,
            variant,
            f"rank{k}",
            rank <= k,
            persons,
            mark=_rates.tied(done.num_tied, done.num_mated),
        )
        for k in done.ranks
    ]
    for point in done.points if done.num_unmated else ():
        accepted = mate > point.threshold
        mark = _rates.weak(point.num_impostors_above, point.num_impostors, point.target)
        n = point.num_mated + point.num_impostors
        for metric, event in (("tpir", accepted & (mate > best)), ("tpir_any_rank", accepted)):
            name = f"{metric}@fpir={point.target:g}"
            rows.append(_rates.share(protocol, variant, name, event, persons, n=n, mark=mark))
    return rows


def _table(done: Identification, probes: searches.Role) -> pa.Table:
    return pa.table(
        {
            "probe": list(probes.names),
            "subject": list(probes.subjects),
            "rank": done.rank_Q,
            "mate_score": done.mate_Q,
            "best_other_score": done.best_Q,
        }
    )


def _faces(role: searches.Role) -> Faces:
    return Faces(texts(role.paths), _text(role.subjects)[role.templates])


def _text(values: tuple[str, ...]) -> NDArray[Any]:
    return np.array(values)
