"""Pair lists of one line a pair, as BoundaryFace has for AgeDB-30, CFP-FP, CALFW and CPLFW.

    left right flag          blanks; flag 1 for the same person, -1 for two people

The order is that of InsightFace's `.bin` sets, in which fold f is a run of pairs: 600 a fold, 700
for CFP-FP. Names are relative to the folder of images (`00001.jpg` from BoundaryFace's converter).

Source: the test data sets and the `.bin` converter of BoundaryFace.
"""

from pathlib import Path

from frlib.data.pairsets.listed import Line, ListedPairs, in_folds, lines

_FLAGS = {"1": True, "+1": True, "-1": False}


def read(path: Path, fold_size: int) -> ListedPairs:
    """The pairs in the order of the file, `fold_size` a fold."""
    return in_folds([_pair(line) for line in lines(path)], fold_size, path)


def _pair(line: Line) -> tuple[str, str, bool]:
    if len(line.fields) != 3 or line.fields[2] not in _FLAGS:
        raise line.error("'left right flag' with the flag 1 or -1")
    return line.name(0), line.name(1), _FLAGS[line.fields[2]]
