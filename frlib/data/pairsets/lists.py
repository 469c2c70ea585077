"""The pair list of every set of the field, by name.

Folds are those of the published sets: 600 pairs, and 700 for CFP-FP.
"""

from collections.abc import Callable
from functools import partial
from pathlib import Path

from frlib.core.errors import ConfigError
from frlib.data.pairsets import flagged, people, two_lines
from frlib.data.pairsets.listed import ListedPairs

READERS: dict[str, Callable[[Path], ListedPairs]] = {
    "lfw": people.read_with_header,
    "sllfw": people.read_with_header,
    "rfw": people.read_headerless,
    "agedb_30": partial(flagged.read, fold_size=600),
    "cfp_fp": partial(flagged.read, fold_size=700),
    "calfw": partial(flagged.read, fold_size=600),
    "cplfw": partial(flagged.read, fold_size=600),
    "calfw_official": two_lines.read,
    "cplfw_official": two_lines.read,
}


def read(name: str, path: Path) -> ListedPairs:
    """The pairs of the list `path` of the set `name`."""
    if name not in READERS:
        raise ConfigError(f"no pair list of the set {name!r}; known: {', '.join(READERS)}")
    return READERS[name](path)
