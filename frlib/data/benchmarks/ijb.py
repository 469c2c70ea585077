"""The files of IJB-B and IJB-C, as InsightFace hands them out.

    <set>_face_tid_mid.txt         image template medium
    <set>_name_5pts_score.txt      image x1 y1 ... x5 y5 score      the same images, line by line
    <set>_template_pair_label.txt  template template label(1 or 0)
    <set>_1N_gallery_G1.csv, ..._G2.csv (IJB-B: S1, S2), ..._1N_probe_mixed.csv
                                   header; template, subject, further columns; a line per image

`<set>` is `ijbb` or `ijbc`; the lists lie in `<path>/meta`, the loose crops in `<path>/loose_crop`.
Blanks between fields, no header in the text files. A template's lines need not be adjacent.

Shapes: N images, P pairs.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from frlib.core.errors import DataError
from frlib.data import tables
from frlib.data.texts import Texts, texts

NAMES = ("ijbb", "ijbc")
GALLERIES = {"ijbb": ("S1", "S2"), "ijbc": ("G1", "G2")}
_POINTS = tuple(f"{axis}{number}" for number in range(1, 6) for axis in "xy")


@dataclass(frozen=True)
class Counts:
    """Images, templates and pairs of a set."""

    images: int
    templates: int
    pairs: int


PUBLISHED = {
    "ijbb": Counts(227_630, 12_115, 8_010_270),
    "ijbc": Counts(469_375, 23_124, 15_658_489),
}


@dataclass(frozen=True, eq=False)
class Images:
    """images: `[N]` names. templates, media: `[N]`. points: `[N, 5, 2]` in the loose crop, (x, y).

    scores: `[N]` of the face detector.
    """

    images: Texts
    templates: NDArray[np.int64]
    media: NDArray[np.int64]
    points: NDArray[np.float32]
    scores: NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class TemplatePairs:
    """`[P]` template ids of both sides, and whether they are of one person."""

    left: NDArray[np.int64]
    right: NDArray[np.int64]
    same: NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Subjects:
    """One template of a subject on each place: `[n]` both, each template once."""

    templates: NDArray[np.int64]
    subjects: NDArray[np.int64]


def which(path: Path) -> str:
    """`ijbb` or `ijbc`, by the names of the lists in `path/meta`."""
    found = [name for name in NAMES if (path / "meta" / f"{name}_face_tid_mid.txt").is_file()]
    if len(found) == 1:
        return found[0]
    state = "lists of both sets" if found else "no list"
    raise DataError(
        f"{path}/meta: {state}; expected either ijbb_face_tid_mid.txt or ijbc_face_tid_mid.txt and "
        "the lists beside it"
    )


def images(path: Path, name: str) -> Images:
    """Both lists of images; `DataError` unless they name the same ones, line by line."""
    file, points_file = (
        path / "meta" / f"{name}_{rest}.txt" for rest in ("face_tid_mid", "name_5pts_score")
    )
    listed = tables.without_header(
        file,
        {"image": pa.string(), "template": pa.int64(), "medium": pa.int64()},
        "expected lines: image template medium",
    )
    columns = {"image": pa.string()} | dict.fromkeys((*_POINTS, "score"), pa.float32())
    points = tables.without_header(
        points_file, columns, "expected lines: image, five times x y, score"
    )
    names, again = (texts(table["image"]) for table in (listed, points))
    if len(names) != len(again) or (names != again).any():
        raise DataError(
            f"{points_file}: {len(again):,} images, {file} has {len(names):,}; expected the same "
            "images in the same order"
        )
    if len(np.unique(names)) != len(names):
        raise DataError(f"{file}: an image is listed twice; expected one line an image")
    numbers = np.stack([_column(points, name) for name in (*_POINTS, "score")], axis=1)
    if not np.isfinite(numbers).all():
        line = int(np.argmin(np.isfinite(numbers).all(axis=1))) + 1
        raise DataError(f"{points_file} line {line}: a number is not finite")
    return Images(
        names,
        _column(listed, "template"),
        _column(listed, "medium"),
        np.ascontiguousarray(numbers[:, :-1]).reshape(-1, 5, 2),
        np.ascontiguousarray(numbers[:, -1]),
    )


def pairs(path: Path, name: str) -> TemplatePairs:
    """The 1:1 list."""
    file = path / "meta" / f"{name}_template_pair_label.txt"
    expected = "expected lines: template template label (1 same, 0 different)"
    kinds = {"left": pa.int64(), "right": pa.int64(), "label": pa.int64()}
    table = tables.without_header(file, kinds, expected)
    label = _column(table, "label")
    wrong = np.flatnonzero((label != 0) & (label != 1))
    if len(wrong):
        raise DataError(f"{file} line {wrong[0] + 1}: label {label[wrong[0]]}; {expected}")
    return TemplatePairs(_column(table, "left"), _column(table, "right"), label == 1)


def search(path: Path, name: str) -> tuple[tuple[Subjects, ...], Subjects] | None:
    """Both galleries and the probes of the 1:N protocol; None where none of the lists is there."""
    galleries = [path / "meta" / f"{name}_1N_gallery_{one}.csv" for one in GALLERIES[name]]
    probe = path / "meta" / f"{name}_1N_probe_mixed.csv"
    if not any(file.exists() for file in (*galleries, probe)):
        return None
    return tuple(_subjects(file) for file in galleries), _subjects(probe)


def require_published(name: str, found: Counts, where: str) -> None:
    """`DataError` unless the counts are those of the published set."""
    if found != PUBLISHED[name]:
        raise DataError(
            f"{where}: {found.images:,} images, {found.templates:,} templates and {found.pairs:,} "
            f"pairs; {name} has {PUBLISHED[name].images:,}, {PUBLISHED[name].templates:,} and "
            f"{PUBLISHED[name].pairs:,}. A part of it gives other numbers than the published ones: "
            "restore the lists, or say expected=false where the set is another on purpose"
        )


def _subjects(file: Path) -> Subjects:
    expected = "expected a header and lines: template,subject,..."
    table = tables.with_header(file, {}, expected)
    if table.num_columns < 2 or not all(pa.types.is_int64(table[at].type) for at in (0, 1)):
        raise DataError(f"{file}: columns {table.schema.names}, not both whole numbers; {expected}")
    if table[0].null_count or table[1].null_count:
        raise DataError(f"{file}: a line without template or subject; {expected}")
    rows = np.stack([table[at].to_numpy() for at in (0, 1)], axis=1)
    each = np.unique(rows, axis=0)
    templates, counts = np.unique(each[:, 0], return_counts=True)
    if len(templates) != len(each):
        raise DataError(
            f"{file}: template {templates[counts > 1][0]} belongs to several subjects; expected one"
        )
    return Subjects(each[:, 0], each[:, 1])


def _column(table: pa.Table, name: str) -> NDArray[Any]:
    found: NDArray[Any] = table[name].to_numpy()
    return found
