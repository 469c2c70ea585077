import numpy as np
import pytest

from frlib.compat._classes import class_means, class_radius
from frlib.core import rows as rows_module
from frlib.core.errors import DataError, NumericsError


class Stored:
    """float16 directions and float32 lengths that are put together when they are read."""

    def __init__(self, rows):
        self.length = np.linalg.norm(rows, axis=1).astype(np.float32)
        self.direction = (rows / self.length[:, None]).astype(np.float16)
        self.shape = rows.shape

    def __getitem__(self, part):
        return self.direction[part].astype(np.float32) * self.length[part][:, None]


def features(seed=0, images=97, classes=6, absent=2, dim=4):
    draw = np.random.default_rng(seed)
    labels = draw.choice([c for c in range(classes) if c != absent], images)
    labels[labels == 5] = 1
    labels[3] = 5
    rows = draw.normal(size=(classes, dim))[labels] + 0.5 * draw.normal(size=(images, dim))
    return (rows * draw.uniform(0.2, 9, (images, 1))).astype(np.float32), labels


def unit(rows):
    return rows / np.linalg.norm(rows, axis=-1, keepdims=True)


def by_hand(rows, labels, classes):
    centre, radius, count = np.zeros((classes, rows.shape[1])), np.zeros(classes), [0] * classes
    for c in np.unique(labels):
        own = unit(rows[labels == c].astype(float))
        centre[c] = own.mean(0)
        far = sorted(np.linalg.norm(own - centre[c], axis=1))
        if len(far) >= 4:
            low, high = far[int(len(far) / 4)], far[int(3 * len(far) / 4)]
            reach = 1.5 * (high - low)
            far = [r for r in far if low - reach <= r <= high + reach]
        radius[c], count[c] = far[-1], len(far)
    return centre, radius, count


@pytest.fixture(autouse=True)
def small_blocks(monkeypatch):
    monkeypatch.setattr(rows_module, "BLOCK_NUMBERS", 50)


@pytest.mark.parametrize("weighting", ["raw", "unit"])
def test_means_when_compared_with_loops_then_equal_and_zero_where_absent(weighting):
    rows, labels = features()
    found, count = class_means(rows, labels, 6, weighting)
    weighed = rows if weighting == "raw" else unit(rows)
    for c in range(6):
        own = weighed[labels == c]
        wanted = unit(own.mean(0)) if len(own) else np.zeros(4)
        np.testing.assert_allclose(found[c], wanted, atol=1e-6)
        assert count[c] == len(own)
    assert found.dtype == np.float32 and not found[2].any()


def test_means_when_features_cancel_then_zero():
    found, count = class_means(np.array([[1.0, 2], [-1, -2]]), [0, 0], 1, "unit")
    assert not found.any() and count.tolist() == [2]


@pytest.mark.parametrize("seed", range(5))
def test_radius_when_compared_with_loops_then_equal(seed):
    rows, labels = features(seed)
    found = class_radius(rows, labels, 6)
    centre, radius, count = by_hand(rows, labels, 6)
    np.testing.assert_allclose(found.centre_Cd, centre, atol=1e-6)
    np.testing.assert_allclose(found.radius_C, radius, atol=1e-6)
    assert found.count_C.tolist() == count
    assert found.count_C[5] == 1 and found.radius_C[5] == 0 and found.count_C[2] == 0


def test_radius_when_one_image_is_far_off_then_it_does_not_count():
    near = np.random.default_rng(0).normal([9, 0, 0], 0.5, (40, 3))
    rows = np.concatenate([near, [[-9.0, 1, 0]]])
    found = class_radius(rows, np.zeros(41, int), 1)
    assert found.count_C[0] < 41 and found.radius_C[0] < 0.3


def test_both_when_rows_are_put_together_as_read_then_as_of_the_matrix():
    rows, labels = features()
    stored = Stored(rows)
    one, _ = class_means(stored, labels, 6, "raw")
    np.testing.assert_allclose(one, class_means(rows, labels, 6, "raw")[0], atol=1e-3)
    two = class_radius(stored, labels, 6)
    np.testing.assert_allclose(two.centre_Cd, class_radius(rows, labels, 6).centre_Cd, atol=1e-3)


@pytest.mark.parametrize("say", [lambda *a: class_means(*a, "raw"), class_radius])
def test_both_when_input_is_wrong_then_refused(say):
    with pytest.raises(DataError, match="one row a label"):
        say(np.ones((3, 2)), [0, 0], 1)
    with pytest.raises(DataError, match="labels from 0 to 3: expected 0 to 2"):
        say(np.ones((2, 2)), [0, 3], 3)
    with pytest.raises(NumericsError, match="old features: row 1"):
        say(np.array([[1, 2], [np.nan, 1]]), [0, 0], 1)
