"""Every corruption: neutral at defaults, the ratio, the truth it keeps, the seed alone decides."""

from math import floor
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from frlib.core import discover
from frlib.core.errors import ConfigError, DataError
from frlib.core.seeds import stream
from frlib.data import flaws
from frlib.data.lab.config import NoiseConfig, modules
from frlib.data.lab.corrupt import corrupt, corrupted
from frlib.data.manifest import (
    ASYMMETRIC,
    CLEAN,
    CLOSED,
    DUPLICATE,
    MERGED,
    OPEN,
    OUTLIER,
    UNKNOWN,
    Manifest,
)
from frlib.data.noise import STAGES, closed
from frlib.data.noise import open as open_noise
from frlib.data.noise._step import Step
from tests.unit.data.tiny_sets import manifest

PACKAGE = "frlib.data.noise"
NOISES = discover.choices(PACKAGE)
SIZES = (10, 100, 1, 7, 32, 2)
CLEAN_SET = manifest(*SIZES)
POOL = manifest(9, 4, prefix="x")
COLUMNS = ("ids", "refs", "sources", "labels", "true_labels", "kinds", "checksums")


def _of(stage: str) -> list[str]:
    return [name for name in NOISES if stage == modules()[name].STAGE]


FLIPS, FLAWED, RESHAPING = _of("flip"), _of("flaw"), _of("reshaping")
RATIOS = FLIPS + FLAWED
ACTIVE: dict[str, dict[str, Any]] = {
    "long_tail": {"imbalance": 2000.0},
    "duplicate": {"ratio": 0.5},
    "merged": {"ratio": 0.4},
}
WEAKER: dict[str, dict[str, Any]] = {
    "long_tail": {"imbalance": 500.0},
    "duplicate": {"ratio": 0.2},
    "merged": {"ratio": 0.2},
}


@pytest.fixture(scope="module")
def embeddings(tmp_path_factory: pytest.TempPathFactory) -> str:
    """People on a circle, in the order of their numbers: 0 and 1 are nearest, then 2, ..."""
    path = tmp_path_factory.mktemp("embeddings") / "known.npz"
    np.savez(path, ids=np.array(CLEAN_SET.ids.tolist()), embeddings=_on_a_circle(CLEAN_SET.labels))
    return str(path)


def _on_a_circle(labels: np.ndarray) -> np.ndarray:
    angle = 0.3 * labels**1.5
    return np.stack([np.cos(angle), np.sin(angle)], axis=1)


@pytest.fixture
def apply(embeddings: str):
    def one(name, seed=0, clean=CLEAN_SET, pool=POOL, **how) -> Manifest:
        module = modules()[name]
        if name == "asymmetric" and clean is CLEAN_SET:
            how = {"embeddings": embeddings} | how
        config = module.Config(**how)
        return module.apply(clean, config, stream(seed, "test"), clean=clean, pool=pool)

    return one


def _touched(name: str, noisy: Manifest) -> np.ndarray:
    if name in FLAWED:
        return np.zeros(len(noisy), bool) if noisy.flaws is None else noisy.flaws.kinds > 0
    return noisy.kinds != CLEAN


def _noise(closed_: float, open_: float) -> NoiseConfig:
    return NoiseConfig.parse({"closed": {"ratio": closed_}, "open": {"ratio": open_}})


@pytest.mark.parametrize("name", NOISES)
def test_module_when_listed_then_defines_the_contract(name: str) -> None:
    module = modules()[name]
    assert module.STAGE in STAGES
    assert isinstance(module.ORDER, int)
    assert issubclass(module.Config, Step)
    assert module.Config().is_neutral
    assert module.PAPER.title
    assert all(field.description for field in module.Config.model_fields.values())


@pytest.mark.parametrize("name", NOISES)
def test_defaults_when_applied_then_nothing_changes(name: str, apply) -> None:
    assert apply(name) is CLEAN_SET


