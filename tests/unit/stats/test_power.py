import math

import numpy as np
import pytest
from scipy import integrate, stats

from frlib.core.errors import ConfigError
from frlib.stats import power
from frlib.stats.paired import paired_t


@pytest.mark.parametrize(
    ("n", "alpha", "wanted"),
    [(2, 0.05, 0.8), (2, 0.01, 0.95), (5, 0.01, 0.95), (40, 0.05, 0.8), (10, 0.001, 0.999)],
)
def test_smallest_difference_when_solved_then_as_the_integral_of_the_definition(n, alpha, wanted):
    found = power.smallest_difference(n, 0.3, alpha, wanted)
    critical = stats.t.isf(alpha / 2, n - 1)
    shift = found * np.sqrt(n) / 0.3

    def rejected(chi):
        bound = critical * chi / np.sqrt(n - 1)
        tails = stats.norm.sf(bound - shift) + stats.norm.cdf(-bound - shift)
        return tails * stats.chi.pdf(chi, n - 1)

    expected, _ = integrate.quad(rejected, 0, 20, limit=500, epsabs=1e-10)
    assert expected == pytest.approx(wanted, abs=1e-6)


def test_smallest_difference_when_statsmodels_can_then_equal():
    from statsmodels.stats.power import TTestPower

    found = power.smallest_difference(8, 1.0)
    assert TTestPower().power(found, 8, 0.05) == pytest.approx(0.8, abs=1e-6)


def test_paired_power_when_simulated_then_the_share_of_significant_tests():
    draw = np.random.default_rng(0)
    rows = draw.normal(0.02, 0.015, size=(3000, 5))
    share = np.mean([paired_t(row, np.zeros(5)).p < 0.05 for row in rows])
    assert power.paired_power(0.02, 5, 0.015) == pytest.approx(share, abs=0.03)


def test_paired_power_when_nothing_differs_then_alpha():
    assert power.paired_power(0.0, 6, 1.0, 0.05) == pytest.approx(0.05, abs=1e-6)


def test_smallest_difference_when_one_replicate_then_infinite():
    assert power.smallest_difference(1, 0.1) == math.inf
    assert power.paired_power(5.0, 1, 0.1) == 0.0


def test_smallest_difference_when_no_spread_then_zero():
    assert power.smallest_difference(3, 0.0) == 0.0


def test_smallest_difference_when_spread_doubles_then_it_doubles():
    one = power.smallest_difference(5, 0.1)
    assert power.smallest_difference(5, 0.2) == pytest.approx(2 * one)


def test_replicates_needed_when_found_then_one_fewer_would_miss_it():
    n = power.replicates_needed(0.01, 0.012)
    assert power.smallest_difference(n, 0.012) <= 0.01 < power.smallest_difference(n - 1, 0.012)


def test_replicates_needed_when_out_of_reach_then_none():
    assert power.replicates_needed(1e-6, 1.0, most=50) is None


@pytest.mark.parametrize("call", [{"sd": -1}, {"sd": math.nan}, {"alpha": 5}, {"power": 0.01}])
def test_smallest_difference_when_settings_make_no_sense_then_config_error(call):
    with pytest.raises(ConfigError, match=next(iter(call))):
        power.smallest_difference(**{"n": 5, "sd": 0.1, **call})
