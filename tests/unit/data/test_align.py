"""Alignment against computations of another kind: Procrustes by SVD, and scipy's interpolation."""

import numpy as np
import pytest
from scipy.ndimage import map_coordinates

from frlib.core.errors import DataError
from frlib.data import align


def _by_svd(points: np.ndarray, target: np.ndarray) -> np.ndarray:
    """Umeyama's closed form."""
    p, t = points - points.mean(0), target - target.mean(0)
    u, s, vt = np.linalg.svd(t.T @ p)
    sign = np.diag([1, np.sign(np.linalg.det(u @ vt))])
    turn = u @ sign @ vt
    scale = (s * np.diag(sign)).sum() / (p**2).sum()
    shift = target.mean(0) - scale * turn @ points.mean(0)
    return np.column_stack((scale * turn, shift))


@pytest.mark.parametrize("seed", range(5))
def test_similarity_when_points_are_noisy_then_as_umeyama(seed: int) -> None:
    rng = np.random.default_rng(seed)
    points = align.TEMPLATE * rng.uniform(0.5, 3) + rng.normal(0, 5, (5, 2)) + 40
    expected = _by_svd(points, align.TEMPLATE)
    np.testing.assert_allclose(align.similarity(points, align.TEMPLATE), expected, atol=1e-9)


def test_warp_when_compared_with_scipy_then_within_rounding() -> None:
    rng = np.random.default_rng(0)
    image = rng.integers(0, 256, (90, 130, 3), dtype=np.uint8)
    matrix = np.array([[0.9, -0.3, 20.0], [0.3, 0.9, -7.0]])
    found = align.warp(image, matrix, 112)
    y, x = np.mgrid[0:112, 0:112].astype(float)
    back = np.linalg.inv(np.vstack((matrix, [0, 0, 1])))
    u, v, _ = np.tensordot(back, np.stack((x, y, np.ones_like(x))), axes=1)
    for channel in range(3):
        plane = image[..., channel].astype(float)
        expected = map_coordinates(plane, [v, u], order=1, mode="grid-constant", cval=0)
        np.testing.assert_allclose(found[..., channel], expected, atol=0.51)


def test_crop_when_points_lie_on_the_template_then_the_picture_itself() -> None:
    image = np.random.default_rng(1).integers(0, 256, (112, 112, 3), dtype=np.uint8)
    np.testing.assert_array_equal(align.crop(image, align.TEMPLATE), image)


def test_crop_when_points_coincide_or_are_not_finite_then_refused() -> None:
    image = np.zeros((20, 20, 3), dtype=np.uint8)
    with pytest.raises(DataError, match="one place"):
        align.crop(image, np.full((5, 2), 3.0))
    with pytest.raises(DataError, match="finite"):
        align.crop(image, np.full((5, 2), np.nan))