@pytest.mark.parametrize("name", NOISES)
def test_module_when_it_says_that_images_stay_then_they_do(name: str, apply) -> None:
    noisy = apply(name, **ACTIVE.get(name, {"ratio": 0.5}))
    images = ("ids", "refs", "sources", "checksums")
    stay = noisy.flaws is None and all(
        getattr(noisy, column).tolist() == getattr(CLEAN_SET, column).tolist() for column in images
    )
    assert stay or modules()[name].Config.changes_images
    active = NoiseConfig.parse({name: ACTIVE.get(name, {"ratio": 0.5})})
    assert active.changes_images == modules()[name].Config.changes_images
    assert not NoiseConfig().changes_images


@pytest.mark.parametrize("name", RATIOS)
@pytest.mark.parametrize("ratio", [0.1, 0.29, 0.5, 1.0])
def test_counts_when_strict_then_floor_of_binary_product_in_every_class(
    name: str, ratio: float, apply
) -> None:
    noisy = apply(name, ratio=ratio)
    touched = np.bincount(CLEAN_SET.labels[_touched(name, noisy)], minlength=len(SIZES))
    assert touched.tolist() == [floor(n * ratio) for n in SIZES]
    assert len(noisy) == len(CLEAN_SET)


@pytest.mark.parametrize("name", RATIOS)
def test_counts_when_decimal_then_100_at_029_gives_29(name: str, apply) -> None:
    """floor(100 * 0.29) is 28 in binary floating point, as in the published scripts."""
    big = CLEAN_SET.labels == 1
    assert _touched(name, apply(name, ratio=0.29))[big].sum() == 28
    assert _touched(name, apply(name, ratio=0.29, strict=False))[big].sum() == 29


@pytest.mark.parametrize("name", NOISES)
def test_draw_when_seed_is_equal_then_equal_and_otherwise_not(name: str, apply) -> None:
    how = ACTIVE.get(name, {"ratio": 0.3})
    assert apply(name, seed=4, **how).digest == apply(name, seed=4, **how).digest
    assert apply(name, seed=4, **how).digest != apply(name, seed=5, **how).digest


@pytest.mark.parametrize("name", RATIOS)
def test_draw_when_ratio_grows_then_touched_rows_are_a_superset(name: str, apply) -> None:
    few, many = (_touched(name, apply(name, ratio=ratio)) for ratio in (0.2, 0.5))
    assert few.sum() < many.sum()
    assert not (few & ~many).any()


@pytest.mark.parametrize("name", RESHAPING)
def test_draw_when_reshaping_grows_then_contains_the_smaller_change(name: str, apply) -> None:
    weak, strong = apply(name, **WEAKER[name]), apply(name, **ACTIVE[name])
    if name == "long_tail":
        assert set(strong.ids.tolist()) < set(weak.ids.tolist())
    elif name == "duplicate":
        assert set(weak.identities) < set(strong.identities)
        assert not ((weak.kinds != CLEAN) & (strong.kinds == CLEAN)).any()
    else:
        assert set(weak.others) < set(strong.others)
        assert not ((weak.kinds != CLEAN) & (strong.kinds == CLEAN)).any()


@pytest.mark.parametrize("name", NOISES)
def test_clean_manifest_when_corrupted_then_not_changed_itself(name: str, apply) -> None:
    before = CLEAN_SET.digest
    apply(name, **ACTIVE.get(name, {"ratio": 0.5}))
    assert manifest(*SIZES).digest == before
    assert CLEAN_SET.flaws is None
    assert all((CLEAN_SET.kinds == CLEAN).tolist())


@pytest.mark.parametrize("name", RATIOS)
def test_ids_when_corrupted_then_unique_and_untouched_rows_the_same(name: str, apply) -> None:
    noisy = apply(name, ratio=1.0)
    assert len(set(noisy.ids.tolist())) == len(noisy)
    part = apply(name, ratio=0.3)
    kept = ~_touched(name, part)
    for column in COLUMNS:
        np.testing.assert_array_equal(getattr(part, column)[kept], getattr(CLEAN_SET, column)[kept])


