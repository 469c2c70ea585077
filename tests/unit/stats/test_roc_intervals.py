import numpy as np
import pytest
from scipy.special import ndtr

from frlib.core.errors import ConfigError, ProtocolError
from frlib.metrics import roc
from frlib.metrics.roc import tar_at_far
from frlib.stats import people
from frlib.stats.roc_intervals import (
    apart_interval,
    are_apart,
    auc_interval,
    delong_interval,
    eer_interval,
    eer_interval_of_pairs,
    tar_interval,
)
from tests.unit.stats import crowds

SEPARATION = 1.5


def _tar_coverage(trials, resamples):
    """Coverage of TAR at FAR 0.05 of the population's own TAR."""
    left, right = crowds.dense(30, 6)
    of = people.people(left, right)
    same = left == right
    sd = crowds.sd(left, right)
    threshold = 1.6448536 * sd[~same][0]
    true = ndtr((1.5 - threshold) / sd[same][0])
    draw, hits = np.random.default_rng(1), []
    for trial in range(trials):
        score = crowds.shown(draw, left, right) + 1.5 * same
        found = tar_interval(score, of, 0.05, seed=trial, resamples=resamples)
        hits.append(found.low <= true <= found.high)
    return np.mean(hits)


def test_tar_when_simulated_then_covers():
    assert _tar_coverage(60, 100) >= 0.85


@pytest.mark.slow
def test_tar_when_simulated_often_then_covers_as_stated():
    assert 0.92 <= _tar_coverage(500, 400) <= 1


@pytest.mark.parametrize("target", [0.0, 0.01, 0.3, 1.0])
@pytest.mark.parametrize("levels", [3, 10_000])
def test_tar_when_estimated_then_as_the_metric_ties_included(target, levels):
    left, right = crowds.dense(12, 3)
    score = np.round(levels * crowds.shown(np.random.default_rng(2), left, right)) / levels
    of = people.people(left, right)
    found = tar_interval(score, of, target, seed=0, resamples=20)
    assert found.value == pytest.approx(tar_at_far(score, left == right, target).tar)
    assert found.low <= found.value + 0.3 and found.n == 12


def _crowd(seed, n=30, genuine=6, shift=SEPARATION):
    """Scores of a dense list, its people, and which pairs are genuine."""
    left, right = crowds.dense(n, genuine)
    score = crowds.shown(np.random.default_rng(seed), left, right) + shift * (left == right)
    return score, people.people(left, right), left == right


def _true(shift=SEPARATION):
    """Area and equal-error rate of the population that `_crowd` draws from."""
    genuine, impostor = crowds.sd(np.array([0, 0]), np.array([0, 1]))
    return {
        auc_interval: ndtr(shift / np.hypot(genuine, impostor)),
        eer_interval: ndtr(-shift / (genuine + impostor)),
    }


def _coverage(interval, trials, resamples):
    hits = []
    for trial in range(trials):
        score, of, _ = _crowd(trial)
        found = interval(score, of, seed=trial, resamples=resamples)
        hits.append(found.low <= _true()[interval] <= found.high)
    return np.mean(hits)


@pytest.mark.parametrize("interval", [auc_interval, eer_interval])
def test_curve_when_simulated_then_covers(interval):
    assert _coverage(interval, 60, 200) >= 0.88


@pytest.mark.slow
@pytest.mark.parametrize("interval", [auc_interval, eer_interval])
def test_curve_when_simulated_often_then_covers_as_stated(interval):
    assert 0.92 <= _coverage(interval, 500, 400) <= 0.995


@pytest.mark.parametrize("levels", [3, 10_000])
def test_curve_when_estimated_then_as_the_metrics_ties_included(levels):
    score, of, same = _crowd(2, 12, 3)
    score = np.round(levels * score) / levels
    for interval, metric in ((auc_interval, roc.auc), (eer_interval, roc.eer)):
        found = interval(score, of, seed=0, resamples=50)
        assert found.value == pytest.approx(metric(score, same))
        assert found.low < found.value < found.high
        assert found.n == 12


@pytest.mark.parametrize("interval", [auc_interval, eer_interval])
def test_curve_when_fewer_people_then_wider(interval):
    few, many = (
        np.mean([interval(*_crowd(s, n)[:2], seed=s, resamples=200).half_width for s in range(5)])
        for n in (15, 60)
    )
    assert 1.5 < few / many < 5


def test_curve_when_few_people_share_all_pairs_then_wider_than_pairs_alone():
    widths = []
    for seed in range(8):
        score, of, same = _crowd(seed, 15)
        found = (
            auc_interval(score, of, seed=seed, resamples=200),
            delong_interval(score, same),
            eer_interval(score, of, seed=seed, resamples=200),
            eer_interval_of_pairs(score, same, seed=seed, resamples=200),
        )
        widths.append([one.half_width for one in found])
    auc, delong, eer, eer_of_pairs = np.mean(widths, axis=0)
    assert auc > 1.25 * delong
    assert eer > 1.25 * eer_of_pairs


