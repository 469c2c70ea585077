"""Golden pair lists: every recorded fact about every list, as each original program parsed it."""

import hashlib
import json
import re
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from frlib.data.pairsets import lists
from tests.golden.case import Case

FORMS = {
    r"lfw_pairs": "lfw",
    r"sllfw_.*": "sllfw",
    r"rfw_\w+_pairs": "rfw",
    r"agedb_30_pair": "agedb_30",
    r"cfp_fp_pair": "cfp_fp",
    r"calfw_pair": "calfw",
    r"cplfw_pair": "cplfw",
    r"pairs_CALFW": "calfw_official",
    r"pairs_CPLFW": "cplfw_official",
}
AT = (299, 300, 599, 600, -1)
FLAGS = {"boundaryface": (-1, 1), "facexzoo": (0, 1)}


def cases(root: Path) -> Iterator[Case]:
    """A case per list, program and recorded fact of `root`/eval/pairlists."""
    folder = root / "eval" / "pairlists"
    if not folder.is_dir():
        return
    listed = folder / "expected.json"
    if not listed.is_file():
        name = listed.relative_to(root).as_posix()
        yield Case(name, partial(pytest.fail, f"{name}: missing; nothing to check against"))
        return
    expected = json.loads(listed.read_text())
    known = {key.split("#")[0] for key in expected} | {"expected.json", "README.md"}
    for path in sorted(folder.iterdir()):
        if path.name not in known:
            name = path.relative_to(root).as_posix()
            yield Case(name, partial(pytest.fail, f"{name}: nothing is recorded about this file"))
    for key, facts in expected.items():
        file, _, program = key.partition("#")
        for fact in sorted(set(facts) - {"parsed_by"}):
            name = f"{folder.relative_to(root).as_posix()}/{key}::{fact}"
            yield Case(name, partial(_agrees, folder / file, program, facts, fact))


def _agrees(path: Path, program: str, facts: dict[str, Any], fact: str) -> None:
    forms = [form for pattern, form in FORMS.items() if re.fullmatch(pattern, path.stem)]
    assert len(forms) == 1, f"{path.name}: which of {sorted(lists.READERS)} is it?"
    found = lists.read(forms[0], path)
    recorded = facts[fact]
    entries = [
        (left, right, fold if facts["folds"] else None, FLAGS[program][same])
        for left, right, fold, same in zip(
            found.left, found.right, found.fold.tolist(), found.same.tolist(), strict=True
        )
    ]
    if fact == "count":
        assert len(found) == recorded
    elif fact == "positives":
        assert found.same.sum() == recorded
    elif fact == "folds":
        assert recorded is None or np.bincount(found.fold).tolist() == recorded
    elif fact == "first":
        assert entries[: len(recorded)] == [tuple(entry) for entry in recorded]
    elif fact == "at":
        assert [entries[i] for i in AT] == [tuple(entry) for entry in recorded]
    elif fact == "sha256":
        text = "\n".join("|".join(str(part) for part in entry) for entry in entries)
        assert hashlib.sha256(text.encode()).hexdigest() == recorded
    else:
        pytest.fail(f"no code here knows the fact {fact!r}")
