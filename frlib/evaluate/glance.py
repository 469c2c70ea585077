"""A few pairs of images out of lists that ask about no pairs of images, for `evaluate.checks`.

Half of the pairs show one person, half two people; fewer where the lists hold fewer. No pair occurs
twice, and no image is compared with itself. The same lists always give the same pairs.

Shapes: N images.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import cycle, islice
from typing import Any

import numpy as np
from numpy.typing import NDArray

from frlib.core.seeds import stream
from frlib.data.benchmarks import ijb
from frlib.data.pairsets.listed import ListedPairs
from frlib.data.texts import Texts
from frlib.evaluate.questions import Questions

_TRIES = 20
"""Draws for each pair that is asked for."""
_Pair = tuple[str, str]


@dataclass(frozen=True, eq=False)
class Faces:
    """ids: `[N]`, each once. persons: `[N]`, of any type that sorts."""

    ids: Texts
    persons: NDArray[Any]


def between(name: str, left: Faces, right: Faces, few: int) -> Questions | None:
    """At most `few` pairs (2 at least) of images of two lists; of one list, if it is given twice.

    The people of the left list take turns. None unless there are pairs of both kinds.
    """
    people, codes = np.unique(np.concatenate((left.persons, right.persons)), return_inverse=True)
    of_left = _Rows(codes[: len(left.persons)], len(people))
    of_right = _Rows(codes[len(left.persons) :], len(people))
    draws, num = stream(0, "glance"), _half(few)

    def pair(person: int, other: int) -> _Pair:
        rows = of_left.any_of(person, draws), of_right.any_of(other, draws)
        return str(left.ids[rows[0]]), str(right.ids[rows[1]])

    both = np.flatnonzero((of_left.counts > 0) & (of_right.counts > 0))
    lone = both[(of_left.counts[both] == 1) & (of_right.counts[both] == 1)]
    is_itself = left.ids[of_left.first_of(lone)] == right.ids[of_right.first_of(lone)]
    mated = draws.permutation(np.setdiff1d(both, lone[is_itself]))
    same = _drawn(mated, lambda person: pair(person, person), num)

    others = np.flatnonzero(of_right.counts)

    def with_other(person: int) -> _Pair | None:
        other = int(others[draws.integers(len(others))])
        return pair(person, other) if other != person else None

    different = _drawn(draws.permutation(np.flatnonzero(of_left.counts)), with_other, num)
    found = [*same, *different]
    return _questions(
        name, [a for a, _ in found], [b for _, b in found], np.arange(len(found)) < len(same)
    )


def of_templates(
    name: str, images: ijb.Images, pairs: ijb.TemplatePairs, few: int
) -> Questions | None:
    """As many pairs of images, of different templates that the list compares."""
    draws = stream(0, "glance")
    is_apart = pairs.left != pairs.right
    kinds = [np.flatnonzero(is_apart & (pairs.same == kind)) for kind in (True, False)]
    rows = np.concatenate(
        [rows[draws.choice(len(rows), min(_half(few), len(rows)), replace=False)] for rows in kinds]
    )
    ends = np.stack((pairs.left[rows], pairs.right[rows]))
    templates, codes = np.unique(ends, return_inverse=True)
    used = np.flatnonzero(np.isin(images.templates, templates))
    of_template = _Rows(np.searchsorted(templates, images.templates[used]), len(templates))
    codes = codes.reshape(2, -1)
    has_images = (of_template.counts[codes] > 0).all(axis=0)
    left, right = (
        [str(images.images[used[of_template.any_of(code, draws)]]) for code in side]
        for side in codes[:, has_images].tolist()
    )
    return _questions(name, left, right, pairs.same[rows[has_images]])


class _Rows:
    """Where each of the numbers 0, 1, .. stands in a column of them. counts: how often."""

    def __init__(self, codes: NDArray[np.int64], num: int) -> None:
        self._order = np.argsort(codes, kind="stable")
        self._ends = np.searchsorted(codes[self._order], np.arange(num + 1))
        self.counts = np.diff(self._ends)

    def first_of(self, codes: NDArray[np.int64]) -> NDArray[np.int64]:
        found: NDArray[np.int64] = self._order[self._ends[codes]]
        return found

    def any_of(self, code: int, draws: np.random.Generator) -> int:
        return int(self._order[draws.integers(self._ends[code], self._ends[code + 1])])


def _half(few: int) -> int:
    return max(few // 2, 1)


def _drawn(people: NDArray[np.int64], pair: Callable[[int], _Pair | None], num: int) -> list[_Pair]:
    """Up to `num` different pairs, the people asked in turn."""
    found: dict[frozenset[str], _Pair] = {}
    for person in islice(cycle(people.tolist()), _TRIES * num):
        drawn = pair(person)
        if drawn is not None and drawn[0] != drawn[1]:
            found.setdefault(frozenset(drawn), drawn)
        if len(found) == num:
            break
    return list(found.values())


def _questions(
    name: str, left: Sequence[str], right: Sequence[str], same: NDArray[np.bool_]
) -> Questions | None:
    if same.all() or not same.any():
        return None
    fold = np.zeros(len(same), dtype=np.int64)
    return Questions(name, ListedPairs(left=tuple(left), right=tuple(right), same=same, fold=fold))
