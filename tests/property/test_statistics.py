"""What comparisons must not notice: names, order, units; and what they must follow."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from frlib.stats import crossed
from frlib.stats.critical import critical
from frlib.stats.people import people
from frlib.stats.ranks import signed_rank

seeds = st.integers(0, 2**32 - 1)
few = settings(max_examples=15, deadline=None, derandomize=True)


def _pairs(draw):
    left = draw.integers(12, size=80)
    return people(left, np.where(np.arange(80) % 2, left, (left + 1) % 12))


@few
@given(seeds)
def test_over_people_when_seeds_change_places_then_the_same(seed):
    draw = np.random.default_rng(seed)
    of, value = _pairs(draw), draw.normal(size=(4, 80))
    a = crossed.over_people(value, of, seed=0, resamples=60)
    b = crossed.over_people(value[::-1], of, seed=0, resamples=60)
    assert (a.mean.low, a.mean.high, a.p) == pytest.approx((b.mean.low, b.mean.high, b.p))


@few
@given(seeds, st.floats(0.01, 100), st.booleans())
def test_over_people_when_the_unit_or_sign_changes_then_ends_follow_and_p_stays(seed, unit, flip):
    draw = np.random.default_rng(seed)
    of, value = _pairs(draw), draw.normal(size=(3, 80))
    scale = -unit if flip else unit
    a = crossed.over_people(value, of, seed=0, resamples=60)
    b = crossed.over_people(scale * value, of, seed=0, resamples=60)
    ends = sorted((scale * a.mean.low, scale * a.mean.high))
    assert [b.mean.low, b.mean.high] == pytest.approx(ends, rel=1e-6)
    assert a.p == pytest.approx(b.p)


@few
@given(seeds)
def test_over_people_when_an_interval_leaves_out_zero_then_p_is_below_its_level(seed):
    draw = np.random.default_rng(seed)
    found = crossed.over_people(
        draw.normal(size=(3, 80)) + draw.normal(), _pairs(draw), seed=0, resamples=60
    )
    assert (found.p < 0.05) == (not found.mean.low <= 0 <= found.mean.high)


@few
@given(seeds)
def test_signed_rank_when_sides_change_then_p_stays(seed):
    a, b = np.random.default_rng(seed).integers(6, size=(2, 9)).astype(float)
    assert signed_rank(a, b).p == pytest.approx(signed_rank(b, a).p)
    assert 0 < signed_rank(a, b).p <= 1


@few
@given(seeds)
def test_critical_when_benchmarks_are_rescaled_then_ranks_stay(seed):
    draw = np.random.default_rng(seed)
    value = draw.normal(size=(5, 8))
    a = critical(dict(zip("abcde", value, strict=True)))
    moved = np.exp(value) * draw.uniform(1, 9, size=8)
    b = critical(dict(zip("abcde", moved, strict=True)))
    assert (a.names, a.ranks, a.nemenyi, a.p) == (b.names, b.ranks, b.nemenyi, b.p)


@few
@given(seeds)
def test_critical_when_cliques_are_found_then_runs_of_neighbours_within_the_distance(seed):
    value = np.random.default_rng(seed).normal(size=(6, 4)) + np.arange(6)[:, None]
    found = critical(dict(zip("abcdef", value, strict=True)))
    ranks = dict(zip(found.names, found.ranks, strict=True))
    for clique in found.nemenyi:
        first = found.names.index(clique[0])
        assert found.names[first : first + len(clique)] == clique
        assert ranks[clique[-1]] - ranks[clique[0]] <= found.distance
    for name, other in zip(found.names, found.names[1:], strict=False):
        together = any({name, other} <= set(clique) for clique in found.nemenyi)
        assert together == (ranks[other] - ranks[name] <= found.distance)
