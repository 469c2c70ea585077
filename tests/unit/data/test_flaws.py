"""Flaws of pixels: each against its formula, and the same whatever the batch."""

import numpy as np
import pytest

from frlib.core.errors import DataError
from frlib.data import flaws
from frlib.data.flaws import BLUR, FLAWS, LOW_RESOLUTION, MISALIGNED, OCCLUSION, Flaws

SIDE = 32
KINDS = (BLUR, LOW_RESOLUTION, OCCLUSION, MISALIGNED)
STRENGTH = {BLUR: 0.05, LOW_RESOLUTION: 0.25, OCCLUSION: 0.2, MISALIGNED: 1.0}


def _images(count: int, side: int = SIDE, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (count, side, side, 3), dtype=np.uint8)


def _all(kind: int, count: int, strength: float | None = None, first: int = 0) -> Flaws:
    strength = STRENGTH[kind] if strength is None else strength
    return Flaws(
        np.full(count, kind, dtype=np.int8),
        np.full(count, strength, dtype=np.float32),
        np.arange(first, first + count, dtype=np.uint32),
    )


def _applied(images: np.ndarray, found: Flaws) -> np.ndarray:
    out = images.copy()
    flaws.apply(out, found)
    return out


@pytest.mark.parametrize("kind", KINDS, ids=lambda k: FLAWS[k])
def test_apply_when_batch_is_mixed_then_each_image_as_if_alone(kind: int) -> None:
    images = _images(80)
    kinds = np.resize(np.array([kind, 0, BLUR, OCCLUSION, MISALIGNED], dtype=np.int8), 80)
    strengths = np.array([STRENGTH.get(k, 0) for k in kinds.tolist()], dtype=np.float32)
    found = Flaws(kinds, strengths, np.arange(80, dtype=np.uint32))
    together = _applied(images, found)
    order = np.random.default_rng(1).permutation(80)
    np.testing.assert_array_equal(_applied(images[order], found.take(order)), together[order])
    for row in (0, 1, 45, 79):
        one = np.array([row])
        np.testing.assert_array_equal(_applied(images[one], found.take(one)), together[one])
    np.testing.assert_array_equal(together[kinds == 0], images[kinds == 0])
    changed = (together != images).any(axis=(1, 2, 3))
    assert changed[kinds > 0].all()


@pytest.mark.parametrize("kind", KINDS, ids=lambda k: FLAWS[k])
def test_apply_when_image_is_one_colour_then_only_occlusion_shows(kind: int) -> None:
    images = np.full((6, SIDE, SIDE, 3), (200, 120, 30), dtype=np.uint8)
    changed = (_applied(images, _all(kind, 6)) != images).any(axis=(1, 2, 3))
    assert changed.any() == (kind == OCCLUSION)


def test_blur_when_one_pixel_is_lit_then_the_gaussian_of_sigma_strength_times_side() -> None:
    images = np.zeros((1, 41, 41, 3), dtype=np.uint8)
    images[0, 20, 20] = 255
    found = _applied(images, _all(BLUR, 1, 0.03))[0, :, :, 0].astype(float)
    sigma = np.float32(0.03) * 41
    offset = np.arange(-20, 21)
    bell = np.exp(-(offset**2) / (2 * sigma**2))
    expected = 255 * np.outer(bell, bell) / bell.sum() ** 2
    assert np.abs(found - expected).max() <= 0.6


def test_low_resolution_when_the_factor_is_whole_then_block_means_interpolated() -> None:
    images = _images(1, 8)
    found = _applied(images, _all(LOW_RESOLUTION, 1, 0.5))[0].astype(float)
    means = images[0].reshape(4, 2, 4, 2, 3).mean(axis=(1, 3))
    place = np.clip((np.arange(8) + 0.5) / 2 - 0.5, 0, 3)
    near, share = np.minimum(place.astype(int), 2), place - np.minimum(place.astype(int), 2)
    rows = means[near] * (1 - share)[:, None, None] + means[near + 1] * share[:, None, None]
    both = rows[:, near] * (1 - share)[:, None] + rows[:, near + 1] * share[:, None]
    assert np.abs(found - both).max() <= 0.51


def test_low_resolution_when_one_pixel_is_left_then_the_mean_colour() -> None:
    images = _images(2)
    found = _applied(images, _all(LOW_RESOLUTION, 2, 0.001))
    np.testing.assert_allclose(
        found, np.broadcast_to(images.mean((1, 2), keepdims=True), found.shape), atol=0.51
    )


def test_low_resolution_when_all_pixels_are_left_then_nothing_changes() -> None:
    images = _images(2)
    np.testing.assert_array_equal(_applied(images, _all(LOW_RESOLUTION, 2, 1.0)), images)