@pytest.mark.parametrize("name", RATIOS)
def test_facts_when_corrupted_then_say_what_was_realised(name: str, apply) -> None:
    entry = apply(name, ratio=0.25).facts["noise"][name]
    counts = [floor(n * 0.25) for n in SIZES]
    assert entry["rows"] == sum(counts)
    assert entry["of_rows"] == sum(SIZES)
    assert entry["realised_ratio"] == pytest.approx(sum(counts) / sum(SIZES))
    assert entry["classes_untouched"] == counts.count(0)
    assert entry["single_image_classes"] == 1
    assert entry["class_rows_min_median_max"] == [min(counts), np.median(counts), max(counts)]


@pytest.mark.parametrize("name", [n for n in RATIOS if n != "asymmetric"])
def test_singles_when_ratio_asks_for_some_then_none_realised_logged_and_recorded(
    name: str, apply, caplog: pytest.LogCaptureFixture
) -> None:
    singles = manifest(*[1] * 20)
    noisy = apply(name, ratio=0.4, clean=singles)
    assert noisy.digest == singles.digest
    entry = noisy.facts["noise"][name]
    assert (entry["rows"], entry["single_image_classes"]) == (0, 20)
    assert [r.levelname for r in caplog.records] == ["WARNING"]
    assert "0 of 20 rows" in caplog.text


@pytest.mark.parametrize("name", FLAWED)
def test_flaws_when_put_in_then_labels_and_rows_stay_and_pixels_would_change(
    name: str, apply
) -> None:
    noisy = apply(name, ratio=0.5)
    for column in COLUMNS:
        np.testing.assert_array_equal(getattr(noisy, column), getattr(CLEAN_SET, column))
    assert noisy.digest != CLEAN_SET.digest
    assert noisy.flaws is not None
    marked = noisy.flaws.kinds > 0
    assert set(noisy.flaws.kinds[marked].tolist()) == {flaws.FLAWS.index(name)}
    strength = modules()[name].Config().strength
    assert noisy.flaws.strengths[marked] == pytest.approx(strength)
    assert not noisy.flaws.strengths[~marked].any()
    assert len(np.unique(noisy.flaws.seeds[marked])) == marked.sum()


@pytest.mark.parametrize("name", FLAWED)
def test_flaws_when_labels_are_noisy_then_touch_any_row_and_one_flaw_each(
    name: str, embeddings: str
) -> None:
    others = {other: {"ratio": 0.2} for other in FLAWED if other != name}
    steps = others | {name: {"ratio": 0.5}, "closed": {"ratio": 0.5}, "open": {"ratio": 0.4}}
    noisy = corrupt(CLEAN_SET, NoiseConfig.parse(steps), POOL, seed=0)
    assert noisy.flaws is not None
    mine = noisy.flaws.kinds == flaws.FLAWS.index(name)
    counts = np.bincount(CLEAN_SET.labels[mine], minlength=len(SIZES))
    assert counts.tolist() == [floor(n * 0.5) for n in SIZES]
    assert set(noisy.kinds[mine].tolist()) == {CLEAN, CLOSED, OPEN}


def test_flaws_when_more_than_all_images_are_asked_for_then_error() -> None:
    noise = NoiseConfig.parse({"blur": {"ratio": 0.6}, "occlusion": {"ratio": 0.6}})
    with pytest.raises(DataError, match=r"noise\.occlusion\.ratio=0\.6 .*6 asked of 4 left of 10"):
        corrupt(CLEAN_SET, noise, None, seed=0)


@pytest.mark.parametrize("name", ["closed", "asymmetric"])
def test_flip_when_applied_then_label_is_another_and_truth_stays(name: str, apply) -> None:
    noisy = apply(name, ratio=0.5)
    flipped = noisy.kinds != CLEAN
    assert (noisy.labels[flipped] != CLEAN_SET.labels[flipped]).all()
    np.testing.assert_array_equal(noisy.true_labels, CLEAN_SET.true_labels)


