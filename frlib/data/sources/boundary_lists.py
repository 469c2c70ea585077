"""The noisy lists of the BoundaryFace scripts, with the truth that lies beside them.

`path` is `data_file_outlier_R.txt` or `data_file_flip_R.txt`; the truth is read from
`noise_outlier_R.txt` and `noise_flip_R.txt` in the same folder, unless other files are named. What
is in neither is taken to be labelled rightly.

* Identities are named by the folder of their own images where folders and labels agree one to one,
  else by their label, with leading zeros so that order by name is order by number. A class that all
  of its images were flipped out of is still a class.
* Ids are paths under `root`, those of outliers `open:<path>`, and where an outlier is used again
  `open:<path>#2`, `#3` in the order of lines.
* Windows paths are understood. `was` names the folder that paths began with on the machine that
  made the lists; `root` takes its place.
"""

import re
from collections import Counter
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from frlib.core.config import Config as Base
from frlib.core.config import place, setting
from frlib.core.errors import DataError
from frlib.data import text_lists
from frlib.data.manifest import CLEAN, CLOSED, OPEN, Manifest, from_table
from frlib.data.sources import _files
from frlib.data.storage.listing import entries
from frlib.data.storage.places import Place, absolute, at, stamp
from frlib.data.text_lists import NAME, Listing


class Config(Base):
    """Noisy lists and where their images are."""

    name: Literal["boundary_lists"] = "boundary_lists"
    path: str = place(..., doc="data_file_outlier_R.txt or data_file_flip_R.txt")
    flips: str = place("", doc="noise_flip_R.txt; empty: the only one in the folder of the list")
    outliers: str = place("", doc="noise_outlier_R.txt; empty: the one of the list's own R")
    root: str = place("", doc="folder the paths are relative to; empty: the folder of the list")
    was: str = place("", doc="folder the paths began with where the lists were made; root is used")
    colour: Literal["RGB", "BGR"] = setting("RGB", doc="channel order of the stored pixels")
    trusted: bool = setting(
        True, doc="the truth of the lists is the truth; else truth is unknown, and kinds with it"
    )


@dataclass(frozen=True)
class _Lists:
    """n rows: files relative to `root` (or absolute), given and original labels, kinds."""

    file: Place
    root: Place
    paths: list[str]
    given: NDArray[np.int64]
    true: NDArray[np.int64]
    kinds: NDArray[np.int8]
    facts: dict[str, Any]


def recognise(path: Place) -> Config | None:
    """A file that is named as the scripts name their lists."""
    return Config(path=str(path)) if NAME.fullmatch(path.name) and path.is_file() else None


def scan(config: Config) -> Manifest:
    """Every line, with its truth; a ref is the position among the lines."""
    lists = _read(config)
    _require_files(lists)
    names, named_by = _names(lists)
    true_names = [names[label] if label >= 0 else "" for label in lists.true.tolist()]
    return from_table(
        ids=_ids(lists),
        names=[names[label] for label in lists.given.tolist()],
        checksums=_files.checksums(lists.root, lists.paths),
        refs=range(len(lists.paths)),
        reader=config,
        colour=config.colour,
        trusted=config.trusted,
        facts=lists.facts | {"identities_named_by": named_by},
        true_names=true_names if config.trusted else None,
        kinds=lists.kinds if config.trusted else None,
    )


def open_reader(config: Config) -> _files.FileReader:
    """A reader over the lines in the order of the file."""
    lists = _read(config)
    return _files.FileReader(lists.root, lists.paths, config.colour)


def fingerprint(config: Config) -> str:
    """Over the lists and every image they name."""
    lists = _read(config)
    _require_files(lists)
    files = [lists.file, *(file for file in _truth(config) if file is not None)]
    names = list(dict.fromkeys(lists.paths))
    stamps = _files.of_each(lists.root, names, stamp)
    images = (lists.root / name for name in names)
    return _files.fingerprint([*files, *images], [*map(stamp, files), *stamps])


def _read(config: Config) -> _Lists:
    file = at(config.path)
    root = at(config.root) if config.root else file.parent
    rows = text_lists.read(file)
    if not len(rows):
        raise DataError(f"boundary_lists: {file} names no image; expected lines: path  label")
    flips_file, outliers_file = _truth(config)
    flips = _plain(text_lists.read(flips_file), root, config.was) if flips_file else None
    outliers = _plain(text_lists.read(outliers_file), root, config.was) if outliers_file else None
    rows = _plain(rows, root, config.was)
    kinds = np.full(len(rows), CLEAN, dtype=np.int8)
    true = rows.labels.copy()
    facts: dict[str, Any] = {}
    if outliers is not None:
        _require_same_outliers(rows, outliers)
        strange = set(outliers.paths)
        kinds[[path in strange for path in rows.paths]] = OPEN
        true[kinds == OPEN] = -1
        facts["outliers"] = int((kinds == OPEN).sum())
    if flips is not None:
        facts |= _flip(rows, flips, kinds, true)
    return _Lists(file, root, rows.paths, rows.labels, true, kinds, facts)


