import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from frlib.core.seeds import stream
from frlib.data.loading.order import epoch_order

SIZES = st.lists(st.integers(0, 12), min_size=1, max_size=12).filter(any)


def _labels(sizes: list[int], seed: int = 0) -> np.ndarray:
    return stream(seed, "test").permutation(np.repeat(np.arange(len(sizes)), sizes))


def _drawn(labels: np.ndarray, epochs: range, seed: int = 3) -> list[np.ndarray]:
    return [epoch_order("class_balanced", labels, seed, epoch).rows for epoch in epochs]


def test_instance_when_drawn_then_a_permutation_fixed_by_seed_and_epoch() -> None:
    labels = np.zeros(1000, dtype=np.int64)
    order = epoch_order("instance", labels, seed=3, epoch=7)
    assert order.rows.dtype == np.int64
    assert sorted(order.rows.tolist()) == list(range(1000))
    np.testing.assert_array_equal(order.draws, order.rows)
    again = epoch_order("instance", labels, seed=3, epoch=7)
    np.testing.assert_array_equal(order.rows, again.rows)
    for seed, epoch in ((3, 8), (4, 7)):
        assert (epoch_order("instance", labels, seed, epoch).rows != order.rows).mean() > 0.9


def test_instance_when_drawn_then_the_numbers_of_earlier_versions() -> None:
    """Runs that were begun before there was a choice go on in their order."""
    found = epoch_order("instance", np.zeros(8, dtype=np.int64), seed=0, epoch=0).rows
    assert found.tolist() == [7, 6, 5, 1, 4, 0, 3, 2]


@given(sizes=SIZES, epoch=st.integers(0, 50), seed=st.integers(0, 9))
def test_balanced_when_drawn_then_every_class_equally_often(
    sizes: list[int], epoch: int, seed: int
) -> None:
    labels = _labels(sizes)
    rows = epoch_order("class_balanced", labels, seed, epoch).rows
    assert len(rows) == len(labels)
    counts = np.bincount(labels[rows], minlength=len(sizes))[np.array(sizes) > 0]
    assert counts.max() - counts.min() <= 1


@given(sizes=SIZES, epochs=st.integers(1, 7))
def test_balanced_when_epochs_add_up_then_classes_and_their_samples_stay_even(
    sizes: list[int], epochs: int
) -> None:
    labels = _labels(sizes)
    rows = np.concatenate(_drawn(labels, range(epochs)))
    classes = np.bincount(labels[rows], minlength=len(sizes))[np.array(sizes) > 0]
    assert classes.max() - classes.min() <= 1
    samples = np.bincount(rows, minlength=len(labels))
    for label in np.flatnonzero(sizes):
        mine = samples[labels == label]
        assert mine.max() - mine.min() <= 1


def test_balanced_when_a_class_is_large_then_it_goes_on_where_the_last_epoch_stopped() -> None:
    """120 draws an epoch over 200 samples: every five epochs make three rounds."""
    labels = np.repeat(np.arange(2), [40, 200])
    drawn = [rows[labels[rows] == 1] for rows in _drawn(labels, range(10))]
    assert all(len(rows) == 120 for rows in drawn)
    assert len(np.unique(drawn[0])) == 120, "no sample twice before all came once"
    for five in (drawn[:5], drawn[5:]):
        assert (np.bincount(np.concatenate(five))[40:] == 3).all()
    alike = np.isin(drawn[0], drawn[5]).mean()
    assert 0.4 < alike < 0.8, "the fourth round has another order than the first"


def test_balanced_when_samples_come_again_then_their_draws_differ() -> None:
    order = epoch_order("class_balanced", np.repeat([0, 1], [2, 30]), seed=0, epoch=0)
    assert (order.rows < 2).sum() == 16
    assert len(np.unique(order.draws)) == len(order.draws) == 32
    assert (order.draws < 32).all()


def test_balanced_when_drawn_then_fixed_by_seed_and_epoch_and_shuffled() -> None:
    labels = np.repeat(np.arange(50), 20)
    one, again, later, other = (
        epoch_order("class_balanced", labels, seed, epoch).rows
        for seed, epoch in ((1, 2), (1, 2), (1, 3), (2, 2))
    )
    np.testing.assert_array_equal(one, again)
    for different in (later, other):
        assert (different != one).mean() > 0.9
    assert abs(np.corrcoef(labels[one], np.arange(1000))[0, 1]) < 0.15


@pytest.mark.parametrize("gap", [0, 3])
def test_balanced_when_labels_have_gaps_then_classes_without_samples_get_no_draw(gap: int) -> None:
    labels = gap + np.array([0, 0, 0, 5, 5, 9])
    rows = epoch_order("class_balanced", labels, 0, 0).rows
    assert np.bincount(labels[rows])[[gap, gap + 5, gap + 9]].tolist() == [2, 2, 2]
