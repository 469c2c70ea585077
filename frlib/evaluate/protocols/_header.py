"""The columns of a CSV, by which a protocol recognises its lists."""

import csv
from pathlib import Path

_LONGEST = 4096


def columns(path: Path) -> frozenset[str]:
    """Names in the first line of a `.csv`; none for any other path."""
    if path.suffix != ".csv" or not path.is_file():
        return frozenset()
    with path.open("rb") as file:
        first = file.readline(_LONGEST).decode("utf-8-sig", "replace")
    return frozenset(name.strip() for row in csv.reader(first.splitlines()[:1]) for name in row)
