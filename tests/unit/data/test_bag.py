import numpy as np
import pytest

from frlib.core.errors import DataError, NumericsError
from frlib.data.bag import centres_of, mine, pairs


def naive_centres(emb, images):
    unit = [row / np.linalg.norm(row) for row in emb]
    return np.array([sum(unit[i : i + images]) / images for i in range(0, len(emb), images)])


def naive_mine(centres, want):
    """The source's walk over the full square of distances, with a stable sort."""
    square = [
        (float(((a - b) ** 2).sum()) + (i == j), i, j)
        for i, a in enumerate(centres)
        for j, b in enumerate(centres)
    ]
    found = []
    for _, i, j in sorted(square):
        for one in (i, j):
            if one not in found:
                found.append(one)
        if len(found) >= want:
            return found[:-1] if len(found) > want else found
    raise AssertionError


def bag(seed, identities=30, images=3, dim=6, spread=0.5):
    draw = np.random.default_rng(seed)
    people = np.repeat(draw.normal(size=(identities, dim)), images, axis=0)
    return (people + spread * draw.normal(size=people.shape)) * draw.uniform(1, 9, (len(people), 1))


@pytest.mark.parametrize("images", [1, 2, 3, 5])
def test_centres_when_compared_with_loops_then_equal_and_not_of_unit_length(images):
    emb = bag(images, images=images)
    found = centres_of(emb, images)
    np.testing.assert_allclose(found, naive_centres(emb, images), rtol=0, atol=1e-15)
    if images > 1:
        assert (np.linalg.norm(found, axis=1) < 1).all()


@pytest.mark.parametrize("want", [1, 2, 3, 7, 8, 29, 30])
@pytest.mark.parametrize("seed", range(4))
def test_mine_when_compared_with_the_source_walk_then_equal(seed, want):
    centres = centres_of(bag(seed))
    assert mine(centres, want).ids.tolist() == naive_mine(centres, want)


@pytest.mark.parametrize("seed", range(20))
def test_mine_when_distances_tie_also_with_the_diagonal_then_as_the_source_walk(seed):
    """Whole and half coordinates: many pairs at 0, 0.25, 0.5, 1."""
    draw = np.random.default_rng(seed)
    centres = draw.integers(0, 3, size=(12, 2)) / 2 * draw.integers(1, 3)
    for want in range(1, 13):
        assert mine(centres, want).ids.tolist() == naive_mine(centres, want)


def test_mine_when_no_pair_is_closer_than_one_then_order_of_the_bag():
    found = mine(np.eye(9) * 0.8, 5)
    assert found.ids.tolist() == [0, 1, 2, 3, 4]
    assert found.sqdist.tolist() == [1] * 5


def test_mine_when_the_last_pair_brings_two_then_the_larger_position_is_left_out():
    centres = np.array([[0.0, 0.9], [0.1, 0.0], [0.0, 0.7], [0.0, 0.0]])
    assert mine(centres, 2).ids.tolist() == [1, 3]
    assert mine(centres, 3).ids.tolist() == [1, 3, 0]
    assert mine(centres, 4).ids.tolist() == [1, 3, 0, 2]


def test_mine_when_found_then_distance_is_that_of_the_pair_that_brought_it():
    centres = np.array([[0.0, 0.9], [0.1, 0.0], [0.0, 0.7], [0.0, 0.0], [-0.6, -0.9]])
    found = mine(centres, 5)
    np.testing.assert_allclose(found.sqdist, [0.01, 0.01, 0.04, 0.04, 1.0])
    assert found.ids.tolist() == [1, 3, 0, 2, 4]


@pytest.mark.parametrize("limit", [0.05, 0.1, 0.3])
def test_mine_when_a_distance_is_set_then_the_source_result_up_to_it(limit):
    centres = centres_of(bag(11, dim=4))
    every, close = mine(centres, 30), mine(centres, 30, limit)
    assert close.ids.tolist() == every.ids[every.sqdist < limit].tolist()
    assert 0 < len(close.ids) < 30


