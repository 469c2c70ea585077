import numpy as np
import pytest
from sklearn.metrics import roc_auc_score, roc_curve

from frlib.stats.roc import areas, curve_of, equal_errors


def _weighted(seed, levels):
    draw = np.random.default_rng(seed)
    same = draw.random(200) < 0.4
    score = np.round(levels * (draw.normal(size=200) + same)) / levels
    return score, same, draw.integers(0, 5, size=(6, 200)).astype(np.float32)


@pytest.mark.parametrize("levels", [1, 10_000])
def test_areas_when_weighted_then_as_sklearn(levels):
    score, same, weight = _weighted(0, levels)
    curve = curve_of(score, same)
    found = areas(curve, weight[:, curve.order_P])
    wanted = [roc_auc_score(same, score, sample_weight=one) for one in weight]
    assert found == pytest.approx(wanted, abs=1e-12)
    ones = np.ones((1, 200), dtype=np.float32)
    assert areas(curve, ones) == pytest.approx(roc_auc_score(same, score), abs=1e-12)


@pytest.mark.parametrize("levels", [1, 10_000])
def test_equal_errors_when_weighted_then_on_the_curve_of_sklearn(levels):
    score, same, weight = _weighted(1, levels)
    curve = curve_of(score, same)
    for one, found in zip(weight, equal_errors(curve, weight[:, curve.order_P]), strict=True):
        far, tar, _ = roc_curve(same, score, sample_weight=one, drop_intermediate=False)
        assert found == pytest.approx(np.interp(0, far - (1 - tar), far), abs=1e-9)


def test_statistics_when_a_kind_has_no_weight_then_nan():
    score, same, _ = _weighted(2, 10)
    curve = curve_of(score, same)
    weight = np.ones((2, 200), dtype=np.float32)
    weight[0, : curve.num_genuine] = 0
    weight[1, curve.num_genuine :] = 0
    with np.errstate(all="raise", invalid="ignore"):
        assert np.isnan(areas(curve, weight)).all()
        assert np.isnan(equal_errors(curve, weight)).all()


def test_curve_when_flat_or_apart_then_says_so():
    same = np.array([True, False, True, False])
    flat, above, below, mixed = (
        curve_of(np.array(s, dtype=float), same)
        for s in ([1, 1, 1, 1], [2, 1, 2, 1], [1, 2, 1, 2], [1, 1, 2, 1])
    )
    assert [c.is_flat for c in (flat, above, below, mixed)] == [True, False, False, False]
    assert [c.is_apart for c in (flat, above, below, mixed)] == [False, True, True, False]
