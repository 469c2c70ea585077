"""The text lists of the BoundaryFace scripts: what was made noisy, and what it was before.

    data_file_flip_R.txt      every image and its label after the flips
    noise_flip_R.txt          the flipped images and their *original* label
    data_file_outlier_R.txt   the same after outliers took the place of some images
    noise_outlier_R.txt       the outliers and the label they were given at random

Lines are `path<two spaces>label`, labels are numbers from 0, and R = int(100 * ratio), which gives
28 for 0.29. Written in each class: flipped first, then untouched, then outliers, as the scripts
expect of one another. Paths may hold blanks; a line is split at its last run of blanks.
`frlib.data.sources.boundary_lists` reads them as a source.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from frlib.core import safeio
from frlib.core.errors import DataError
from frlib.data.manifest import ASYMMETRIC, CLEAN, CLOSED, KINDS, OPEN, Manifest
from frlib.data.storage.places import Place

NAME = re.compile(r"data_file_(flip|outlier)_(\d+)\.txt")
"""How the scripts name a list to train on: what was done last, and R."""
_FORM = "expected lines: path, blanks, label (a whole number from 0)"


@dataclass(frozen=True)
class Listing:
    """Lines of one file: `paths` as written there, `labels` `[n]` int64."""

    file: Place
    paths: list[str]
    labels: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.paths)


@dataclass(frozen=True)
class Written:
    """Where the lists are; None for those that were not needed. `last`: the one to train on."""

    last: Path
    flip: Path | None
    noise_flip: Path | None
    outlier: Path | None
    noise_outlier: Path | None


def read(file: Place) -> Listing:
    """The lines of a list; blank ones are left out. `DataError` names the first wrong line."""
    try:
        lines = file.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"{file} cannot be read ({error}); {_FORM}") from error
    paths, labels = [], []
    for number, line in enumerate(lines, start=1):
        parts = line.strip().rsplit(maxsplit=1)
        if not parts:
            continue
        if len(parts) == 1 or not (parts[1].isascii() and parts[1].isdigit()):
            raise DataError(f"{file} line {number}: {line!r}; {_FORM}")
        paths.append(parts[0])
        labels.append(int(parts[1]))
    return Listing(file, paths, np.array(labels, dtype=np.int64))


def plain_path(path: str, inside: str = "", was: str = "") -> str:
    """A listed path with forward strokes, and relative to a folder where it lies inside.

    inside: the folder, with its last stroke. was: what it was called where the list was made; a
    Windows path is understood in both.
    """
    if ("/" not in path and "\\" in path) or re.match(r"[A-Za-z]:\\", path):
        path = path.replace("\\", "/")
    before = (
        was.replace("\\", "/").rstrip("/") if re.match(r"[A-Za-z]:|\\", was) else was.rstrip("/")
    )
    if before and path.startswith(before + "/"):
        return path[len(before) + 1 :]
    return path.removeprefix(inside)


def write(
    folder: Path,
    noisy: Manifest,
    reference: Manifest,
    paths: Sequence[str],
    original_paths: Sequence[str],
    ratios: tuple[float, float],
) -> Written:
    """Write the lists of a noisy manifest whose samples are files.

    `reference`: row for row the samples before flips. `paths`, `original_paths`: `[N]` the file of
    every row of `noisy` and of `reference`. `ratios`: of flips and of outliers, for the names.
    Lists of flips or of outliers are written if their ratio is above 0; with neither,
    `data_file_flip_0.txt` holds everything. Asymmetric flips are written as flips. Raises
    `DataError` for rows that the lists have no form for, and for paths that do not fit in a line.
    """
    _require_form(noisy, paths, original_paths)
    flipped = (noisy.kinds == CLOSED) | (noisy.kinds == ASYMMETRIC)
    replaced = noisy.kinds == OPEN
    rank = np.where(replaced, 2, np.where(flipped, 0, 1))
    order = np.lexsort((rank, reference.labels))
    closed, open_ = (f"{int(100 * ratio)}.txt" for ratio in ratios)
    any_flips = ratios[0] > 0 or bool(flipped.any())
    any_outliers = ratios[1] > 0 or bool(replaced.any())
    flip = noise_flip = outlier = noise_outlier = None
    before = np.where(flipped, noisy.labels, reference.labels)
    if any_flips or not any_outliers:
        flip = folder / f"data_file_flip_{closed}"
        _put(flip, original_paths, before, order)
    if any_flips:
        noise_flip = folder / f"noise_flip_{closed}"
        _put(noise_flip, original_paths, reference.labels, order[flipped[order]])
    if any_outliers:
        outlier = folder / f"data_file_outlier_{open_}"
        noise_outlier = folder / f"noise_outlier_{open_}"
        _put(outlier, paths, noisy.labels, order)
        _put(noise_outlier, paths, noisy.labels, order[replaced[order]])
    last = outlier or flip
    assert last is not None
    return Written(last, flip, noise_flip, outlier, noise_outlier)


def _put(
    file: Path, paths: Sequence[str], labels: NDArray[np.int64], rows: NDArray[np.int64]
) -> None:
    safeio.write_text(file, "".join(f"{paths[row]}  {labels[row]}\n" for row in rows.tolist()))


def _require_form(noisy: Manifest, *all_paths: Sequence[str]) -> None:
    strange = np.flatnonzero(~np.isin(noisy.kinds, (CLEAN, CLOSED, ASYMMETRIC, OPEN)))
    if len(strange):
        kinds = sorted({KINDS[kind] for kind in noisy.kinds[strange].tolist()})
        raise DataError(
            f"text lists: {len(strange):,} rows are {' and '.join(kinds)}, first "
            f"{str(noisy.ids[strange[0]])!r}; these lists can say of a row that it is flipped or "
            "an outlier, and nothing else. Use the truth table instead."
        )
    for paths in all_paths:
        for path in paths:
            if path != path.strip() or len(path.splitlines()) != 1:
                raise DataError(
                    f"text lists: the path {path!r} begins or ends with a blank or holds a line "
                    "break, and would be read as another one. Rename the file."
                )
