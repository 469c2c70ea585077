"""The official lists of CALFW and CPLFW: two lines a pair, one an image.

    image label              blanks; the pair's label is that of its first line

Label 0: two people. Any other: the same person; CPLFW writes 1, CALFW the number of the fold from
1. Two lines that disagree about this mean that a line was lost, and are refused. All pairs of the
same person come first and the others after them, so a fold in file order would hold one kind only.
As in FaceX-Zoo's parsers, fold f is pairs 300f to 300f + 299 of the first kind followed by the same
of the second, and pairs are returned in that order.
"""

from pathlib import Path

from frlib.core.errors import DataError
from frlib.data.pairsets.listed import Line, ListedPairs, in_folds, lines


def read(path: Path, each: int = 300) -> ListedPairs:
    """The pairs in fold order, `each` of either kind a fold."""
    rows = list(lines(path))
    for line in rows:
        if len(line.fields) != 2 or not (line.fields[1].isascii() and line.fields[1].isdigit()):
            raise line.error("'image label' with the label 0 or a positive integer")
    if len(rows) % 2:
        raise rows[-1].error("a second line for this pair")
    same: list[tuple[str, str, bool]] = []
    different: list[tuple[str, str, bool]] = []
    for first, second in zip(rows[0::2], rows[1::2], strict=True):
        if _is_same(first) != _is_same(second):
            raise second.error(f"the label of the line before, {first.fields[1]}")
        kind = same if _is_same(first) else different
        kind.append((first.name(0), second.name(0), _is_same(first)))
    if len(same) != len(different):
        raise DataError(
            f"{path}: {len(same):,} pairs of one person and {len(different):,} of two; expected "
            "as many of either kind. Is the list cut short? Get it again."
        )
    ordered = [
        pair
        for start in range(0, len(same), each)
        for kind in (same, different)
        for pair in kind[start : start + each]
    ]
    return in_folds(ordered, 2 * each, path)


def _is_same(line: Line) -> bool:
    return int(line.fields[1][:9]) != 0
