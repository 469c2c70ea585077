"""Golden ExpFace folders: the pairs of `eval/bins` as loose images and an array of flags."""

import json
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from frlib.data.pairsets import folder as pair_folder
from tests.golden.adapters import bins
from tests.golden.case import Case


def cases(root: Path) -> Iterator[Case]:
    """A case per set and recorded fact of `root`/eval/expface_folder; reading checks every file."""
    folder = root / "eval" / "expface_folder"
    if not folder.is_dir():
        return
    facts = root / "eval" / "bins" / "expected.json"
    for path in sorted(folder.iterdir()):
        name = path.relative_to(root).as_posix()
        inner = sorted(p.name for p in path.iterdir()) if path.is_dir() else []
        if inner != ["imgs", "pair_label.npy"] or not facts.is_file():
            why = f"{name}: expected imgs and pair_label.npy, and facts in {facts.name} of bins"
            yield Case(name, partial(pytest.fail, why))
            continue
        for fact in sorted(json.loads(facts.read_text())):
            yield Case(f"{name}::{fact}", partial(_agrees, path, facts, fact))


def _agrees(path: Path, facts: Path, fact: str) -> None:
    expected = json.loads(facts.read_text())
    bins.check(pair_folder.read(path), expected, fact, expected["pairs"])
