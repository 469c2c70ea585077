"""A list of pairs and the images it names, as a verification set that brings its images.

The images are loose files under a folder, by the names in the list, or a set that a source reads,
by its ids. An image that several pairs name is repeated.
"""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from frlib.core.config import Config
from frlib.core.errors import DataError
from frlib.data import catalog, threads
from frlib.data import pairs as drawn
from frlib.data.pairsets.images import ImagePairs, checked
from frlib.data.pairsets.listed import ListedPairs
from frlib.data.reader import ByteReader

T = TypeVar("T")


def with_files(listed: ListedPairs, folder: Path) -> ImagePairs:
    """The pairs with the files `folder / name`; `DataError` names those that are missing."""
    names = _alternating(listed.left, listed.right)
    missing = sorted({name for name in names if not (folder / name).is_file()})
    if missing:
        raise DataError(
            f"{folder}: {len(missing):,} images named in pairs are not there, first "
            f"{', '.join(missing[:5])}. Is it the folder that the names are relative to?"
        )
    return _set(names, listed.same, lambda name: (folder / name).read_bytes(), str(folder))


def with_source(listed: ListedPairs, images: Config, store: Path) -> ImagePairs:
    """The pairs with the images of a source whose ids are the names."""
    manifest = catalog.scan(images, store)
    reader = _reader(images)
    refs = dict(zip(manifest.ids.tolist(), manifest.refs.tolist(), strict=True))
    names = _alternating(listed.left, listed.right)
    missing = sorted({name for name in names if name not in refs})
    if missing:
        raise DataError(
            f"{getattr(images, 'path', images)}: {len(missing):,} images named in pairs are no ids "
            f"of it, first {', '.join(missing[:5])}; it has ids such as {manifest.ids[0]}. "
            "Do the list and the images belong together?"
        )
    return _set(names, listed.same, lambda name: reader.read(refs[name]), str(images))


def from_csv(path: Path, protocol: str, images: Config, store: Path) -> ImagePairs:
    """The pairs of a CSV (`frlib.data.pairs.read_csv`), in order of their folds."""
    manifest = catalog.scan(images, store)
    found = drawn.read_csv(path, protocol, manifest)
    order = np.argsort(found.fold, kind="stable")
    reader = _reader(images)
    rows = _alternating(found.left[order].tolist(), found.right[order].tolist())
    refs = manifest.refs
    return _set(rows, found.same[order], lambda row: reader.read(int(refs[row])), str(path))


def _set(
    names: list[T], same: NDArray[np.bool_], read: Callable[[T], bytes], where: str
) -> ImagePairs:
    distinct = list(dict.fromkeys(names))
    images = dict(zip(distinct, threads.over(distinct, read), strict=True))
    return checked([images[name] for name in names], same, where)


def _alternating(left: Sequence[T], right: Sequence[T]) -> list[T]:
    return [name for pair in zip(left, right, strict=True) for name in pair]


def _reader(images: Config) -> ByteReader:
    reader = catalog.open_reader(images)
    if not isinstance(reader, ByteReader):
        raise DataError(f"source {images!r}: makes its images; expected one that stores them")
    return reader
