"""MegaFace's lists: which images there are, and which of them are noise.

Feature lists are JSON, `{"path": [...], "id": [...]}` for probes (`facescrub_features_list.json`)
and `{"path": [...]}` for distractors (`megaface_features_list.json_1000000_1`); or text, one path a
line (`facescrub_lst`, `megaface_lst`), where a person is the folder of an image.

Noise lists are text with `#` comments: `facescrub_noises.txt` names files, `megaface_noises.txt`
has `a/b/file`, or two fields with a tab between, the path second. Image suffixes are not compared:
the same list is used with .jpg and with .png names.
"""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import numpy as np
from numpy.typing import NDArray

from frlib.core.errors import DataError

_IMAGE = re.compile(r"\.(jpe?g|png|bmp|gif|webp)$", re.IGNORECASE)


@dataclass(frozen=True)
class Images:
    """paths: as listed. persons: one for each, None where the list has none (distractors)."""

    file: Path
    paths: tuple[str, ...]
    persons: tuple[str, ...] | None

    def __len__(self) -> int:
        return len(self.paths)


@dataclass(frozen=True, eq=False)
class Noise:
    """flags: `[N]` which images of the list are noise. num_listed: names on the noise list."""

    flags: NDArray[np.bool_]
    num_listed: int


def read_images(file: Path, *, has_persons: bool) -> Images:
    """A feature list, JSON or text; `DataError` for another form, or a path listed twice."""
    text = _text(file)
    if text.lstrip().startswith("{"):
        paths, persons = _from_json(file, text)
    else:
        paths = [line.strip() for line in text.splitlines() if line.strip()]
        persons = None
    if not paths:
        raise DataError(f"{file}: no image in this list")
    if len(set(paths)) != len(paths):
        twice = next(path for path in paths if paths.count(path) > 1)
        raise DataError(f"{file}: {twice!r} is listed twice; expected every image once")
    if not has_persons:
        return Images(file, tuple(paths), None)
    if persons is None:
        persons = [PurePosixPath(path).parent.name for path in paths]
        if not all(persons):
            raise DataError(
                f"{file}: {paths[persons.index('')]!r} has no folder, and the list has no ids: "
                "whose image is it? Expected person/file, or JSON with path and id"
            )
    return Images(file, tuple(paths), tuple(persons))


def noisy_probes(file: Path, images: Images) -> Noise:
    """Which probes `facescrub_noises.txt` names, by file name."""
    listed = [line.rpartition("/")[2] for line in _lines(file)]
    return _matched(file, listed, images, [path.rpartition("/")[2] for path in images.paths])


def noisy_distractors(file: Path, images: Images) -> Noise:
    """Which distractors `megaface_noises.txt` names, by `a/b/file`."""
    listed = [line.rpartition("\t")[2] for line in _lines(file)]
    wrong = next((line for line in listed if line.count("/") != 2), None)
    if wrong is not None:
        raise DataError(f"{file}: {wrong!r}; expected a/b/file, after an index and a tab at most")
    return _matched(file, listed, images, ["/".join(path.split("/")[-3:]) for path in images.paths])


def _matched(file: Path, listed: list[str], images: Images, names: Sequence[str]) -> Noise:
    noise = {_IMAGE.sub("", name) for name in listed}
    flags = np.array([_IMAGE.sub("", name) in noise for name in names], dtype=bool)
    if noise and not flags.any():
        raise DataError(
            f"{file}: none of its {len(noise):,} names, such as {listed[0]!r}, is among the "
            f"{len(images):,} of {images.file}, such as {images.paths[0]!r}. Are both of one set?"
        )
    return Noise(flags, len(noise))


def _lines(file: Path) -> list[str]:
    lines = (line.strip() for line in _text(file).splitlines())
    return [line for line in lines if line and not line.startswith("#")]


def _from_json(file: Path, text: str) -> tuple[list[str], list[str] | None]:
    try:
        content = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise DataError(f"{file}: cannot be read as JSON ({error})") from error
    paths, persons = content.get("path"), content.get("id")
    if not _is_texts(paths):
        raise DataError(f'{file}: expected {{"path": [texts]}}, for probes with "id" beside it')
    if persons is None:
        return paths, None
    if not isinstance(persons, list) or len(persons) != len(paths):
        raise DataError(f"{file}: {len(paths):,} paths need a list of as many ids")
    wrong = [person for person in persons if not _is_name(person)]
    if wrong:
        raise DataError(f"{file}: id {wrong[0]!r}; expected a text or a whole number for each path")
    return paths, [str(person) for person in persons]


def _is_texts(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(one, str) and _is_name(one) for one in value)


def _is_name(value: object) -> bool:
    """A whole number, or a text that can be written (JSON can hold halves of characters)."""
    if not isinstance(value, str):
        return isinstance(value, int) and not isinstance(value, bool)
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"{file}: cannot be read as a list of images ({error})") from error
