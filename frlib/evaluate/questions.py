"""The pairs that a verification protocol asks about, checked before anything is computed."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from frlib.core.errors import DataError
from frlib.data.pairsets.listed import ListedPairs
from frlib.stats.people import People, people

PUBLISHED = {
    "lfw": 6000,
    "sllfw": 6000,
    "calfw": 6000,
    "cplfw": 6000,
    "agedb_30": 6000,
    "cfp_fp": 7000,
    "cfp_ff": 7000,
    "rfw": 6000,
}
"""Pairs of the published sets by name; of each group for RFW."""


@dataclass(frozen=True, eq=False)
class Questions:
    """Named pairs in folds. name: of the protocol in rows."""

    name: str
    pairs: ListedPairs

    def __len__(self) -> int:
        return len(self.pairs)

    @cached_property
    def ids(self) -> list[str]:
        """The images that are asked about, each once, in order of first use."""
        return list(dict.fromkeys((*self.pairs.left, *self.pairs.right)))

    @property
    def num_itself(self) -> int:
        """Pairs of an image with itself."""
        return sum(a == b for a, b in zip(self.pairs.left, self.pairs.right, strict=True))

    @property
    def num_repeated(self) -> int:
        """Pairs that stand earlier in the list, in either order."""
        sides = zip(self.pairs.left, self.pairs.right, strict=True)
        return len(self) - len({(min(pair), max(pair)) for pair in sides})

    @cached_property
    def people(self) -> People | None:
        """Who is on each side, taken from the folder in `person/file`.

        Only where every flag of the list agrees with the folders; None otherwise (folders that mean
        something else, or names without them).
        """
        sides = [
            [name.rpartition("/")[0] for name in side]
            for side in (self.pairs.left, self.pairs.right)
        ]
        if not all(folder for side in sides for folder in side):
            return None
        equal = np.array([a == b for a, b in zip(*sides, strict=True)])
        return people(*sides) if bool((equal == self.pairs.same).all()) else None


def asked(name: str, pairs: ListedPairs, expected: int) -> Questions:
    """The questions, or a `DataError`.

    expected: pairs the protocol has; 0 accepts any number. Every fold needs both kinds of pair: a
    list with all pairs of one person first would have folds of one kind, where accuracy means
    something else and VAL nothing.
    """
    same = pairs.same
    num_same = int(same.sum())
    if expected and (len(pairs) != expected or 2 * num_same != expected):
        raise DataError(
            f"{name}: {len(pairs):,} pairs, {num_same:,} of them of one person; the protocol has "
            f"{expected:,}, half of one person. Get the whole list, or set expected_pairs=0 if "
            "another number is meant."
        )
    if num_same in (0, len(pairs)):
        raise DataError(
            f"{name}: {num_same:,} of {len(pairs):,} pairs are of one person; verification needs "
            "both kinds. Check the list's flags."
        )
    for fold in np.unique(pairs.fold).tolist():
        member: NDArray[np.bool_] = same[pairs.fold == fold]
        if member.all() or not member.any():
            kind = "one person" if member.all() else "two people"
            raise DataError(
                f"{name}: all {len(member):,} pairs of fold {fold} are of {kind}. Are all pairs of "
                "one person listed first? Order the list so that every fold has both kinds (the "
                "official CALFW and CPLFW lists are read as calfw_official and cplfw_official)."
            )
    return Questions(name, pairs)
