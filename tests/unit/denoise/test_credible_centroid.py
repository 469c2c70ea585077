import math

import numpy as np
import pytest

from frlib.core import rows
from frlib.core.errors import DataError, NumericsError
from frlib.denoise.credible_centroid import Config, credible, decide, label
from tests.unit.denoise.worlds import embedded, evidence


def naive(emb, labels, share, column_scale):
    """Class by class, as the definition reads."""
    unit = emb / np.linalg.norm(emb, axis=1, keepdims=True)
    if column_scale:
        unit = unit / np.linalg.norm(unit, axis=0, keepdims=True)
    keep, distance = np.zeros(len(emb), bool), np.zeros(len(emb))
    for c in np.unique(labels):
        mine = np.flatnonzero(labels == c)
        distance[mine] = np.linalg.norm(unit[mine] - unit[mine].mean(0), axis=1)
        nearest = mine[np.argsort(distance[mine], kind="stable")]
        keep[nearest[: math.ceil(round(share * len(mine), 9))]] = True
    return keep, distance


def faces(seed, images=151, classes=7, dim=6):
    draw = np.random.default_rng(seed)
    labels = draw.choice([c for c in range(classes) if c != 3], images)
    emb = draw.normal(size=(classes, dim))[labels] + draw.normal(size=(images, dim))
    return emb * draw.uniform(0.1, 10, (images, 1)), labels


@pytest.mark.parametrize("column_scale", [True, False])
@pytest.mark.parametrize("share", [0.05, 0.5, 0.7, 0.9, 1.0])
def test_credible_when_compared_with_loops_then_equal(monkeypatch, share, column_scale):
    monkeypatch.setattr(rows, "BLOCK_NUMBERS", 100)
    emb, labels = faces(round(100 * share))
    found = credible(emb, labels, 7, share, column_scale)
    keep, distance = naive(emb, labels, share, column_scale)
    np.testing.assert_allclose(found.distance, distance, rtol=1e-12)
    np.testing.assert_array_equal(found.keep, keep)
    assert found.keep.all() == (share == 1.0)


def test_credible_when_columns_are_scaled_then_another_answer():
    emb, labels = faces(0)
    emb = emb * np.array([9, 1, 1, 1, 1, 0.1])
    scaled, plain = (credible(emb, labels, 7, 0.7, scale).keep for scale in (True, False))
    assert (scaled != plain).any()


def test_credible_when_two_images_are_equally_far_then_the_earlier_stays():
    draw = np.random.default_rng(0)
    emb, labels = draw.normal(size=(400, 5)), np.repeat(np.arange(200), 2)
    for scale in (True, False):
        found = credible(emb, labels, 200, 0.5, scale)
        assert found.keep.tolist() == [True, False] * 200


def test_credible_when_the_product_rounds_up_then_as_many_as_meant():
    assert math.ceil(0.55 * 100) == 56
    emb, labels = np.random.default_rng(0).normal(size=(100, 4)), np.zeros(100, int)
    assert credible(emb, labels, 1, 0.55).keep.sum() == 55


def test_credible_when_classes_are_small_then_nothing_goes_at_nine_tenths():
    for size, kept in ((1, 1), (9, 9), (10, 9)):
        emb = np.random.default_rng(size).normal(size=(size, 4))
        assert credible(emb, np.zeros(size, int), 1).keep.sum() == kept


def test_credible_when_a_column_or_a_row_is_zero_then_finite():
    emb, labels = faces(1)
    emb[:, 2], emb[5] = 0, 0
    assert np.isfinite(credible(emb, labels, 7).distance).all()


@pytest.mark.parametrize(
    ("emb", "labels", "error", "message"),
    [
        (np.ones((3, 2)), [0, 0], DataError, r"shape \(3, 2\) for labels of shape \(2,\)"),
        (np.ones(3), [0, 0, 0], DataError, "expected one row a label"),
        (np.ones((2, 2)), [0, 4], DataError, "labels from 0 to 4: expected 0 to 3"),
        (np.ones((2, 2)), [-1, 0], DataError, "labels from -1 to 0"),
        (np.array([[1.0, 0], [np.nan, 0]]), [0, 0], NumericsError, "embeddings: row 1"),
    ],
)
def test_credible_when_inputs_do_not_fit_then_says_so(emb, labels, error, message):
    with pytest.raises(error, match=message):
        credible(emb, labels, 4)


def test_decide_when_by_hand_then_flags_the_far_one_and_counts_classes():
    turned = np.deg2rad([0, 2, -2, 60, 0, 0])
    emb = np.stack([np.cos(turned), np.sin(turned)], axis=1)
    seen = evidence([0, 0, 0, 0, 2, 1], 4, embedded=embedded(emb, np.ones((4, 2))))
    found = decide(seen, Config(keep_share=0.75, column_scale=False))
    assert found.is_flagged.tolist() == [False, False, False, True, False, False]
    assert (found.proposed == -1).all()
    assert found.facts == {"column_scale": False, "classes_cut": 1}
    # further than the class median by, in order: 0 for both that are alone and in their class
    order = np.argsort(found.suspicion)
    assert order[-1] == 3
    assert found.suspicion[3] == pytest.approx((5.5 / 6) ** 3)
    assert found.suspicion[4] == found.suspicion[5]


def test_suspicion_when_a_class_is_wide_then_its_middle_is_no_more_suspected_than_another_one():
    wide, narrow = np.deg2rad([-60, 0, 60]), np.deg2rad([-6, 0, 20])
    turned = np.concatenate([wide, narrow])
    emb = np.stack([np.cos(turned), np.sin(turned)], axis=1)
    seen = evidence([0, 0, 0, 1, 1, 1], 2, embedded=embedded(emb, np.ones((2, 2))))
    found = decide(seen, Config(keep_share=0.5, column_scale=False))
    # half the set is assumed wrong, so a suspicion is the mid-rank itself
    _, distance = naive(emb, seen.given, 0.5, False)
    excess = distance - np.repeat([np.median(distance[:3]), np.median(distance[3:])], 3)
    excess = np.round(excess, 9)
    ranks = [((excess < e).sum() + (excess == e).sum() / 2) / 6 for e in excess]
    assert found.suspicion == pytest.approx(ranks)
    assert found.suspicion.argmax() == 5 and distance.argmax() < 3


def test_decide_when_everything_is_kept_then_nothing_is_suspected():
    emb, labels = faces(4)
    seen = evidence(labels, 7, embedded=embedded(emb, np.ones((7, 6))))
    found = decide(seen, Config(keep_share=1.0))
    assert not found.is_flagged.any() and not found.suspicion.any()


def test_label_when_the_share_differs_then_named():
    assert label(Config()) == "Credible centroid"
    assert label(Config(keep_share=0.7)) == "Credible centroid (T=0.7)"
