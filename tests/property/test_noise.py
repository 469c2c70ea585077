"""What holds for noise over any class sizes, ratios and seeds."""

from decimal import Decimal
from fractions import Fraction

import numpy as np
from hypothesis import given, reject, settings
from hypothesis import strategies as st

from frlib.core.errors import DataError
from frlib.core.seeds import stream
from frlib.data.config import NoiseConfig
from frlib.data.lab.config import modules
from frlib.data.lab.corrupt import corrupt, corrupted
from frlib.data.manifest import CLEAN, CLOSED, MERGED, OPEN, OUTLIER
from frlib.data.noise import _share
from tests.unit.data.tiny_sets import manifest

SIZES = st.lists(st.integers(1, 12), min_size=2, max_size=8)
PERCENT = st.integers(0, 50)


def _has_ratio_alone(config: type) -> bool:
    """Whether a ratio is all that the step needs: not so for flips to look-alikes."""
    return "ratio" in config.model_fields and config.__module__.rpartition(".")[2] != "asymmetric"


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


@settings(max_examples=60, deadline=None)
@given(
    sizes=SIZES,
    tail=st.floats(1, 50),
    duplicate=PERCENT,
    merged=PERCENT,
    closed=PERCENT,
    open_=PERCENT,
    order=st.permutations(["long_tail", "duplicate", "merged"]),
    seed=st.integers(0, 99),
)
def test_noise_when_undone_by_the_truth_then_the_clean_labels_are_back(
    sizes: list[int],
    tail: float,
    duplicate: int,
    merged: int,
    closed: int,
    open_: int,
    order: list[str],
    seed: int,
) -> None:
    clean = manifest(*sizes)
    noise = NoiseConfig.parse(
        {
            "order": order,
            "long_tail": {"imbalance": tail},
            "duplicate": {"ratio": duplicate / 100},
            "merged": {"ratio": merged / 100},
            "closed": {"ratio": closed / 100},
            "open": {"ratio": open_ / 100},
        }
    )
    try:
        noisy, reference = corrupted(clean, noise, manifest(3, prefix="x"), seed)
    except DataError as error:
        assert "with 1 identity" in str(error)
        reject()
    names = (*noisy.identities, *noisy.others)
    assert len(set(names)) == len(names)
    person = dict(zip(clean.ids.tolist(), clean.labels.tolist(), strict=True))
    for row, name in enumerate(reference.ids.tolist()):
        if noisy.kinds[row] == OPEN:
            assert noisy.true_labels[row] == OUTLIER
        else:
            assert noisy.ids[row] == name
            assert names[noisy.true_labels[row]] == clean.identities[person[name]]
    assert 0 <= noisy.labels.min() <= noisy.labels.max() < noisy.num_classes
    assert (reference.class_sizes > 0).all()
    flipped = noisy.kinds == CLOSED
    assert (noisy.labels[flipped] != reference.labels[flipped]).all()
    merged_rows = noisy.kinds == MERGED
    assert (noisy.labels[merged_rows] != noisy.true_labels[merged_rows]).all()
    again = corrupt(clean, noise, manifest(3, prefix="x"), seed)
    assert again.digest == noisy.digest


@settings(max_examples=40, deadline=None)
@given(
    name=st.sampled_from([n for n, m in modules().items() if _has_ratio_alone(m.Config)]),
    sizes=SIZES,
    percent=st.tuples(PERCENT, PERCENT).map(sorted),
    seed=st.integers(0, 99),
)
def test_touched_rows_when_the_ratio_grows_then_a_superset_within_the_floor(
    name: str, sizes: list[int], percent: list[int], seed: int
) -> None:
    clean, pool = manifest(*sizes), manifest(3, prefix="x")
    touched = []
    for ratio in percent:
        config = modules()[name].Config(ratio=ratio / 100)
        noisy = modules()[name].apply(clean, config, stream(seed, "t"), clean=clean, pool=pool)
        flawed = np.zeros(len(clean), bool) if noisy.flaws is None else noisy.flaws.kinds > 0
        touched.append((noisy.kinds != CLEAN) | flawed)
        if modules()[name].STAGE != "reshaping":
            counts = np.bincount(clean.labels[touched[-1]], minlength=len(sizes))
            assert counts.tolist() == [int(n * (ratio / 100)) for n in sizes]
    assert not (touched[0] & ~touched[1]).any()


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
