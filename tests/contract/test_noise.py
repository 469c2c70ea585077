"""Every corruption: the ratio, the truth it keeps, and that the seed alone decides."""

from math import floor

import numpy as np
import pytest

from frlib.core import discover
from frlib.core.errors import DataError
from frlib.core.seeds import stream
from frlib.data.config import NoiseConfig
from frlib.data.corrupt import corrupt
from frlib.data.manifest import CLEAN, CLOSED, OPEN, OUTLIER, UNKNOWN
from frlib.data.noise import closed_flip, open_replace
from tests.unit.data.tiny_sets import manifest

PACKAGE = "frlib.data.noise"
NOISES = discover.choices(PACKAGE)
SIZES = (10, 100, 1, 7, 32, 2)
CLEAN_SET = manifest(*SIZES)
POOL = manifest(9, 4, prefix="x")


def _apply(name, ratio, seed=0, clean=CLEAN_SET, pool=POOL, **how):
    module = discover.load(PACKAGE, name)
    config = module.Config(ratio=ratio, **how)
    return module.apply(clean, config, stream(seed, "test"), clean=clean, pool=pool)


def _noise(closed: float, open_: float) -> NoiseConfig:
    return NoiseConfig.parse({"closed": {"ratio": closed}, "open": {"ratio": open_}})


@pytest.mark.parametrize("name", NOISES)
@pytest.mark.parametrize("ratio", [0.1, 0.29, 0.5, 1.0])
def test_counts_when_strict_then_floor_of_binary_product_in_every_class(
    name: str, ratio: float
) -> None:
    noisy = _apply(name, ratio)
    touched = np.bincount(CLEAN_SET.labels[noisy.kinds != CLEAN], minlength=len(SIZES))
    assert touched.tolist() == [floor(n * ratio) for n in SIZES]
    assert len(noisy) == len(CLEAN_SET)


@pytest.mark.parametrize("name", NOISES)
def test_counts_when_decimal_then_100_at_029_gives_29(name: str) -> None:
    """floor(100 * 0.29) is 28 in binary floating point, as in the published scripts."""
    big = CLEAN_SET.labels == 1
    assert (_apply(name, 0.29).kinds[big] != CLEAN).sum() == 28
    assert (_apply(name, 0.29, strict=False).kinds[big] != CLEAN).sum() == 29


@pytest.mark.parametrize("name", NOISES)
def test_digest_when_ratio_is_zero_then_unchanged(name: str) -> None:
    assert _apply(name, 0.0).digest == CLEAN_SET.digest


@pytest.mark.parametrize("name", NOISES)
def test_draw_when_seed_is_equal_then_equal_and_otherwise_not(name: str) -> None:
    assert _apply(name, 0.3, seed=4).digest == _apply(name, 0.3, seed=4).digest
    assert _apply(name, 0.3, seed=4).digest != _apply(name, 0.3, seed=5).digest


@pytest.mark.parametrize("name", NOISES)
def test_draw_when_ratio_grows_then_touched_rows_are_a_superset(name: str) -> None:
    few, many = _apply(name, 0.2).kinds != CLEAN, _apply(name, 0.5).kinds != CLEAN
    assert few.sum() < many.sum()
    assert not (few & ~many).any()


@pytest.mark.parametrize("name", NOISES)
def test_clean_manifest_when_corrupted_then_not_changed_itself(name: str) -> None:
    before = manifest(*SIZES)
    _apply(name, 0.5, clean=before)
    assert before.digest == CLEAN_SET.digest


@pytest.mark.parametrize("name", NOISES)
def test_ids_when_corrupted_then_unique_and_untouched_rows_the_same(name: str) -> None:
    noisy = _apply(name, 1.0)
    assert len(set(noisy.ids.tolist())) == len(noisy)
    part = _apply(name, 0.3)
    kept = part.kinds == CLEAN
    for column in ("ids", "refs", "sources", "labels", "true_labels", "checksums"):
        np.testing.assert_array_equal(getattr(part, column)[kept], getattr(CLEAN_SET, column)[kept])


@pytest.mark.parametrize("name", NOISES)
def test_facts_when_corrupted_then_say_what_was_realised(name: str) -> None:
    entry = _apply(name, 0.25).facts["noise"][name]
    counts = [floor(n * 0.25) for n in SIZES]
    assert entry["rows"] == sum(counts)
    assert entry["of_rows"] == sum(SIZES)
    assert entry["realised_ratio"] == pytest.approx(sum(counts) / sum(SIZES))
    assert entry["classes_untouched"] == counts.count(0)
    assert entry["single_image_classes"] == 1
    assert entry["class_rows_min_median_max"] == [min(counts), np.median(counts), max(counts)]


@pytest.mark.parametrize("name", NOISES)
def test_singles_when_ratio_asks_for_some_then_none_realised_logged_and_recorded(
    name: str, caplog: pytest.LogCaptureFixture
) -> None:
    singles = manifest(*[1] * 20)
    noisy = _apply(name, 0.4, clean=singles)
    assert noisy.digest == singles.digest
    entry = noisy.facts["noise"][name]
    assert (entry["rows"], entry["single_image_classes"]) == (0, 20)
    assert [r.levelname for r in caplog.records] == ["WARNING"]
    assert "0 of 20 rows" in caplog.text


