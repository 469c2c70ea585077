"""ExpFace's folder form of a verification set: loose images and an array of flags.

    <set>/imgs/<k>.jpg       k = 0..2P-1 without padding; pair p is 2p and 2p + 1
    <set>/pair_label.npy     `[P]` bool, True for the same person

Source: the test sets of ExpFace. Its converter from `.bin` encodes the images anew, so pixels and
scores of a folder may differ from those of the `.bin` of the same name.
"""

import os
import secrets
import shutil
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from frlib.core.errors import DataError
from frlib.core.safeio import NOT_NUMPY
from frlib.data.pairsets.images import ImagePairs, check_count, checked

_MAGIC = b"\x93NUMPY"


def read(path: Path) -> ImagePairs:
    """The pairs of the folder `<set>`; `DataError` for missing or surplus images."""
    same = _flags(path / "pair_label.npy")
    images = path / "imgs"
    try:
        found = {entry.name for entry in images.iterdir()}
        wanted = [f"{number}.jpg" for number in range(2 * len(same))]
        check_count(len(found), len(same), str(images))
        missing = [name for name in wanted if name not in found]
        if missing:
            raise DataError(
                f"{images}: {len(missing):,} images are missing, first {', '.join(missing[:5])}; "
                f"expected 0.jpg to {wanted[-1]}. Get the set again."
            )
        return checked([(images / name).read_bytes() for name in wanted], same, str(images))
    except OSError as error:
        raise DataError(
            f"{images}: cannot be read as a folder of <number>.jpg ({error})"
        ) from error


def write(path: Path, pairs: ImagePairs) -> None:
    """The pairs as the folder `path`, whole or absent; `DataError` if something is there.

    Image bytes are those of the set, whatever their format: the names end in `.jpg` all the same.
    """
    if os.path.lexists(path):
        raise DataError(f"{path} exists; expected a path where nothing is. Name another.")
    aside = path.with_name(f".{path.name}.{os.getpid()}-{secrets.token_hex(4)}.part")
    try:
        (aside / "imgs").mkdir(parents=True)
        for number, image in enumerate(pairs.images):
            (aside / "imgs" / f"{number}.jpg").write_bytes(image)
        np.save(aside / "pair_label.npy", pairs.same, allow_pickle=False)
        os.sync()
        aside.rename(path)
    finally:
        shutil.rmtree(aside, ignore_errors=True)


def _flags(path: Path) -> NDArray[np.bool_]:
    """Mapped: a header that claims more than the file has is an error and not an allocation."""
    try:
        with path.open("rb") as file:
            if file.read(len(_MAGIC)) != _MAGIC:
                raise DataError(f"{path}: is no .npy file; expected an array of bool")
        stored = np.load(path, mmap_mode="r", allow_pickle=False)
    except NOT_NUMPY as error:
        raise DataError(
            f"{path}: cannot be read as an array of flags ({error}); expected bool, without pickle"
        ) from error
    if stored.ndim != 1 or stored.dtype != np.bool_:
        raise DataError(
            f"{path}: {stored.dtype} of shape {stored.shape}; expected a bool for every pair"
        )
    if np.asarray(stored).view(np.uint8).max(initial=0) > 1:
        raise DataError(f"{path}: holds bytes other than 0 and 1; expected bool")
    return np.array(stored, dtype=np.bool_)
