"""Pair lists in LFW's form: LFW and SLLFW (with a header line), RFW (without one).

    10 TAB 300                     folds, and pairs of each kind in a fold: only with a header
    name TAB n1 TAB n2             images n1 and n2 of one person: same
    name1 TAB n1 TAB name2 TAB n2  two people: different

Image n of a person is `name/name_%04d.jpg`. A header is a line of nothing but one or two integers;
one integer (LFW's development lists) means a single fold. Fields are split at TABs, or at blanks in
a list that has no TABs.

Source: LFW's `pairs.txt`; the LFW and RFW readers of BoundaryFace's test code and of FaceX-Zoo. An
LFW reader that always drops the first line loses a pair of RFW: here the header is recognised.
"""

from pathlib import Path

import numpy as np

from frlib.core.errors import DataError
from frlib.data.pairsets.listed import Line, ListedPairs, in_folds, lines

_FORMS = "'name n1 n2' or 'name1 n1 name2 n2' with image numbers from 1"


def read_with_header(path: Path) -> ListedPairs:
    """LFW and SLLFW: the header says how many pairs there are, and the list is held to it."""
    first, *rest = lines(path)
    if len(first.fields) > 2 or not all(_is_number(field) for field in first.fields):
        raise first.error("a header such as '10 300': folds, and pairs of each kind in a fold")
    folds, each = ([1, *(int(field) for field in first.fields)])[-2:]
    if not folds or not each:
        raise first.error("at least one fold and one pair of each kind")
    found = in_folds([_pair(line) for line in rest], 2 * each, path, folds)
    same = found.same.reshape(folds, 2 * each).sum(axis=1)
    if (same != each).any():
        fold = int(np.flatnonzero(same != each)[0])
        raise DataError(
            f"{path}: fold {fold} has {same[fold]:,} pairs of one person; expected {each:,}, as "
            "the header says. Get the list again."
        )
    return found


def read_headerless(path: Path, fold_size: int = 600) -> ListedPairs:
    """RFW: every line is a pair."""
    return in_folds([_pair(line) for line in lines(path)], fold_size, path)


def _pair(line: Line) -> tuple[str, str, bool]:
    if len(line.fields) == 3:
        return _image(line, 0, 1), _image(line, 0, 2), True
    if len(line.fields) == 4:
        return _image(line, 0, 1), _image(line, 2, 3), False
    raise line.error(_FORMS)


def _image(line: Line, name: int, number: int) -> str:
    person, count = line.name(name), line.fields[number]
    if not _is_number(count) or int(count) == 0 or "/" in person:
        raise line.error(_FORMS)
    return f"{person}/{person}_{int(count):04d}.jpg"


def _is_number(field: str) -> bool:
    return field.isascii() and field.isdigit() and len(field) <= 9
