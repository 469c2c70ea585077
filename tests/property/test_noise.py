"""What holds for noise over any class sizes, ratios and seeds."""

from decimal import Decimal
from fractions import Fraction

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from frlib.data.config import NoiseConfig
from frlib.data.corrupt import corrupt
from frlib.data.manifest import CLEAN, CLOSED, OPEN, OUTLIER
from frlib.data.noise import _share
from tests.unit.data.tiny_sets import manifest

SIZES = st.lists(st.integers(1, 12), min_size=2, max_size=8)
PERCENT = st.integers(0, 50)


@settings(max_examples=60, deadline=None)
@given(sizes=SIZES, closed=PERCENT, open_=PERCENT, pool=st.integers(1, 9), seed=st.integers(0, 99))
def test_noise_when_ratios_sum_to_one_at_most_then_disjoint_complete_and_truthful(
    sizes: list[int], closed: int, open_: int, pool: int, seed: int
) -> None:
    clean = manifest(*sizes)
    noise = NoiseConfig.parse({"closed": {"ratio": closed / 100}, "open": {"ratio": open_ / 100}})
    noisy = corrupt(clean, noise, manifest(pool, prefix="x"), seed)
    assert len(noisy) == len(clean)
    assert len(np.unique(noisy.ids)) == len(noisy)
    assert noisy.labels.min() >= 0
    assert noisy.labels.max() < clean.num_classes
    for kind, ratio in ((CLOSED, closed / 100), (OPEN, open_ / 100)):
        counts = np.bincount(clean.labels[noisy.kinds == kind], minlength=len(sizes))
        assert counts.tolist() == [int(n * ratio) for n in sizes]
    flipped, replaced = noisy.kinds == CLOSED, noisy.kinds == OPEN
    assert (noisy.labels[flipped] != clean.labels[flipped]).all()
    assert (noisy.labels[noisy.kinds == CLEAN] == clean.labels[noisy.kinds == CLEAN]).all()
    np.testing.assert_array_equal(noisy.true_labels, np.where(replaced, OUTLIER, clean.labels))
    uses = np.bincount(noisy.refs[replaced], minlength=pool)
    assert uses.max() - uses.min() <= 1


@given(n=st.integers(0, 10_000), thousandths=st.integers(0, 1000))
def test_decimal_count_when_any_ratio_then_exact_floor(n: int, thousandths: int) -> None:
    found = _share.counts(np.array([n]), thousandths / 1000, strict=False)
    assert found.tolist() == [int(Fraction(thousandths, 1000) * n)]
    assert Decimal(repr(thousandths / 1000)) == Decimal(thousandths) / 1000


@given(n=st.integers(0, 10_000), ratio=st.floats(0, 1))
def test_strict_count_when_any_ratio_then_floor_of_the_float_product(n: int, ratio: float) -> None:
    assert _share.counts(np.array([n]), ratio, strict=True).tolist() == [int(n * ratio)]


@settings(max_examples=40, deadline=None)
@given(sizes=SIZES, seed=st.integers(0, 99), percent=st.integers(0, 100))
def test_pick_when_some_rows_are_barred_then_only_allowed_ones_in_the_wanted_number(
    sizes: list[int], seed: int, percent: int
) -> None:
    rng = np.random.default_rng(seed)
    classes = manifest(*sizes).labels
    allowed = rng.random(len(classes)) < percent / 100
    left = np.bincount(classes[allowed], minlength=len(sizes))
    wanted = rng.integers(0, left + 1)
    rows = _share.pick(classes, wanted, allowed, rng)
    assert allowed[rows].all()
    assert len(np.unique(rows)) == len(rows)
    assert np.bincount(classes[rows], minlength=len(sizes)).tolist() == wanted.tolist()