def test_flip_when_applied_then_label_is_another_and_truth_stays() -> None:
    noisy = _apply("closed_flip", 0.5)
    flipped = noisy.kinds == CLOSED
    assert (noisy.labels[flipped] != CLEAN_SET.labels[flipped]).all()
    np.testing.assert_array_equal(noisy.true_labels, CLEAN_SET.true_labels)


def test_flip_when_repeated_then_targets_are_uniform_over_the_other_classes() -> None:
    """5 classes of 400, all flipped: each of 20 (from, to) cells expects 100; chi-square, df 15."""
    five = manifest(*[400] * 5)
    noisy = _apply("closed_flip", 1.0, clean=five)
    cells = np.zeros((5, 5), dtype=int)
    np.add.at(cells, (five.labels, noisy.labels), 1)
    assert (np.diag(cells) == 0).all()
    apart = cells[~np.eye(5, dtype=bool)]
    assert ((apart - 100) ** 2 / 100).sum() < 44.3  # 0.9999 quantile


def test_flip_when_untrusted_then_truth_stays_unknown() -> None:
    noisy = _apply("closed_flip", 0.5, clean=manifest(*SIZES, trusted=False))
    assert (noisy.true_labels == UNKNOWN).all()


def test_flip_when_one_class_then_error() -> None:
    with pytest.raises(DataError, match="with 1 identity"):
        _apply("closed_flip", 0.5, clean=manifest(8))


def test_replace_when_applied_then_row_is_the_outlier_with_a_random_label() -> None:
    noisy = _apply("open_replace", 0.5)
    replaced = noisy.kinds == OPEN
    assert (noisy.true_labels[replaced] == OUTLIER).all()
    assert (noisy.sources[replaced] == 1).all()
    position = {ref: row for row, ref in enumerate(POOL.refs.tolist())}
    rows = [position[ref] for ref in noisy.refs[replaced].tolist()]
    assert noisy.checksums[replaced].tolist() == POOL.checksums[rows].tolist()
    stems = [name.removeprefix("open:").partition("#")[0] for name in noisy.ids[replaced].tolist()]
    assert stems == POOL.ids[rows].tolist()
    assert noisy.readers == (*CLEAN_SET.readers, *POOL.readers)


def test_replace_when_repeated_then_labels_are_uniform_over_all_classes() -> None:
    five = manifest(*[400] * 5)
    noisy = _apply("open_replace", 1.0, clean=five)
    assert ((noisy.class_sizes - 400) ** 2 / 400).sum() < 23.5  # 0.9999 quantile, 4 free


def test_replace_when_pool_is_exhausted_then_uses_differ_by_at_most_one() -> None:
    noisy = _apply("open_replace", 0.5)
    uses = np.bincount(noisy.refs[noisy.kinds == OPEN], minlength=len(POOL))
    assert (noisy.kinds == OPEN).sum() > len(POOL)
    assert uses.max() - uses.min() == 1
    assert noisy.facts["noise"]["open_replace"]["pool_max_uses"] == uses.max()


def test_replace_when_no_pool_then_error_says_what_to_set() -> None:
    with pytest.raises(DataError, match=r"set data\.outliers"):
        _apply("open_replace", 0.1, pool=None)


def test_corrupt_when_both_then_disjoint_and_both_shares_of_the_original_size() -> None:
    noisy = corrupt(CLEAN_SET, _noise(0.3, 0.5), POOL, seed=1)
    for kind, ratio in ((CLOSED, 0.3), (OPEN, 0.5)):
        counts = np.bincount(CLEAN_SET.labels[noisy.kinds == kind], minlength=len(SIZES))
        assert counts.tolist() == [floor(n * ratio) for n in SIZES]
    assert set(noisy.facts["noise"]) == {"closed_flip", "open_replace"}


def test_corrupt_when_ratios_sum_above_one_then_error_names_an_identity() -> None:
    expected = r"noise\.open\.ratio=0\.6 .*'p0000': 6 asked of 4 left of 10"
    with pytest.raises(DataError, match=expected):
        corrupt(CLEAN_SET, _noise(0.6, 0.6), POOL, seed=1)


def test_corrupt_when_ratios_are_zero_then_same_digest_without_a_pool() -> None:
    assert corrupt(CLEAN_SET, NoiseConfig(), None, seed=1).digest == CLEAN_SET.digest


def test_corrupt_when_open_ratio_changes_then_flips_are_the_same() -> None:
    little, much = (corrupt(CLEAN_SET, _noise(0.3, r), POOL, seed=2) for r in (0.1, 0.5))
    flipped = little.kinds == CLOSED
    np.testing.assert_array_equal(flipped, much.kinds == CLOSED)
    np.testing.assert_array_equal(little.labels[flipped], much.labels[flipped])


def test_apply_when_earlier_noise_is_on_the_manifest_then_its_rows_are_left_alone() -> None:
    replaced = open_replace.apply(
        CLEAN_SET, open_replace.Config(ratio=0.5), stream(0, "a"), clean=CLEAN_SET, pool=POOL
    )
    both = closed_flip.apply(
        replaced, closed_flip.Config(ratio=0.5), stream(0, "b"), clean=CLEAN_SET
    )
    first = replaced.kinds == OPEN
    np.testing.assert_array_equal(both.kinds[first], replaced.kinds[first])
    np.testing.assert_array_equal(both.labels[first], replaced.labels[first])
