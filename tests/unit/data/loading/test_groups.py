"""Bags of identities, and the share of a worker in what is chosen from them."""

import numpy as np
import pytest

from frlib.core.errors import DataError
from frlib.data.augment import Augment
from frlib.data.loading.groups import Bags, Groups
from frlib.data.loading.loader import Loader
from tests.unit.data.loading.made import images, pixels

LABELS = np.array([3, 0, 3, 0, 3, 1, 2, 2, 2, 2, 0, 5, 5])
"""Of 0 three, of 1 one, of 2 four, of 3 three, of 4 none, of 5 two."""


def test_bag_when_drawn_then_holds_whole_identities_with_different_images() -> None:
    bags = Bags(LABELS, 2, 2, seed=1)
    assert (bags.num_identities, bags.num_left_out) == (4, 1)
    for number in range(10):
        rows_PM = bags.bag(number)
        labels_PM = LABELS[rows_PM]
        assert rows_PM.shape == (2, 2)
        assert (labels_PM == labels_PM[:, :1]).all()
        assert labels_PM[0, 0] != labels_PM[1, 0]
        assert (rows_PM[:, 0] != rows_PM[:, 1]).all()


def test_bags_when_a_round_is_over_then_every_identity_was_in_one_and_the_order_is_another() -> (
    None
):
    labels = np.repeat(np.arange(12), 3)
    bags = Bags(labels, 4, 2, seed=0)
    rounds = [
        np.concatenate([labels[bags.bag(3 * turn + at)][:, 0] for at in range(3)])
        for turn in range(3)
    ]
    assert all(sorted(one) == list(range(12)) for one in rounds)
    assert not np.array_equal(rounds[0], rounds[1])


def test_bag_when_asked_again_or_out_of_order_then_depends_on_seed_and_number_alone() -> None:
    labels = np.repeat(np.arange(6), 5)
    bags, fresh, other = (Bags(labels, 3, 2, seed) for seed in (4, 4, 5))
    forward = [bags.bag(n) for n in range(8)]
    backward = [fresh.bag(n) for n in reversed(range(8))][::-1]
    assert all(np.array_equal(a, b) for a, b in zip(forward, backward, strict=True))
    assert not all(np.array_equal(one, other.bag(n)) for n, one in enumerate(forward))


def test_images_when_an_identity_has_more_than_are_wanted_then_each_is_drawn_equally_often() -> (
    None
):
    bags = Bags(np.zeros(4, dtype=np.int64), 1, 2, seed=0)
    drawn = np.bincount(np.concatenate([bags.bag(n).ravel() for n in range(800)]), minlength=4)
    assert drawn.sum() == 1600
    assert (abs(drawn - 400) < 60).all()


def test_bag_when_larger_than_all_then_is_all() -> None:
    bags = Bags(LABELS, 99, 2, seed=0)
    assert bags.size == 4
    assert sorted(LABELS[bags.bag(7)][:, 0]) == [0, 2, 3, 5]


def test_bags_when_nobody_has_enough_images_then_says_what_there_is() -> None:
    with pytest.raises(
        DataError, match=r"none of the 5 identities has 9 images; the largest has 4"
    ):
        Bags(LABELS, 2, 9, seed=0)


def _groups(rank: int = 0, world: int = 1, end: int = 99) -> Groups:
    rows = np.arange(24).reshape(3, 8)
    labels = np.arange(50)
    changes = Augment(crop=2)
    return Groups(labels, rows, np.array(10), end, changes, 0, rank, world)


def test_groups_when_workers_share_a_step_then_together_they_have_what_one_has() -> None:
    whole = list(_groups().of(0, 11))
    assert [task.step for task in whole] == [11, 12]
    shares = [list(_groups(rank, 2).of(0, 11)) for rank in range(2)]
    for one, *parts in zip(whole, *shares, strict=True):
        assert one.rows.tolist() == [rows for part in parts for rows in part.rows]
        assert one.draws.flip.tolist() == [flip for part in parts for flip in part.draws.flip]
        assert one.draws.shift is not None
        shifts = [part.draws.shift for part in parts]
        np.testing.assert_array_equal(one.draws.shift, np.concatenate(shifts))


def test_groups_when_the_run_ends_before_the_queue_then_so_do_they() -> None:
    assert [task.step for task in _groups(end=12).of(0, 10)] == [10, 11]


def test_loader_when_given_groups_then_brings_their_pixels() -> None:
    (one, *_) = Loader(pixels(), _groups(1, 2)).batches(0, 12)
    assert one.rows.tolist() == [20, 21, 22, 23]
    np.testing.assert_array_equal(one.images, images()[20:24])
