import math

import numpy as np
import pytest

from frlib.bench import plain_templates
from frlib.core.errors import ConfigError, NumericsError, ProtocolError
from frlib.metrics import one_to_one, roc
from frlib.metrics.one_to_one import TARGETS, ijb11, tars
from frlib.metrics.templates import Templates

RULES = ("nearest", "nearest_unthinned", "far_at_most")
EVERY = (0.0, *TARGETS, 0.25, 0.5, 0.9, 1.0)


def _scores(seed, size=3000, share=0.2, levels=None):
    draw = np.random.default_rng(seed)
    same = draw.random(size) < share
    score = draw.normal(size=size) + 2 * same
    score = score if levels is None else np.round(score * levels) / levels
    return score.astype(np.float32), same


def _rates(points):
    return [(one.tar, one.far) for one in points]


@pytest.mark.parametrize("levels", [None, 1, 5, 100])
@pytest.mark.parametrize("share", [0.002, 0.2, 0.98])
@pytest.mark.parametrize("seed", [0, 1])
def test_nearest_when_any_ties_and_shares_then_that_of_the_whole_curve(levels, share, seed):
    score, same = _scores(seed, share=share, levels=levels)
    for rule, thins in (("nearest", True), ("nearest_unthinned", False)):
        wanted = plain_templates.nearest(score, same, EVERY, thins=thins)
        assert _rates(tars(score, same, EVERY, rule)) == wanted


@pytest.mark.parametrize("share", [0.001, 0.5])
@pytest.mark.parametrize("levels", [None, 50, 2000])
def test_tars_when_only_the_upper_scores_are_sorted_then_that_of_the_whole_curve(
    monkeypatch, share, levels
):
    monkeypatch.setattr(one_to_one, "_SAMPLE", 500)
    monkeypatch.setattr(one_to_one, "_SPARE", 3)
    monkeypatch.setattr(one_to_one, "_WINDOW", 1)
    score, same = _scores(2, size=40_000, share=share, levels=levels)
    few = (1e-5, 1e-4, 1e-3, 1e-2)
    upper = one_to_one._upper(score, same, int(same.sum()), 10)
    assert levels == 50 or not upper.is_all
    assert _rates(tars(score, same, few, "nearest")) == plain_templates.nearest(score, same, few)
    for one in tars(score, same, few, "far_at_most"):
        wanted = roc.tar_at_far(score, same, one.target)
        assert (one.tar, one.far, one.threshold) == (wanted.tar, wanted.far, wanted.threshold)