def test_mine_when_a_distance_is_set_then_pairs_at_it_and_self_pairs_do_not_count():
    centres = np.array([[0.0, 0.0], [0.5, 0.0], [0.0, 4.0]])
    assert mine(centres, 3, 0.25).ids.tolist() == []
    assert mine(centres, 3, 0.26).ids.tolist() == [0, 1]
    assert mine(centres, 3, 2.0).ids.tolist() == [0, 1]
    assert mine(centres, 3, 99.0).ids.tolist() == [0, 1, 2]


def test_mine_when_one_identity_then_itself():
    centres = centres_of(np.ones((3, 4)))
    assert mine(centres, 1).ids.tolist() == [0]
    assert mine(centres, 1, 0.5).ids.tolist() == []


def test_mine_when_space_is_turned_then_same_identities():
    centres = centres_of(bag(13, dim=8))
    turn = np.linalg.qr(np.random.default_rng(1).normal(size=(8, 8)))[0]
    assert mine(centres @ turn, 12).ids.tolist() == mine(centres, 12).ids.tolist()


def test_mine_when_people_are_copies_then_lowest_positions_first():
    centres = np.repeat(centres_of(bag(2, identities=1, dim=7)), 40, axis=0)
    found = mine(centres, 11)
    assert found.ids.tolist() == list(range(11))
    assert found.sqdist.tolist() == [0] * 11


def test_mine_when_the_bag_is_the_source_s_then_the_two_closest_lead():
    draw = np.random.default_rng(7)
    emb = draw.normal(size=(3600, 64)).astype(np.float32)
    emb[3 * 900 : 3 * 900 + 3] = emb[3 * 100 : 3 * 100 + 3]
    found = mine(centres_of(emb), 120)
    assert found.ids[:2].tolist() == [100, 900]
    assert len(np.unique(found.ids)) == 120 and (np.diff(found.sqdist) >= 0).all()


def test_pairs_when_compared_with_loops_then_equal_row_after_row():
    centres = centres_of(bag(5, identities=7))
    wanted = [
        (i, j, 1.0 if i == j else float(((centres[i] - centres[j]) ** 2).sum()))
        for i in range(7)
        for j in range(i, 7)
    ]
    smaller, larger, sqdist = pairs(centres)
    assert [*zip(smaller, larger, strict=True)] == [(i, j) for i, j, _ in wanted]
    np.testing.assert_allclose(sqdist, [d for _, _, d in wanted], rtol=1e-12)


def test_centres_when_labels_are_grouped_then_accepted():
    emb = bag(1, identities=3)
    np.testing.assert_array_equal(centres_of(emb, 3, [5] * 3 + [2] * 3 + [9] * 3), centres_of(emb))


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        ([0, 0, 1, 1, 1, 2], r"images 0 to 2 have labels \[0, 0, 1\] \(2 such groups\)"),
        ([4, 4, 4, 4, 4, 4], r"identity 4 is in 2 groups \(1 such"),
        ([0, 0, 0], r"shape \(3,\) for 6 images"),
    ],
)
def test_centres_when_labels_are_not_grouped_then_data_error(labels, message):
    with pytest.raises(DataError, match=message):
        centres_of(np.ones((6, 2)), 3, labels)


@pytest.mark.parametrize(
    ("emb", "images", "error", "message"),
    [
        (np.ones((7, 2)), 3, DataError, "7 images with 3 per identity"),
        (np.ones((6, 2)), 0, DataError, "6 images with 0 per identity"),
        (np.ones(6), 3, DataError, r"bag: shape \(6,\)"),
        (np.full((6, 2), np.nan), 3, NumericsError, "bag: row 0"),
    ],
)
def test_centres_when_the_bag_does_not_fit_then_says_so(emb, images, error, message):
    with pytest.raises(error, match=message):
        centres_of(emb, images)


@pytest.mark.parametrize("want", [0, 5])
def test_mine_when_the_bag_cannot_supply_then_data_error(want):
    with pytest.raises(DataError, match=f"want={want} identities of a bag of 4: expected 1 to 4"):
        mine(np.eye(4), want)