def _truth(config: Config) -> tuple[Place | None, Place | None]:
    """The files of flips and of outliers; None where the list has no such noise."""
    file = at(config.path)
    match = NAME.fullmatch(file.name)
    if match is None and not (config.flips or config.outliers):
        raise DataError(
            f"boundary_lists: {file.name} is not named data_file_flip_R.txt or "
            "data_file_outlier_R.txt, so the lists of its noise are not known. Set flips and "
            "outliers to them, or read it as an image_list."
        )
    kind, ratio = match.groups() if match else ("", "")
    outliers: Place | None = None
    flips: Place | None = None
    if config.outliers:
        outliers = at(config.outliers)
    elif kind == "outlier":
        outliers = file.with_name(f"noise_outlier_{ratio}.txt")
    if config.flips:
        flips = at(config.flips)
    elif kind == "flip":
        beside = file.with_name(f"noise_flip_{ratio}.txt")
        flips = beside if int(ratio) or beside.is_file() else None
    elif kind:
        inside = sorted(entry.name for entry in entries(file.parent) if not entry.is_dir)
        found = [name for name in inside if re.fullmatch(r"noise_flip_\d+\.txt", name)]
        if len(found) > 1:
            raise DataError(
                f"boundary_lists: {file}: the folder holds {len(found)} lists of flips "
                f"({', '.join(found)}); set flips to the one that belongs to this list"
            )
        flips = file.with_name(found[0]) if found else None
    return flips, outliers


def _flip(
    rows: Listing, flips: Listing, kinds: NDArray[np.int8], true: NDArray[np.int64]
) -> dict[str, int]:
    """Put flips into `kinds` and `true`; what the account says of them."""
    original = dict(zip(flips.paths, flips.labels.tolist(), strict=True))
    if len(original) != len(flips):
        again = next(path for path, count in Counter(flips.paths).items() if count > 1)
        raise DataError(
            f"boundary_lists: {flips.file} names {again!r} more than once; an image is flipped once"
        )
    found = 0
    for row, path in enumerate(rows.paths):
        if kinds[row] == OPEN or path not in original:
            continue
        found += 1
        if original[path] == rows.labels[row]:
            raise DataError(
                f"boundary_lists: {path!r} is flipped from {original[path]} by {flips.file.name}, "
                f"and {rows.file.name} gives it that same label. Do the lists belong together?"
            )
        kinds[row], true[row] = CLOSED, original[path]
    if flips.paths and not found:
        raise DataError(
            f"boundary_lists: none of the {len(flips):,} images in {flips.file.name} is in "
            f"{rows.file.name}, first {flips.paths[0]!r}. Do the lists belong together?"
        )
    return {"flips": found, "flips_replaced": len(flips) - found}


def _require_same_outliers(rows: Listing, outliers: Listing) -> None:
    strange = set(outliers.paths)
    lines = zip(rows.paths, rows.labels.tolist(), strict=True)
    here = Counter(line for line in lines if line[0] in strange)
    there = Counter(zip(outliers.paths, outliers.labels.tolist(), strict=True))
    if here != there:
        path, label = next(iter((here - there) or (there - here)))
        raise DataError(
            f"boundary_lists: {outliers.file.name} and {rows.file.name} differ in their outliers, "
            f"first in {path!r} with label {label}. Do the lists belong together?"
        )


def _plain(listing: Listing, root: Place, was: str) -> Listing:
    inside = f"{absolute(root).rstrip('/')}/"
    paths = [text_lists.plain_path(path, inside, was) for path in listing.paths]
    return Listing(listing.file, paths, listing.labels)


def _ids(lists: _Lists) -> list[str]:
    uses = Counter[str]()
    ids = []
    for path, kind in zip(lists.paths, lists.kinds.tolist(), strict=True):
        if kind != OPEN:
            ids.append(path)
            continue
        uses[path] += 1
        ids.append(f"open:{path}" + (f"#{uses[path]}" if uses[path] > 1 else ""))
    return ids


def _names(lists: _Lists) -> tuple[dict[int, str], str]:
    """Label -> name of the identity, and whether by folder or by label."""
    folders: dict[int, set[str]] = {}
    for path, label in zip(lists.paths, lists.true.tolist(), strict=True):
        if label >= 0:
            folders.setdefault(label, set()).add(PurePosixPath(path).parent.name)
    labels = sorted({*lists.given.tolist(), *folders})
    single = [next(iter(names)) for names in folders.values() if len(names) == 1]
    if len(set(single) - {""}) == len(labels):
        return {label: next(iter(folders[label])) for label in labels}, "folder"
    width = len(str(labels[-1]))
    return {label: f"{label:0{width}d}" for label in labels}, "label"


def _require_files(lists: _Lists) -> None:
    names = list(dict.fromkeys(lists.paths))
    found = _files.of_each(lists.root, names, lambda place: place.is_file())
    missing = [name for name, there in zip(names, found, strict=True) if not there]
    if missing:
        raise DataError(
            f"boundary_lists: {lists.file}: {len(missing):,} listed images are not under "
            f"{lists.root}: {_files.first_five(missing)}. Set root to the folder that the paths "
            "are relative to, and was to the folder they began with where the lists were made."
        )