def test_tars_when_the_sample_misleads_then_still_exact(monkeypatch):
    monkeypatch.setattr(one_to_one, "_SAMPLE", 100)
    monkeypatch.setattr(one_to_one, "_SPARE", 3)
    score, same = _scores(3, size=20_000, share=0.01)
    score[:: 20_000 // 100] += 50
    few = (1e-3, 1e-2)
    assert _rates(tars(score, same, few, "nearest")) == plain_templates.nearest(score, same, few)
    wanted = [roc.tar_at_far(score, same, target) for target in few]
    assert _rates(tars(score, same, few, "far_at_most")) == [(one.tar, one.far) for one in wanted]


@pytest.mark.parametrize("levels", [None, 3])
def test_far_at_most_when_any_target_then_best_of_all_thresholds(levels):
    score, same = _scores(4, size=400, levels=levels)
    for one in tars(score, same, EVERY, "far_at_most"):
        thresholds = np.r_[-np.inf, score]
        best = max(
            (score[same] > t).mean() for t in thresholds if (score[~same] > t).mean() <= one.target
        )
        assert one.tar == best
        assert one.far <= one.target
        assert one.num_impostors_above == (score[~same] > one.threshold).sum()


@pytest.mark.parametrize("rule", ["nearest", "nearest_unthinned"])
def test_nearest_when_applied_then_its_threshold_gives_its_rates(rule):
    score, same = _scores(5, levels=20)
    for one in tars(score, same, EVERY, rule):
        assert one.tar == (score[same] >= one.threshold).mean()
        assert one.far == (score[~same] >= one.threshold).mean()
        assert one.num_impostors_above == (score[~same] >= one.threshold).sum()


def test_nearest_when_two_points_are_equally_near_then_the_later():
    score = np.array([9, 8, 7, 6, 5, 4, 3, 2], np.float32)
    same = np.array([1, 0, 1, 0, 1, 0, 1, 0], bool)
    (found,) = tars(score, same, [0.375], "nearest")
    assert (found.far, found.tar) == (0.5, 0.75)


def test_nearest_when_thinned_then_a_point_on_a_straight_run_is_passed_over():
    score = np.arange(10, 0, -1).astype(np.float32)
    same = np.array([1, 0, 0, 0, 0, 0, 1, 1, 0, 1], bool)
    (thinned,) = tars(score, same, [0.4], "nearest")
    (full,) = tars(score, same, [0.4], "nearest_unthinned")
    assert full.far == pytest.approx(1 / 3)
    assert (thinned.far, thinned.tar) == (0, 0.25)


@pytest.mark.parametrize("rule", RULES)
def test_tars_when_all_scores_are_equal_then_nothing_or_everything_and_marked(rule):
    same = np.arange(100) % 4 == 0
    low, high = tars(np.ones(100), same, [1e-3, 1.0], rule)
    assert (low.tar, low.far, low.num_impostors_above) == (0, 0, 0)
    assert not low.is_supported
    assert (high.tar, high.far) == (1, 1)


@pytest.mark.parametrize("rule", RULES)
def test_tars_when_fewer_impostors_than_one_over_far_then_marked(rule):
    score, same = _scores(6, size=500)
    low, high = tars(score, same, [1e-6, 0.2], rule)
    assert not low.is_supported
    assert high.is_supported
    assert low.num_impostors == (~same).sum()
    assert low.num_genuine == same.sum()


@pytest.mark.parametrize("rule", RULES)
def test_tars_when_separable_then_everything_at_no_false_accept(rule):
    same = np.arange(60) < 20
    for one in tars(np.where(same, 2.0, 1.0) + np.arange(60) / 100, same, [1e-6, 1e-2], rule):
        assert (one.tar, one.far) == (1, 0)


@pytest.mark.parametrize("rule", RULES)
def test_tars_when_one_pair_of_each_kind_then_defined(rule):
    (found,) = tars([0.3, 0.1], [True, False], [0.1], rule)
    assert (found.tar, found.far) == (1, 0)
    (found,) = tars([0.1, 0.3], [True, False], [0.1], rule)
    assert (found.tar, found.far) == (0, 0)


def test_tars_when_input_is_unusable_then_typed_errors():
    with pytest.raises(NumericsError, match="pair 1"):
        tars([0.1, np.nan], [True, False], [0.1], "nearest")
    with pytest.raises(ProtocolError, match="2 same and 0 different"):
        tars([0.1, 0.2], [True, True], [0.1], "nearest")
    with pytest.raises(ConfigError, match="between 0 and 1"):
        tars([0.1, 0.2], [True, False], [10], "far_at_most")
    with pytest.raises(ConfigError, match="'nearer'"):
        tars([0.1, 0.2], [True, False], [0.1], "nearer")
    with pytest.raises(ConfigError, match="no target"):
        tars([0.1, 0.2], [True, False], [], "nearest")


def _templates(seed, setting="N1D1F1", count=40):
    features = np.random.default_rng(seed).normal(size=(count, 6)).astype(np.float32)
    features /= np.linalg.norm(features, axis=1, keepdims=True)
    ids = np.arange(count, dtype=np.int64) * 3
    return Templates(setting=setting, ids=ids, features=features, num_zero_images=0)


def test_ijb11_when_one_model_then_both_rules_under_its_name():
    draw, templates = np.random.default_rng(0), _templates(0)
    left, right = draw.integers(0, 40, (2, 800))
    same = draw.random(800) < 0.3
    found = ijb11(templates, 3 * left, 3 * right, same, [0.1])
    score = (templates.features[left] * templates.features[right]).sum(axis=1)
    assert found.protocol == "ijb11-N1D1F1"
    assert found.nearest[0].tar == tars(score, same, [0.1], "nearest")[0].tar
    assert found.far_at_most[0].rule == "far_at_most"
    assert math.isfinite(found.nearest[0].threshold)


def test_ijb11_when_two_models_then_left_is_the_first_and_the_name_says_so():
    old, new = _templates(1), _templates(2)
    left, right = np.tile(np.arange(40), 2), np.r_[np.arange(40), (np.arange(40) + 1) % 40]
    same = np.arange(80) < 40
    found = ijb11(old, 3 * left, 3 * right, same, [0.1], other=new)
    score = (old.features[left] * new.features[right]).sum(axis=1)
    assert found.protocol == "ijb11-cross-N1D1F1"
    assert found.nearest[0].tar == tars(score, same, [0.1], "nearest")[0].tar
    swapped = (new.features[left] * old.features[right]).sum(axis=1)
    assert found.nearest[0].tar != tars(swapped, same, [0.1], "nearest")[0].tar


def test_ijb11_when_templates_do_not_fit_then_typed_errors():
    with pytest.raises(ProtocolError, match="pooled by N1D1F1, right ones by N0D1F0"):
        ijb11(_templates(3), [0, 3], [3, 6], [1, 0], other=_templates(4, "N0D1F0"))
    with pytest.raises(ProtocolError, match="template 4 "):
        ijb11(_templates(3), [0, 4], [3, 6], [1, 0])