def test_flip_when_repeated_then_targets_are_uniform_over_the_other_classes(apply) -> None:
    """5 classes of 400, all flipped: each of 20 (from, to) cells expects 100; chi-square, df 15."""
    five = manifest(*[400] * 5)
    noisy = apply("closed", ratio=1.0, clean=five)
    cells = np.zeros((5, 5), dtype=int)
    np.add.at(cells, (five.labels, noisy.labels), 1)
    assert (np.diag(cells) == 0).all()
    apart = cells[~np.eye(5, dtype=bool)]
    assert ((apart - 100) ** 2 / 100).sum() < 44.3  # 0.9999 quantile


def test_flip_when_untrusted_then_truth_stays_unknown(apply) -> None:
    noisy = apply("closed", ratio=0.5, clean=manifest(*SIZES, trusted=False))
    assert (noisy.true_labels == UNKNOWN).all()


def test_flip_when_one_class_then_error(apply) -> None:
    with pytest.raises(DataError, match="with 1 identity"):
        apply("closed", ratio=0.5, clean=manifest(8))


def test_asymmetric_when_one_neighbour_then_every_flip_goes_to_it(apply) -> None:
    noisy = apply("asymmetric", ratio=0.5)
    nearest = {0: 1, 1: 0, 3: 2, 4: 3, 5: 4}
    flipped = np.flatnonzero(noisy.kinds == ASYMMETRIC)
    expected = [nearest[label] for label in CLEAN_SET.labels[flipped].tolist()]
    assert noisy.labels[flipped].tolist() == expected


def test_asymmetric_when_two_neighbours_then_both_are_used_evenly(apply) -> None:
    noisy = apply("asymmetric", ratio=1.0, nearest=2)
    given = noisy.labels[CLEAN_SET.labels == 1]
    counts = np.bincount(given, minlength=len(SIZES))
    assert np.flatnonzero(counts).tolist() == [0, 2]
    assert 30 <= counts[0] <= 70  # 100 draws, p = 1/2: four standard deviations


def test_asymmetric_when_no_embeddings_then_error_says_what_to_set(apply) -> None:
    with pytest.raises(ConfigError, match=r"noise\.asymmetric\.embeddings"):
        apply("asymmetric", ratio=0.5, embeddings="")


def test_asymmetric_when_an_image_has_no_vector_then_error_names_it(apply, tmp_path: Path) -> None:
    path = tmp_path / "some.npz"
    few = np.array(CLEAN_SET.ids[2:].tolist())
    np.savez(path, ids=few, embeddings=np.ones((len(few), 2)))
    with pytest.raises(DataError, match=r"2 of 152 images have no vector, first 'p0000/00000"):
        apply("asymmetric", ratio=0.5, embeddings=str(path))


def test_replace_when_applied_then_row_is_the_outlier_with_a_random_label(apply) -> None:
    noisy = apply("open", ratio=0.5)
    replaced = noisy.kinds == OPEN
    assert (noisy.true_labels[replaced] == OUTLIER).all()
    assert (noisy.sources[replaced] == 1).all()
    position = {ref: row for row, ref in enumerate(POOL.refs.tolist())}
    rows = [position[ref] for ref in noisy.refs[replaced].tolist()]
    assert noisy.checksums[replaced].tolist() == POOL.checksums[rows].tolist()
    stems = [name.removeprefix("open:").partition("#")[0] for name in noisy.ids[replaced].tolist()]
    assert stems == POOL.ids[rows].tolist()
    assert noisy.readers == (*CLEAN_SET.readers, *POOL.readers)
    assert noisy.flaws is None


def test_replace_when_not_aligned_then_outliers_and_they_alone_are_misaligned(apply) -> None:
    noisy = apply("open", ratio=0.5, aligned=False)
    assert noisy.flaws is not None
    np.testing.assert_array_equal(noisy.flaws.kinds == flaws.MISALIGNED, noisy.kinds == OPEN)
    np.testing.assert_array_equal(noisy.ids, apply("open", ratio=0.5).ids)


