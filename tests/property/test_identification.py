"""What identification must not notice: rotation, scale, order of rows, names of people."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from frlib.metrics.identification import Enrolled, identify
from frlib.metrics.megaface import Distractors, Probes, megaface
from frlib.metrics.refined import VARIANTS

seeds = st.integers(0, 2**32 - 1)
few = settings(max_examples=15, deadline=None, derandomize=True)
variants = pytest.mark.parametrize("variant", VARIANTS)
_SIGNS = np.array(list(itertools.product((1.0, -1.0), repeat=4)))


def _exact(draw, n):
    """Rows with four entries of +-1 among eight: scores are exact in float32, ties are real."""
    rows = np.zeros((n, 8))
    for row in rows:
        row[draw.permutation(8)[:4]] = _SIGNS[draw.integers(16)]
    return rows


def _crowd(seed, variant="", exact=True):
    """Probes, persons, noise flags, distractors, theirs.

    exact: no probe is noisy where the variant would put an inexact sum in its place.
    """
    draw = np.random.default_rng(seed)
    person = np.repeat(np.arange(5), 4)
    noisy = (np.arange(20) % 4 == 0) & (draw.random(20) < 0.5)
    if exact and variant in ("megaface-R-facexzoo", "megaface-R-insightface"):
        noisy[:] = False
    rows = [_exact(draw, n) if exact else draw.normal(size=(n, 8)) for n in (20, 30)]
    return draw, rows[0], person, noisy, rows[1], draw.random(30) < 0.3


def _run(variant, probe, person, noisy, other, noise):
    probes = Probes(features=probe, persons=person, noisy=noisy)
    others = Distractors(features=other, noisy=noise)
    return megaface(probes, others, variants=(variant,), targets=(0.01, 0.1))[0]


def _trials(found, row):
    """Rank of every trial by its two images."""
    sides = zip(row[found.probe_T].tolist(), row[found.gallery_T].tolist(), strict=True)
    return dict(zip(sides, found.rank_T.tolist(), strict=True))


@variants
@few
@given(seed=seeds)
def test_megaface_when_rows_are_permuted_and_people_renamed_then_identical(variant, seed):
    draw, probe, person, noisy, other, noise = _crowd(seed, variant)
    wanted = _run(variant, probe, person, noisy, other, noise)
    p, d = draw.permutation(20), draw.permutation(30)
    names = np.array([f"person {name}" for name in draw.permutation(5)])[person]
    found = _run(variant, probe[p], names[p], noisy[p], other[d], noise[d])
    assert _trials(found, p) == _trials(wanted, np.arange(20))
    assert found.cmc_K.tolist() == wanted.cmc_K.tolist()
    assert found.points == wanted.points


@variants
@few
@given(seed=seeds, power=st.integers(-10, 10))
def test_megaface_when_scaled_by_a_power_of_two_then_identical(variant, seed, power):
    _, probe, person, noisy, other, noise = _crowd(seed, variant)
    wanted = _run(variant, probe, person, noisy, other, noise)
    found = _run(variant, 2.0**power * probe, person, noisy, 2.0**-power * other, noise)
    assert found.rank_T.tolist() == wanted.rank_T.tolist()
    assert found.points == wanted.points


@variants
@few
@given(seed=seeds)
def test_megaface_when_a_distractor_is_added_then_no_rank_improves(variant, seed):
    _, probe, person, noisy, other, noise = _crowd(seed, variant, exact=False)
    before = _run(variant, probe, person, noisy, other[1:], noise[1:])
    after = _run(variant, probe, person, noisy, other, noise)
    assert (after.rank_T >= before.rank_T).all()
    assert (np.diff(after.cmc_K) >= 0).all() and after.cmc_K[-1] <= 1


@pytest.mark.parametrize("variant", ["megaface-raw", "megaface-R-facexzoo", "megaface-R-drop"])
@few
@given(seed=seeds)
def test_megaface_when_space_is_rotated_then_equal_up_to_rounding(variant, seed):
    draw, probe, person, noisy, other, noise = _crowd(seed, exact=False)
    rotation, _ = np.linalg.qr(draw.normal(size=(8, 8)))
    wanted = _run(variant, probe, person, noisy, other, noise)
    found = _run(variant, probe @ rotation, person, noisy, other @ rotation, noise)
    assert (found.rank_T != wanted.rank_T).sum() <= 1
    for one, two in zip(found.points, wanted.points, strict=True):
        assert one.threshold == pytest.approx(two.threshold, abs=1e-6)


def _sets(seed):
    draw = np.random.default_rng(seed)
    subjects, own = draw.integers(0, 6, 15), draw.integers(0, 9, 25)
    own[0] = subjects[0]
    return draw, _exact(draw, 15), subjects, _exact(draw, 25), own, _exact(draw, 12)


def _identify(gallery, subjects, probe, own, other):
    return identify(
        Enrolled(features=gallery, subjects=subjects),
        Enrolled(features=probe, subjects=own),
        other,
    )


@few
@given(seed=seeds)
def test_identify_when_rows_are_permuted_and_subjects_renamed_then_identical(seed):
    draw, gallery, subjects, probe, own, other = _sets(seed)
    wanted = _identify(gallery, subjects, probe, own, other)
    names = np.array([f"subject {name}" for name in draw.permutation(9)])
    g, q, d = (draw.permutation(n) for n in (15, 25, 12))
    found = _identify(gallery[g], names[subjects[g]], probe[q], names[own[q]], other[d])
    assert found.rank_Q.tolist() == wanted.rank_Q[q].tolist()
    assert found.best_Q.tolist() == wanted.best_Q[q].tolist()
    assert found.rank_rates == wanted.rank_rates
    assert str(found.points) == str(wanted.points)


@few
@given(seed=seeds)
def test_identify_when_a_template_is_enrolled_twice_then_identical(seed):
    _, gallery, subjects, probe, own, other = _sets(seed)
    wanted = _identify(gallery, subjects, probe, own, other)
    found = _identify(
        np.concatenate([gallery, gallery[:7]]),
        np.concatenate([subjects, subjects[:7]]),
        probe,
        own,
        other,
    )
    assert found.rank_Q.tolist() == wanted.rank_Q.tolist()
    assert str(found.points) == str(wanted.points)
