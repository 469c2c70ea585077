"""Painted faces with as much detail as photographs have, stored as files and checked."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from frlib.core.config import Config
from frlib.data.check.report import Answer, Finding, Report
from frlib.data.check.run import check
from frlib.data.check.subject import Limits
from frlib.data.sources import image_folder, synth
from frlib.data.vectors import Vectors
from tests.unit.data.tiny_sets import People, encoded, write_folder

SIDE = 48


def pixels(people: int, shots: int, part: str = "train") -> np.ndarray:
    """`[people * shots, 48, 48, 3]` RGB, the shots of a person beside each other."""
    config = synth.Config.parse({"identities": people, "images": shots, "part": part})
    return synth.open_reader(config).images(synth.scan(config).refs, SIDE)


def faces(people: int, shots: int, part: str = "train") -> dict[str, dict[str, bytes]]:
    """Person k (`train00`, ...) has pictures `0.jpg`, `1.jpg`, ..."""
    found = iter(pixels(people, shots, part))
    return {
        f"{part}{k:02d}": {f"{i}.jpg": jpeg(next(found)) for i in range(shots)}
        for k in range(people)
    }


def jpeg(picture: np.ndarray, quality: int = 92) -> bytes:
    return encoded(picture, "JPEG", quality=quality)


def stored_again(data: bytes, tmp: Path, quality: int = 60) -> bytes:
    """The same picture at another JPEG quality."""
    (tmp / "again.jpg").write_bytes(data)
    with Image.open(tmp / "again.jpg") as picture:
        return jpeg(np.asarray(picture), quality)


def folder(root: Path, everyone: People, **how: str) -> Config:
    """The pictures in an image folder, as its source."""
    write_folder(root, everyone)
    return image_folder.Config(path=str(root), **how)  # type: ignore[arg-type]


def checked(
    source: Config,
    tmp: Path,
    against: Sequence[Config] = (),
    vectors: Sequence[Vectors] = (),
    **limits: float,
) -> Report:
    return check(
        source, tmp / "store", against=against, vectors=vectors, limits=Limits.parse(limits)
    )[0]


def answer(report: Report, question: str) -> Answer:
    return next(one.answer for one in report.sections if one.name == question)


def found(report: Report) -> Mapping[str, Finding]:
    """Findings by rule; every rule of a test is met once."""
    by_rule = {one.rule: one for one in report.findings}
    assert len(by_rule) == len(report.findings)
    return by_rule