@pytest.mark.parametrize("strength", [0.05, 0.2, 0.6, 1.0])
def test_occlusion_when_applied_then_one_rectangle_of_the_asked_area(strength: float) -> None:
    side = 64
    images = np.full((60, side, side, 3), 255, dtype=np.uint8)
    images[:, :, ::2] = 0
    covered = (_applied(images, _all(OCCLUSION, 60, strength)) != images).any(axis=3)
    for mask in covered:
        y, x = np.nonzero(mask)
        height, width = np.ptp(y) + 1, np.ptp(x) + 1
        assert height * width == pytest.approx(strength * side**2, rel=0.15, abs=40)
        assert max(height, width) <= 2.3 * min(height, width) + 2


def test_occlusion_when_seeds_differ_then_places_and_fills_do() -> None:
    images = np.full((90, SIDE, SIDE, 3), (180, 140, 120), dtype=np.uint8)
    images[:, :, :2] = 0
    found = _applied(images, _all(OCCLUSION, 90))
    changed = [
        np.unique(f[(f != i).any(axis=2)], axis=0) for f, i in zip(found, images, strict=True)
    ]
    noisy = sum(len(colours) > 20 for colours in changed)
    plain_grey = sum(len(c) == 1 and len(set(c[0].tolist())) == 1 for c in changed)
    assert 15 <= noisy <= 45
    assert 15 <= plain_grey <= 45
    masks = (found != images).any(axis=3).reshape(90, -1)
    assert len(np.unique(masks, axis=0)) > 60


def test_occlusion_when_filled_with_skin_then_the_mean_of_the_middle() -> None:
    images = np.zeros((30, SIDE, SIDE, 3), dtype=np.uint8)
    images[:, 8:24, 8:24] = (201, 151, 101)
    found = _applied(images, _all(OCCLUSION, 30)).reshape(30, -1, 3)
    outside = ~(found == 0).all(2)
    outside &= ~np.tile(np.pad(np.ones((16, 16), bool), 8).reshape(1, -1), (30, 1))
    colours = {tuple(c) for c in found[outside].tolist()}
    assert (201, 151, 101) in colours


def test_misaligned_when_applied_then_smaller_and_within_the_stated_bounds() -> None:
    """A disc's area shrinks by factor^2, its centre moves by at most 0.16 of the side a way."""
    side = 96
    y, x = np.mgrid[0:side, 0:side] - (side - 1) / 2
    images = np.zeros((40, side, side, 3), dtype=np.uint8)
    images[:, np.hypot(y, x) < 10] = 255
    found = _applied(images, _all(MISALIGNED, 40))[..., 0] / 255
    found[:, np.hypot(y, x) > 33] = 0  # where the mirror may show the disc again
    factor = np.sqrt(images[0, ..., 0].sum() / 255 / found.sum(axis=(1, 2)))
    assert factor.min() >= 1 + 0.3 * 0.45 - 0.02
    assert factor.max() <= 1.45 + 0.02
    assert np.ptp(factor) > 0.15
    centre = np.stack([(found * a).sum((1, 2)) / found.sum((1, 2)) for a in (y, x)])
    assert np.hypot(*centre).max() <= 0.16 * side * np.sqrt(2) + 1
    assert np.hypot(*centre).max() > 0.1 * side


def test_misaligned_when_strength_is_zero_then_nothing_changes() -> None:
    images = _images(4)
    np.testing.assert_array_equal(_applied(images, _all(MISALIGNED, 4, 0.0)), images)


def test_apply_when_rows_do_not_match_or_kind_is_unknown_then_error() -> None:
    with pytest.raises(DataError, match="2 images and flaws of 3 rows"):
        flaws.apply(_images(2), _all(BLUR, 3))
    with pytest.raises(DataError, match=r"kind 9; this version knows 0 to 4"):
        flaws.apply(_images(1), _all(9, 1, 0.5))


def test_put_when_rows_are_marked_then_a_copy() -> None:
    before = flaws.none(5)
    after = before.put(np.array([1, 3]), BLUR, 0.5, np.array([7, 8], dtype=np.uint32))
    assert after.kinds.tolist() == [0, BLUR, 0, BLUR, 0]
    assert after.seeds.tolist() == [0, 7, 0, 8, 0]
    assert not before.kinds.any()
    assert before.digested() != after.digested()


def test_flaws_when_columns_differ_in_length_then_error() -> None:
    with pytest.raises(DataError, match="differ in length"):
        Flaws(np.zeros(2, np.int8), np.zeros(3, np.float32), np.zeros(2, np.uint32))