def test_replace_when_repeated_then_labels_are_uniform_over_all_classes(apply) -> None:
    five = manifest(*[400] * 5)
    noisy = apply("open", ratio=1.0, clean=five)
    assert ((noisy.class_sizes - 400) ** 2 / 400).sum() < 23.5  # 0.9999 quantile, 4 free


def test_replace_when_pool_is_exhausted_then_uses_differ_by_at_most_one(apply) -> None:
    noisy = apply("open", ratio=0.5)
    uses = np.bincount(noisy.refs[noisy.kinds == OPEN], minlength=len(POOL))
    assert (noisy.kinds == OPEN).sum() > len(POOL)
    assert uses.max() - uses.min() == 1
    assert noisy.facts["noise"]["open"]["pool_max_uses"] == uses.max()


def test_replace_when_no_pool_then_error_says_what_to_set(apply) -> None:
    with pytest.raises(DataError, match=r"set data\.outliers"):
        apply("open", ratio=0.1, pool=None)


def test_long_tail_when_profile_is_exponential_then_sizes_are_those_of_the_formula(apply) -> None:
    equal = manifest(*[100] * 5)
    noisy = apply("long_tail", imbalance=16.0, clean=equal)
    assert sorted(noisy.class_sizes.tolist(), reverse=True) == [100, 50, 25, 12, 6]
    assert noisy.facts["noise"]["long_tail"]["realised_imbalance"] == pytest.approx(100 / 6)


def test_long_tail_when_profile_is_pareto_then_sizes_are_those_of_the_formula(apply) -> None:
    """alpha 1, imbalance 9: 90 / (1 + 8 i / 4) = 90, 30, 18, 12.9, 10."""
    noisy = apply("long_tail", imbalance=9.0, profile="pareto", clean=manifest(*[90] * 5))
    assert sorted(noisy.class_sizes.tolist(), reverse=True) == [90, 30, 18, 12, 10]


def test_long_tail_when_classes_differ_then_head_stays_head_and_nobody_gains(apply) -> None:
    noisy = apply("long_tail", imbalance=1000.0)
    before, after = CLEAN_SET.class_sizes, noisy.class_sizes
    assert (after <= before).all()
    assert (after < before).sum() >= 3
    assert (after >= 1).all()
    assert after.argmax() == before.argmax()
    assert (np.diff(after[np.argsort(-before, kind="stable")]) <= 0).all()
    assert noisy.identities == CLEAN_SET.identities


def test_long_tail_when_a_minimum_is_set_then_kept_where_there_are_so_many(apply) -> None:
    noisy = apply("long_tail", imbalance=5000.0, min_images=5)
    assert (noisy.class_sizes >= np.minimum(CLEAN_SET.class_sizes, 5)).all()
    assert noisy.class_sizes.min() == 1
    assert 5 in noisy.class_sizes


def test_duplicate_when_applied_then_new_class_holds_images_of_the_old_one(apply) -> None:
    noisy = apply("duplicate", ratio=0.5, share=0.25)
    moved = noisy.kinds == DUPLICATE
    for label in np.unique(noisy.labels[moved]).tolist():
        true = np.unique(noisy.true_labels[noisy.labels == label])
        assert len(true) == 1
        assert noisy.identities[label] == f"{noisy.identities[true[0]]}#2"
        n = CLEAN_SET.class_sizes[true[0]]
        assert noisy.class_sizes[label] == np.clip(round(n * 0.25), 2, n - 2)
    assert noisy.class_sizes.sum() == len(CLEAN_SET)
    assert noisy.num_classes == len(SIZES) + 3


