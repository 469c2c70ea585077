import numpy as np
import pytest

from frlib.core.errors import ConfigError, NumericsError, ProtocolError
from frlib.metrics import roc


def _scores(seed, levels=None):
    draw = np.random.default_rng(seed)
    same = draw.permutation(np.arange(80) % 4 == 0)
    score = draw.normal(size=80) + same
    return (score if levels is None else np.round(score * levels) / levels), same


@pytest.mark.parametrize("levels", [None, 1, 3])
def test_auc_when_ties_then_equals_the_count_over_all_pairs(levels):
    score, same = _scores(0, levels)
    a, b = score[same][:, None], score[~same][None]
    expected = ((a > b) + 0.5 * (a == b)).mean()
    assert roc.auc(score, same) == pytest.approx(expected, abs=1e-15)


@pytest.mark.parametrize(
    ("score", "area", "equal"),
    [([3, 2, 1, 0], 1.0, 0.0), ([0, 1, 2, 3], 0.0, 1.0), ([1, 1, 1, 1], 0.5, 0.5)],
)
def test_auc_and_eer_when_extreme_then_known(score, area, equal):
    same = [True, True, False, False]
    assert roc.auc(score, same) == area
    assert roc.eer(score, same) == equal


def test_eer_when_rates_meet_at_a_point_then_that_rate():
    same = np.repeat([True, False], 4)
    assert roc.eer([9, 8, 7, 2, 3, 1, 0, 0], same) == 0.25


def test_eer_when_rates_cross_between_points_then_on_the_line():
    same = np.array([True] * 2 + [False] * 3)
    score = [5, 1, 2, 0, 0]
    far, frr = np.array([0, 1 / 3]), np.array([0.5, 0.5])
    weight = (frr[0] - far[0]) / ((frr[0] - far[0]) - (0 - 1 / 3))
    assert roc.eer(score, same) == pytest.approx(1 / 3)
    assert weight == pytest.approx(0.6)
    tied = [5, 1, 1, 0, 0]
    assert roc.eer(tied, same) == pytest.approx(0.6 * 1 / 3)


@pytest.mark.parametrize("levels", [None, 2])
def test_eer_when_order_or_sign_changes_then_consistent(levels):
    score, same = _scores(1, levels)
    order = np.random.default_rng(3).permutation(len(same))
    assert roc.eer(score[order], same[order]) == roc.eer(score, same)
    assert roc.eer(-score, ~same) == pytest.approx(roc.eer(score, same))


@pytest.mark.parametrize("target", [0, 0.01, 1 / 60, 0.1, 0.5, 1])
@pytest.mark.parametrize("levels", [None, 2])
def test_tar_at_far_when_any_target_then_best_of_all_thresholds(target, levels):
    score, same = _scores(2, levels)
    found = roc.tar_at_far(score, same, target)
    thresholds = np.r_[-np.inf, score]
    best = max((score[same] > t).mean() for t in thresholds if (score[~same] > t).mean() <= target)
    assert found.tar == best
    assert found.far <= target
    assert found.tar == (score[same] > found.threshold).mean()


def test_roc_when_input_is_unusable_then_typed_errors():
    with pytest.raises(NumericsError, match="pair 1"):
        roc.auc([0.1, np.nan], [True, False])
    with pytest.raises(ProtocolError, match="2 same and 0 different"):
        roc.eer([0.1, 0.2], [True, True])
    with pytest.raises(ConfigError, match="between 0 and 1"):
        roc.tar_at_far([0.1, 0.2], [True, False], 10)


def test_tar_at_far_when_few_impostors_are_above_then_it_is_marked():
    score = np.arange(2000) / 2000
    same = np.arange(2000) % 2 == 0
    few, enough, all_ = (roc.tar_at_far(score, same, far) for far in (0.009, 0.010, 1.0))
    assert (few.num_impostors_above, few.is_supported) == (9, False)
    assert (enough.num_impostors_above, enough.is_supported) == (10, True)
    assert all_.num_impostors_above == 1000