def _independent(draw, genuine, impostors, shift=SEPARATION):
    same = np.arange(genuine + impostors) < genuine
    return draw.normal(size=len(same)) + shift * same, same


def test_pairs_when_independent_then_intervals_cover():
    draw, hits = np.random.default_rng(0), {"auc": [], "eer": []}
    area, rate = ndtr(SEPARATION / np.sqrt(2)), ndtr(-SEPARATION / 2)
    for trial in range(200):
        score, same = _independent(draw, 60, 90)
        found = delong_interval(score, same)
        hits["auc"].append(found.low <= area <= found.high)
        found = eer_interval_of_pairs(score, same, seed=trial, resamples=200)
        hits["eer"].append(found.low <= rate <= found.high)
    assert 0.9 <= np.mean(hits["auc"]) <= 0.99
    assert 0.88 <= np.mean(hits["eer"]) <= 0.99


@pytest.mark.parametrize("decimals", [0, 1, 9])
def test_delong_when_written_as_a_double_loop_then_the_same(decimals):
    score, same = _independent(np.random.default_rng(3), 14, 23)
    score = score.round(decimals)
    wins = np.array([[(g > i) + (g == i) / 2 for i in score[~same]] for g in score[same]])
    area = wins.mean()
    variance = wins.mean(1).var(ddof=1) / 14 + wins.mean(0).var(ddof=1) / 23
    found = delong_interval(score, same)
    logit = np.log(area / (1 - area))
    half = 1.959963984540054 * np.sqrt(variance) / (area * (1 - area))
    assert found.value == pytest.approx(area)
    ends = 1 / (1 + np.exp(-np.array([logit - half, logit + half])))
    assert (found.low, found.high) == pytest.approx(tuple(ends))


def test_pairs_when_scores_are_equal_or_one_of_a_kind_then_no_interval():
    same = np.array([True, True, False, False])
    of = people.people([0, 1, 2, 3], [0, 1, 3, 2])
    flat = np.zeros(4)
    for found in (
        delong_interval(flat, same),
        eer_interval_of_pairs(flat, same, seed=0),
        auc_interval(flat, of, seed=0),
        eer_interval(flat, of, seed=0),
    ):
        assert found.value == 0.5
        assert np.isnan(found.low)
    assert np.isnan(delong_interval([2.0, 1.0, 3.0], np.array([True, False, False])).low)


@pytest.mark.parametrize("sign", [1, -1])
def test_apart_when_kinds_are_apart_then_couples_count_and_the_bound_is_exact(sign):
    score, same = np.r_[np.ones(40), np.zeros(100)] * sign, np.arange(140) < 40
    assert are_apart(score, same)
    value = float(sign > 0)
    found = apart_interval(value, same, None)
    bound = (0.05 / 4) ** (1 / 40)
    assert (found.low, found.high) == pytest.approx((bound, 1) if sign > 0 else (0, 1 - bound))
    assert found.n == 40
    assert not are_apart(np.r_[score[:-1], score[0]], same)


def test_apart_when_people_are_known_then_they_limit_the_couples():
    left, right = crowds.dense(20, 5)
    of = people.people(left, right)
    assert apart_interval(1.0, left == right, of).n == 10
    two = people.people([0, 0, 0], [0, 0, 1])
    assert apart_interval(1.0, two.is_same, two).n == 1


def test_curve_when_seeded_then_repeatable():
    score, of, same = _crowd(0, 15, 2)
    for run in (
        lambda seed: eer_interval(score, of, seed=seed, resamples=100),
        lambda seed: eer_interval_of_pairs(score, same, seed=seed, resamples=100),
    ):
        assert run(1) == run(1) != run(2)


def test_curve_when_one_kind_then_error():
    alone = people.people(["a", "a"], ["a", "a"])
    with pytest.raises(ProtocolError, match="needs both kinds"):
        tar_interval([0.1, 0.2], alone, 0.1, seed=0)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda of: tar_interval([1.0], of, 0.1, seed=0), ProtocolError, "finite score"),
        (lambda of: auc_interval([1, np.nan, 2], of, seed=0), ProtocolError, "finite score"),
        (lambda of: eer_interval([1.0], of, seed=0), ProtocolError, "finite score"),
        (lambda of: delong_interval([1, 2, 3], [1, 0, 0]), ProtocolError, "type int64"),
        (lambda of: delong_interval([1, 2, 3], of.is_same, level=7), ConfigError, "level=7"),
        (lambda of: tar_interval([1.0, 2, 3], of, 7, seed=0), ConfigError, "share"),
        (lambda of: auc_interval([1, 2, 3], of, seed=0, resamples=0), ConfigError, "resamples=0"),
        (
            lambda of: eer_interval_of_pairs([1, 2, 3], of.is_same, seed=0, resamples=0),
            ConfigError,
            "resamples=0",
        ),
        (lambda of: apart_interval(0.5, of.is_same, of), ProtocolError, "value 0.5"),
    ],
)
def test_curve_when_called_wrongly_then_typed_error(call, error, message):
    of = people.people([1, 1, 2], [1, 2, 3])
    with pytest.raises(error, match=message):
        call(of)