def test_duplicate_when_classes_are_too_small_then_left_alone_counted_and_logged(
    apply, caplog: pytest.LogCaptureFixture
) -> None:
    noisy = apply("duplicate", ratio=1.0)
    entry = noisy.facts["noise"]["duplicate"]
    assert entry["classes_asked"] == 6
    assert entry["classes_split"] == 4
    assert entry["classes_too_small"] == 2
    assert "4 of 6 classes split in two, 6 asked for; 2 have fewer than 4" in caplog.text


def test_duplicate_when_the_name_is_taken_then_the_next_number() -> None:
    twice = corrupt(
        corrupt(manifest(40), NoiseConfig.parse({"duplicate": {"ratio": 1.0}}), None, 0),
        NoiseConfig.parse({"duplicate": {"ratio": 1.0}}),
        None,
        1,
    )
    assert twice.identities == ("p0000", "p0000#2", "p0000#3")
    assert (twice.true_labels == 0).all()


def test_merged_when_applied_then_smaller_joins_larger_and_its_name_is_kept(apply) -> None:
    noisy = apply("merged", ratio=0.4)
    assert noisy.num_classes == len(SIZES) - 2
    assert sorted({*noisy.identities, *noisy.others}) == list(CLEAN_SET.identities)
    names = (*noisy.identities, *noisy.others)
    for row in range(len(noisy)):
        assert names[noisy.true_labels[row]] == CLEAN_SET.identities[CLEAN_SET.labels[row]]
    joined = noisy.kinds == MERGED
    assert (noisy.true_labels[joined] >= noisy.num_classes).all()
    assert (noisy.labels[~joined] == noisy.true_labels[~joined]).all()
    for person in np.unique(noisy.true_labels[joined]).tolist():
        mine = noisy.true_labels == person
        target = np.unique(noisy.labels[mine])
        assert len(target) == 1
        assert mine.sum() <= (noisy.true_labels == target[0]).sum()


def test_merged_when_embeddings_are_given_then_partners_are_neighbours(
    apply, embeddings: str
) -> None:
    noisy = apply("merged", ratio=0.2, embeddings=embeddings)
    place = {name: number for number, name in enumerate(CLEAN_SET.identities)}
    row = np.flatnonzero(noisy.kinds == MERGED)[0]
    gone = place[noisy.others[noisy.true_labels[row] - noisy.num_classes]]
    target = place[noisy.identities[noisy.labels[row]]]
    assert abs(gone - target) == 1
    assert noisy.facts["noise"]["merged"]["by"] == "embeddings"


def test_reshaping_when_followed_by_flips_then_truth_follows_everybody(embeddings: str) -> None:
    noise = NoiseConfig.parse(
        {
            "long_tail": {"imbalance": 500.0},
            "duplicate": {"ratio": 0.4},
            "merged": {"ratio": 0.3},
            "closed": {"ratio": 0.2},
            "asymmetric": {"ratio": 0.2, "embeddings": embeddings},
            "open": {"ratio": 0.2},
            "blur": {"ratio": 0.2},
        }
    )
    noisy, reference = corrupted(CLEAN_SET, noise, POOL, seed=3)
    names = np.array([*noisy.identities, *noisy.others])
    person = {i: n for i, n in zip(CLEAN_SET.ids.tolist(), CLEAN_SET.labels.tolist(), strict=True)}
    for row, name in enumerate(noisy.ids.tolist()):
        if noisy.kinds[row] == OPEN:
            assert noisy.true_labels[row] == OUTLIER
        else:
            assert names[noisy.true_labels[row]] == CLEAN_SET.identities[person[name]]
    shares = np.bincount(reference.labels[reference.kinds == CLEAN])
    for kind in (CLOSED, ASYMMETRIC, OPEN):
        counts = np.bincount(reference.labels[noisy.kinds == kind], minlength=len(shares))
        assert counts[: len(shares)].tolist() == [floor(n * 0.2) for n in shares]
    assert len(noisy) == len(reference) < len(CLEAN_SET)
    assert list(noisy.facts["noise"]) == [*noise.active, "summary"]


