import numpy as np
import pytest

from frlib.core.errors import DataError
from frlib.data.lists.hard import closest, harden
from frlib.data.pairs import draw
from frlib.data.vectors import Vectors
from tests.unit.data.tiny_sets import manifest


def _unit(rng: np.random.Generator, rows: int, width: int = 8) -> np.ndarray:
    values = rng.standard_normal((rows, width)).astype(np.float32)
    return values / np.linalg.norm(values, axis=1, keepdims=True)


def _by_hand(unit: np.ndarray, labels: np.ndarray, wanted: int) -> set[tuple[int, int]]:
    """The rule with loops: sort all pairs, number the meetings of two people, take the first."""
    all_pairs = [
        (-float(unit[i] @ unit[j]), i, j)
        for i in range(len(unit))
        for j in range(i + 1, len(unit))
        if labels[i] != labels[j]
    ]
    met: dict[tuple[int, int], int] = {}
    ranked = []
    for cost, i, j in sorted(all_pairs):
        couple = (min(labels[i], labels[j]), max(labels[i], labels[j]))
        met[couple] = met.get(couple, -1) + 1
        ranked.append((met[couple], cost, i, j))
    return {(i, j) for _, _, i, j in sorted(ranked)[:wanted]}


@pytest.mark.parametrize("wanted", [1, 5, 15, 40, 120])
def test_closest_when_done_by_hand_then_equal(wanted: int) -> None:
    """6 people of 4 images: 15 couples and 240 pairs. 23 neighbours are all others."""
    unit, labels = _unit(np.random.default_rng(0), 24), np.repeat(np.arange(6), 4)
    found = closest(unit, labels, wanted, neighbours=24)
    assert {(a, b) for a, b in found.tolist()} == _by_hand(unit, labels, wanted)


def test_closest_when_more_are_wanted_than_neighbours_give_then_all_there_are() -> None:
    unit, labels = _unit(np.random.default_rng(1), 40), np.repeat([0, 1], 20)
    found = closest(unit, labels, 400)
    assert len({(a, b) for a, b in found.tolist()}) == 400
    assert (labels[found[:, 0]] != labels[found[:, 1]]).all()


def test_harden_when_done_then_folds_and_same_pairs_stay_and_strangers_are_more_alike() -> None:
    people = manifest(*[4] * 40)
    vectors = Vectors(people.ids, _unit(np.random.default_rng(2), len(people)))
    drawn = draw(people, 200, 4, seed=0)
    hard = harden(people, drawn, vectors)
    np.testing.assert_array_equal(hard.same, drawn.same)
    np.testing.assert_array_equal(hard.fold, drawn.fold)
    np.testing.assert_array_equal(hard.left[hard.same], drawn.left[drawn.same])
    np.testing.assert_array_equal(people.labels[hard.left] == people.labels[hard.right], hard.same)
    homes: dict[int, set[int]] = {}
    for rows in (hard.left, hard.right):
        for label, fold in zip(people.labels[rows].tolist(), hard.fold.tolist(), strict=True):
            homes.setdefault(label, set()).add(fold)
    assert all(len(folds) == 1 for folds in homes.values())
    unit = vectors.values
    cosine = [(unit[p.left] * unit[p.right]).sum(axis=1)[~p.same].mean() for p in (drawn, hard)]
    assert cosine[1] > cosine[0] + 0.4


def test_harden_when_an_image_has_no_vector_then_error() -> None:
    people = manifest(*[4] * 40)
    vectors = Vectors(people.ids[:-4], _unit(np.random.default_rng(2), len(people) - 4))
    with pytest.raises(DataError, match="have no vector"):
        harden(people, draw(people, 2000, 4, seed=0), vectors)
