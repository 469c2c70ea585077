"""MegaFace: people among a million distractors, raw and refined (`metrics.megaface`).

Probes and distractors are named by MegaFace's lists, by tables or by folders of one's own
(`frlib.data.benchmarks.named`). Their vectors come with the evaluation, or from feature files that
a program wrote: one array in the order of the list, or a folder with a `.npy` or `.bin` an image.
Distractors in one array are read in slices and never held.

Variants name the refinement and the views: `megaface-R-facexzoo-F0` is what FaceX-Zoo and
BoundaryFace report, `megaface-R-insightface-F1` what InsightFace does. `-drop` is cleaner and not
comparable to published figures.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from frlib.core.config import Choice, place, setting
from frlib.core.config import Config as Base
from frlib.core.errors import ConfigError, DataError, ProtocolError
from frlib.data.benchmarks import named
from frlib.data.features import lists, single
from frlib.data.features.lists import Images
from frlib.data.features.packed import Packed
from frlib.data.sources import named_files
from frlib.data.texts import texts
from frlib.evaluate.features import Features
from frlib.evaluate.glance import Faces, between
from frlib.evaluate.protocols import _rates, _views
from frlib.evaluate.questions import Questions
from frlib.evaluate.report import Report, Row
from frlib.metrics import refined
from frlib.metrics.distractors import Rows
from frlib.metrics.megaface import Distractors, MegaFace, megaface
from frlib.metrics.refined import Probes, Variant

if TYPE_CHECKING:
    Source = Base
else:
    Source = Choice["frlib.data.sources"]

VARIANTS: tuple[str, ...] = tuple(
    f"{one}-{view}" for one in refined.VARIANTS for view in _views.ALL
)
PUBLISHED = (3_530, 1_000_000)
"""Probes and distractors of challenge 1."""
_SHOWN = (1, 5, 10)
_LISTS = {
    "path": "facescrub_features_list.json",
    "distractors": "megaface_features_list.json_1000000_1",
}
_NOISE = {"probe_noise": "facescrub_noises.txt", "distractor_noise": "megaface_noises.txt"}
_VIEWS_OF_FILES = "needs both views; feature files give one"


class Config(Base):
    """Lists, noise lists, and where images or features are."""

    name: Literal["megaface"] = "megaface"
    path: str = place(..., doc="probes: facescrub_features_list.json, a CSV, or a folder of people")
    distractors: str = place(..., doc="megaface_features_list.json_1000000_1, a CSV, or a folder")
    probe_noise: str = place("", doc="facescrub_noises.txt; empty: no probe is noise")
    distractor_noise: str = place("", doc="megaface_noises.txt; empty: no distractor is noise")
    root: str = place("", doc="folder that the probes' paths start from; empty: where the list is")
    distractor_root: str = place("", doc="the same for the distractors")
    probe_features: str = place("", doc="one .npy in the order of the list, or a folder of files")
    distractor_features: str = place("", doc="the same for the distractors")
    images: Source | None = None
    """Where the images are if not in files at these paths: a source whose ids are the paths."""
    expected: bool = setting(True, doc="refuse lists of other counts than 3,530 and 1,000,000")
    ranks: int = setting(10, ge=1, doc="ranks of the curve")
    fars: tuple[float, ...] = setting((1e-6,), doc="false-accept rates; the published one is 1e-6")
    seed: int = setting(0, doc="of the noise that megaface-R-insightface adds")


def source(config: Config) -> Base | None:
    """`images`, or the files that the lists name; None where feature files are given for all."""
    needs_probes, needs_others = not config.probe_features, not config.distractor_features
    if not needs_probes and not needs_others:
        return None
    if config.images is not None:
        return config.images
    probes, others = (config.path, config.root), (config.distractors, config.distractor_root)
    if needs_probes and needs_others:
        return named_files.Config(
            path=probes[0],
            root=probes[1] or _beside(probes[0]),
            more=(others[0],),
            more_roots=(others[1] or _beside(others[0]),),
        )
    path, root = probes if needs_probes else others
    return named_files.Config(path=path, root=root)


def recognise(path: Path) -> Config | None:
    """A folder with both published lists; the noise lists count where they lie beside them."""
    if not all((path / name).is_file() for name in _LISTS.values()):
        return None
    noise = {field: name for field, name in _NOISE.items() if (path / name).is_file()}
    return Config(**{field: str(path / name) for field, name in (_LISTS | noise).items()})


def ids(config: Config) -> list[str]:
    """The images of both lists, where no features of them are given."""
    lists = {config.path: config.probe_features, config.distractors: config.distractor_features}
    wanted = [named.read(Path(file)).paths for file, features in lists.items() if not features]
    return list(dict.fromkeys(name for paths in wanted for name in paths))


def glance(config: Config, few: int) -> Questions | None:
    """Probes by person; None where their features are given, which leaves no images to show."""
    if config.probe_features:
        return None
    probes = named.read(Path(config.path))
    faces = Faces(texts(probes.paths), np.array(probes.persons))
    return between("megaface", faces, faces, few)


def evaluate(
    config: Config,
    features: Features | None,
    variants: tuple[str, ...] | None = None,
    *,
    enrolled: Features | None = None,
) -> Report:
    """The curve and TAR of every variant; all of one view from one pass over the distractors.

    enrolled: refused with `ConfigError`. features: None where feature files are given for all
    images. `DataError` for damaged lists or files, other counts than published, and images without
    a vector.
    """
    if enrolled is not None:
        raise ConfigError(
            "protocol megaface has no test across models: every image of a person is enrolled in "
            "its turn and a probe in the others', so no model stands on one side. Search one's own "
            "gallery among these distractors with protocol identification"
        )
    probes, others = named.read(Path(config.path)), named.read(Path(config.distractors))
    if config.expected and (len(probes), len(others)) != PUBLISHED:
        raise DataError(
            f"{probes.file}, {others.file}: {len(probes):,} probes and {len(others):,} "
            f"distractors; MegaFace has {PUBLISHED[0]:,} and {PUBLISHED[1]:,}. Get the whole "
            "lists, or say expected=false where other ones are meant"
        )
    from_files = bool(config.probe_features or config.distractor_features)
    is_single = from_files or features is None or features.mirrored is None
    best = _views.ALL[0] if is_single else _views.ALL[1]
    chosen = _views.asked(
        VARIANTS, variants, (f"{refined.VARIANTS[0]}-{best}", f"{refined.REFINED}-{best}")
    )
    noise = _flags(config, probes, others)
    num_zero = features.require_sound() if features is not None else 0
    found: dict[str, MegaFace | str] = {}
    for view in _views.ALL:
        asked = [one for one in chosen if one.endswith(view)]
        if view == "F1" and is_single:
            why = _VIEWS_OF_FILES if from_files else _views.NO_MIRROR
            found |= dict.fromkeys(asked, why)
        elif asked:
            found |= _of_view(config, features, probes, others, noise, view, asked)
    rows: list[Row] = []
    scores: dict[str, pa.Table] = {}
    for variant in chosen:
        done = found[variant]
        if isinstance(done, str):
            rows.append(_rates.missing("megaface", variant, "rank1", done))
            continue
        rows += _rows(variant, done, probes)
        scores[f"megaface/{variant}"] = _table(done, probes)
    model = features.about if features is not None else {"kind": "feature files"}
    about = _views.about(model, chosen, _views.plain) | {
        "probes": len(probes),
        "distractors": len(others),
        "noisy_probes": int(noise[0].sum()),
        "noisy_distractors": int(noise[1].sum()),
        "published_counts": (len(probes), len(others)) == PUBLISHED,
    }
    return Report(
        title="MegaFace",
        about=about,
        rows=tuple(rows),
        scores=scores,
        warnings=tuple(_views.zeros(num_zero)),
    )


def _of_view(
    config: Config,
    features: Features | None,
    probes: Images,
    others: Images,
    noise: tuple[NDArray[np.bool_], NDArray[np.bool_]],
    view: str,
    variants: list[str],
) -> dict[str, MegaFace | str]:
    """Results of one view, or why a variant has none."""
    probe_MD = _vectors(config.probe_features, features, probes, view)
    other_ND = _vectors(config.distractor_features, features, others, view)
    try:
        return _compared(config, probe_MD, other_ND, probes, noise, view, variants)
    finally:
        for one in (probe_MD, other_ND):
            if isinstance(one, Packed):
                one.close()


def _compared(
    config: Config,
    probe_MD: Rows,
    other_ND: Rows,
    probes: Images,
    noise: tuple[NDArray[np.bool_], NDArray[np.bool_]],
    view: str,
    variants: list[str],
) -> dict[str, MegaFace | str]:
    assert probes.persons is not None
    given = Probes(
        features=probe_MD[0 : len(probes)], persons=np.array(probes.persons), noisy=noise[0]
    )
    among = Distractors(features=other_ND, noisy=noise[1])
    plain: list[Variant] = [one.removesuffix(f"-{view}") for one in variants]  # type: ignore[misc]

    def compute(asked: list[Variant]) -> list[MegaFace]:
        return list(
            megaface(
                given,
                among,
                variants=asked,
                ranks=config.ranks,
                targets=config.fars,
                seed=config.seed,
            )
        )

    try:
        return dict(zip(variants, compute(plain), strict=True))
    except ProtocolError as error:
        if len(variants) == 1:
            return {variants[0]: str(error)}
    found: dict[str, MegaFace | str] = {}
    for name, one in zip(variants, plain, strict=True):
        try:
            found[name] = compute([one])[0]
        except ProtocolError as error:
            found[name] = str(error)
    return found


def _vectors(path: str, features: Features | None, images: Images, view: str) -> Rows:
    """`[n, D]` in the order of the list."""
    if path:
        return _from_files(Path(path), images)
    if features is None:
        raise DataError(
            f"{images.file}: neither embeddings nor feature files for its {len(images):,} images; "
            "expected one of both"
        )
    return _views.Summed(features, features.places(texts(images.paths)), view)


def _from_files(path: Path, images: Images) -> Rows:
    if path.is_dir():
        return np.stack([single.read(_feature_file(path, name)) for name in images.paths])
    found = Packed(path)
    if len(found) != len(images):
        found.close()
        raise DataError(
            f"{path}: {len(found):,} features, {images.file} names {len(images):,} images; "
            "expected one for each, in the order of the list"
        )
    return found


def _feature_file(folder: Path, name: str) -> Path:
    image = folder / name
    tried = [image.with_suffix(end) for end in (".npy", ".bin")]
    tried += [image.with_name(image.name + end) for end in (".npy", ".bin")]
    found = next((one for one in tried if one.is_file()), None)
    if found is None:
        raise DataError(f"{folder}: no feature of {name!r}; expected {tried[0]} or .bin")
    return found


def _flags(
    config: Config, probes: Images, others: Images
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    probe, other = np.zeros(len(probes), dtype=bool), np.zeros(len(others), dtype=bool)
    if config.probe_noise:
        probe = lists.noisy_probes(Path(config.probe_noise), probes).flags
    if config.distractor_noise:
        other = lists.noisy_distractors(Path(config.distractor_noise), others).flags
    return probe, other


def _rows(variant: str, done: MegaFace, probes: Images) -> list[Row]:
    assert probes.persons is not None
    persons = np.array(probes.persons)[done.probe_T]
    once = done.probe_T < done.gallery_T
    rows = [
        _rates.share("megaface", variant, f"rank{rank}", done.rank_T <= rank, persons)
        for rank in _SHOWN
        if rank <= len(done.cmc_K)
    ]
    rows += [
        _rates.tar("megaface", variant, point, done.score_T[once], persons[once])
        for point in done.points
    ]
    return rows


def _table(done: MegaFace, probes: Images) -> pa.Table:
    names = pa.array(probes.paths, pa.string())
    return pa.table(
        {
            "probe": names.take(pa.array(done.probe_T)),
            "gallery": names.take(pa.array(done.gallery_T)),
            "rank": done.rank_T,
        }
    )


def _beside(path: str) -> str:
    place_of = Path(path)
    return str(place_of if place_of.is_dir() else place_of.parent)