def test_corrupt_when_both_then_disjoint_and_both_shares_of_the_original_size() -> None:
    noisy = corrupt(CLEAN_SET, _noise(0.3, 0.5), POOL, seed=1)
    for kind, ratio in ((CLOSED, 0.3), (OPEN, 0.5)):
        counts = np.bincount(CLEAN_SET.labels[noisy.kinds == kind], minlength=len(SIZES))
        assert counts.tolist() == [floor(n * ratio) for n in SIZES]
    assert set(noisy.facts["noise"]) == {"closed", "open", "summary"}


def test_summary_when_corrupted_then_counts_kinds_overall_and_by_class_size() -> None:
    noisy = corrupt(CLEAN_SET, _noise(0.3, 0.5), POOL, seed=1)
    found = noisy.facts["noise"]["summary"]
    closed_, open_ = (sum(floor(n * r) for n in SIZES) for r in (0.3, 0.5))
    assert found["rows"] == sum(SIZES)
    assert found["kinds"]["closed"] == {"rows": closed_, "share": closed_ / sum(SIZES)}
    assert found["kinds"]["open"]["rows"] == open_
    assert found["flaws"] == {}
    by_size = {one["images"]: one for one in found["by_class_size"]}
    assert list(by_size) == ["1", "2-3", "4-7", "8-15", "32-63", "64-127"]
    assert by_size["1"]["kinds"] == {"clean": {"rows": 1, "share": 1.0}}
    assert by_size["64-127"]["kinds"]["closed"]["share"] == pytest.approx(0.3)
    assert sum(one["classes"] for one in by_size.values()) == len(SIZES)


def test_corrupt_when_ratios_sum_above_one_then_error_names_an_identity() -> None:
    expected = r"noise\.open\.ratio=0\.6 .*'p0000': 6 asked of 4 left of 10"
    with pytest.raises(DataError, match=expected):
        corrupt(CLEAN_SET, _noise(0.6, 0.6), POOL, seed=1)


def test_corrupt_when_ratios_are_zero_then_the_manifest_itself_without_a_pool() -> None:
    assert corrupt(CLEAN_SET, NoiseConfig(), None, seed=1) is CLEAN_SET


def test_corrupt_when_open_ratio_changes_then_flips_are_the_same() -> None:
    little, much = (corrupt(CLEAN_SET, _noise(0.3, r), POOL, seed=2) for r in (0.1, 0.5))
    flipped = little.kinds == CLOSED
    np.testing.assert_array_equal(flipped, much.kinds == CLOSED)
    np.testing.assert_array_equal(little.labels[flipped], much.labels[flipped])


def test_corrupt_when_order_is_turned_round_then_the_first_step_draws_as_alone() -> None:
    steps = {"closed": {"ratio": 0.5}, "open": {"ratio": 0.4}}
    usual = corrupt(CLEAN_SET, NoiseConfig.parse(steps), POOL, seed=0)
    turned = corrupt(CLEAN_SET, NoiseConfig.parse(steps | {"order": ["open"]}), POOL, seed=0)
    alone = corrupt(CLEAN_SET, _noise(0.0, 0.4), POOL, seed=0)
    np.testing.assert_array_equal(turned.kinds == OPEN, alone.kinds == OPEN)
    assert ((usual.kinds == OPEN) != (alone.kinds == OPEN)).any()
    assert usual.digest != turned.digest


def test_apply_when_earlier_noise_is_on_the_manifest_then_its_rows_are_left_alone() -> None:
    replaced = open_noise.apply(
        CLEAN_SET, open_noise.Config(ratio=0.5), stream(0, "a"), clean=CLEAN_SET, pool=POOL
    )
    both = closed.apply(replaced, closed.Config(ratio=0.5), stream(0, "b"), clean=CLEAN_SET)
    first = replaced.kinds == OPEN
    np.testing.assert_array_equal(both.kinds[first], replaced.kinds[first])
    np.testing.assert_array_equal(both.labels[first], replaced.labels[first])
