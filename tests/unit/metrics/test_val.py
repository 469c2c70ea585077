import numpy as np
import pytest

from frlib.core.errors import ConfigError, ProtocolError
from frlib.metrics import val
from frlib.metrics.folds import contiguous

SAME = np.array([True] * 4 + [False] * 10)
DISTANCE = np.concatenate([[0.1005, 0.3005, 0.4505, 2.0], 0.2005 + 0.1 * np.arange(10)])
ONE = np.zeros(14, int)


def test_classic_when_target_is_below_one_impostor_then_realised_far_is_above_it():
    found = val.val_at_far(DISTANCE, SAME, ONE, 1e-3, "classic")
    step = val.VAL_GRID[201] - val.VAL_GRID[200]
    assert found.threshold_per_fold[0] == pytest.approx(val.VAL_GRID[200] + step * 0.01, abs=1e-12)
    assert found.val == 0.25
    edge = val.val_at_far(np.r_[DISTANCE[:4], 0.2, DISTANCE[5:]], SAME, ONE, 1e-3, "classic")
    assert edge.far == 0.1
    assert edge.protocol == "val-classic1"


def test_expface_when_target_is_below_one_impostor_then_interpolates_from_zero():
    found = val.val_at_far(DISTANCE, SAME, ONE, 1e-3, "expface")
    assert found.threshold_per_fold[0] == pytest.approx(0.201 * 0.01, abs=1e-12)
    assert found.val == 0.0


def test_classic_when_target_is_a_tread_then_last_point_of_it():
    found = val.val_at_far(DISTANCE, SAME, ONE, 0.1, "classic")
    assert found.threshold_per_fold[0] == pytest.approx(val.VAL_GRID[300], abs=1e-12)


def test_expface_when_target_is_a_tread_then_first_point_of_it():
    found = val.val_at_far(DISTANCE, SAME, ONE, 0.1, "expface")
    assert found.threshold_per_fold[0] == pytest.approx(val.VAL_GRID[201], abs=1e-12)


def test_classic_when_target_is_the_largest_far_then_zero_as_the_old_interpolation():
    assert val.val_at_far(DISTANCE, SAME, ONE, 1.0, "classic").threshold_per_fold[0] == 0.0


def test_classic_when_largest_far_is_reached_at_the_last_point_then_that_point():
    assert val.classic(np.array([0.0, 0.0, 0.5]), np.array([0.0, 1.0, 2.0]), 0.5) == 2.0


@pytest.mark.parametrize("rule", ["classic", "expface"])
def test_grid_rules_when_far_never_reaches_the_target_then_threshold_zero(rule):
    distance = np.where(SAME, 0.5, 4.0)
    found = val.val_at_far(distance, SAME, ONE, 1e-3, rule)
    assert (found.threshold_per_fold[0], found.val, found.far) == (0.0, 0.0, 0.0)


@pytest.mark.parametrize(
    ("target", "threshold", "rate"), [(0, 0.2005, 0.25), (0.099, 0.2005, 0.25), (0.3, 0.5005, 0.75)]
)
def test_strict_when_any_target_then_largest_threshold_within_it(target, threshold, rate):
    found = val.val_at_far(DISTANCE, SAME, ONE, target, "strict")
    assert found.threshold_per_fold[0] == pytest.approx(threshold)
    assert found.val == rate
    assert found.far <= target


def test_strict_when_impostors_tie_then_none_of_them_passes():
    distance = np.r_[[0.1, 0.1, 0.1, 2.0], [0.5] * 10]
    found = val.val_at_far(distance, SAME, ONE, 0.55, "strict")
    assert (found.threshold_per_fold[0], found.far, found.val) == (0.5, 0.0, 0.75)


def test_strict_when_everything_may_pass_then_everything_does():
    found = val.val_at_far(DISTANCE, SAME, ONE, 1.0, "strict")
    assert (found.val, found.far) == (1.0, 1.0)


def test_val_when_several_folds_then_threshold_comes_from_the_others():
    draw = np.random.default_rng(0)
    same = draw.permutation(np.arange(90) % 2 == 0)
    distance = draw.uniform(0, 4, 90)
    fold = contiguous(90, 3)
    found = val.val_at_far(distance, same, fold, 0.2, "strict")
    for index in range(3):
        train = np.sort(distance[(fold != index) & ~same])
        assert found.threshold_per_fold[index] == train[int(0.2 * len(train))]
        below = distance[fold == index] < found.threshold_per_fold[index]
        assert found.val_per_fold[index] == below[same[fold == index]].mean()
        assert found.far_per_fold[index] == below[~same[fold == index]].mean()
    assert found.std == pytest.approx(np.std(found.val_per_fold))
    assert found.far == pytest.approx(np.mean(found.far_per_fold))


@pytest.mark.parametrize("rule", ["classic", "expface", "strict"])
def test_val_when_a_fold_has_one_kind_then_error_with_counts(rule):
    same = np.repeat([True, False], 10)
    with pytest.raises(ProtocolError, match="fold 0 holds 5 same and 0 different"):
        val.val_at_far(np.linspace(0, 1, 20), same, contiguous(20, 4), 0.1, rule)


@pytest.mark.parametrize("target", [-0.1, 1.5, np.nan])
def test_val_when_target_is_no_share_then_config_error(target):
    with pytest.raises(ConfigError, match="between 0 and 1"):
        val.val_at_far(DISTANCE, SAME, ONE, target)


def test_val_when_rule_is_unknown_then_config_error_lists_the_rules():
    with pytest.raises(ConfigError, match="classic, expface, strict"):
        val.val_at_far(DISTANCE, SAME, ONE, 0.1, "linear")


def test_classic_when_target_lies_below_the_curve_then_protocol_error():
    with pytest.raises(ProtocolError, match="cannot be interpolated"):
        val.classic(np.array([0.5, 1.0]), np.array([-1.0, 0.0]), 0.1)


@pytest.mark.parametrize("n", [1, 7, 10, 270, 2700])
def test_num_allowed_when_target_is_a_ratio_then_no_impostor_is_lost_to_rounding(n):
    for count in range(n + 1):
        assert val.num_allowed(n, count / n) == count


@pytest.mark.parametrize("rule", ["classic", "expface", "strict"])
def test_val_when_judged_then_accepted_impostors_are_counted_over_all_folds(rule):
    draw = np.random.default_rng(0)
    same = np.tile([True, False], 100)
    distance = np.clip(draw.normal(2 - same, 0.7), 0, 3.9)
    found = val.val_at_far(distance, same, contiguous(200, 5), 0.1, rule)
    assert found.num_impostors_above == round(found.far_per_fold.sum() * 20)
    assert found.num_impostors_above > 0
