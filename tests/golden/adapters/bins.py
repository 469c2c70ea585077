"""Golden `.bin` pair sets: every file against every recorded fact; hostile files are refused."""

import hashlib
import io
import json
import re
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from frlib.core.errors import DataError
from frlib.data.pairsets import bin as bin_file
from frlib.data.pairsets.images import ImagePairs
from tests.golden.case import Case

MEAN = 0.5


def cases(root: Path) -> Iterator[Case]:
    """A case per file and recorded fact of `root`/eval/bins."""
    folder = root / "eval" / "bins"
    if not folder.is_dir():
        return
    listed = folder / "expected.json"
    if not listed.is_file():
        name = listed.relative_to(root).as_posix()
        yield Case(name, partial(pytest.fail, f"{name}: missing; nothing to check against"))
        return
    expected = json.loads(listed.read_text())
    for path in sorted(folder.iterdir()):
        name = path.relative_to(root).as_posix()
        if path.suffix == ".bin" and path.name.startswith("hostile"):
            yield Case(name, partial(_refused, path))
        elif path.suffix == ".bin":
            for fact in sorted(expected):
                yield Case(f"{name}::{fact}", partial(_agrees, path, expected, fact))
        elif path.name not in ("expected.json", "README.md"):
            yield Case(name, partial(pytest.fail, f"{name}: no code here knows this file"))


def check(found: ImagePairs, expected: dict[str, Any], fact: str, num_pairs: int) -> None:
    """One recorded fact about the first `num_pairs` pairs."""
    images = found.images
    if fact == "pairs":
        assert len(found) == num_pairs
    elif fact == "issame":
        assert found.same.tolist() == expected[fact][:num_pairs]
    elif fact == "image_sha256":
        digests = [hashlib.sha256(image).hexdigest() for image in images]
        assert digests == expected[fact][: 2 * num_pairs]
    elif fact == "image_len":
        assert [len(image) for image in images] == expected[fact][: 2 * num_pairs]
    elif fact == "rgb_mean":
        means = [np.asarray(Image.open(io.BytesIO(image))).mean(axis=(0, 1)) for image in images]
        np.testing.assert_allclose(means, expected[fact][: 2 * num_pairs], rtol=0, atol=MEAN)
    else:
        pytest.fail(f"no code here knows the fact {fact!r}")


def _agrees(path: Path, expected: dict[str, Any], fact: str) -> None:
    first = re.search(r"_first(\d+)$", path.stem)
    check(bin_file.read(path), expected, fact, int(first[1]) if first else expected["pairs"])


def _refused(path: Path) -> None:
    with pytest.raises(DataError, match=r"(GLOBAL|REDUCE|BUILD|[A-Z_]+) at byte \d+: "):
        bin_file.read(path)
