import numpy as np
import pytest

from frlib.core.errors import NumericsError
from frlib.metrics import centred
from frlib.metrics.folds import contiguous
from frlib.metrics.verification import VARIANTS


def _run(left, right, fold, k):
    return centred.cosines(left.__getitem__, right.__getitem__, fold, k)


def _step_by_step(left, right, fold, k):
    columns = []
    for index in range(k):
        train = fold != index if k > 1 else np.ones(len(fold), bool)
        mean = np.concatenate([left[train], right[train]]).astype(np.float64).mean(0)
        a, b = left - mean.astype(np.float32).astype(np.float64), right - mean.astype(np.float32)
        norm = np.linalg.norm(a, axis=1) * np.linalg.norm(b, axis=1)
        columns.append((a * b).sum(1) / norm)
    return np.stack(columns, axis=1)


@pytest.mark.parametrize("offset", [0, 1, 100])
@pytest.mark.parametrize("k", [1, 3])
def test_cosines_when_expanded_then_as_centring_in_every_fold(offset, k):
    draw = np.random.default_rng(0)
    left, right = (draw.normal(size=(2, 301, 9)) + offset).astype(np.float32)
    fold = contiguous(301, k)
    found = _run(left, right, fold, k)
    np.testing.assert_allclose(found, _step_by_step(left, right, fold, k), rtol=0, atol=1e-7)


def test_cosines_when_an_offset_hides_the_rest_then_step_by_step():
    draw = np.random.default_rng(0)
    left, right = (draw.normal(size=(2, 40, 9)) + 3000).astype(np.float32)
    fold = contiguous(40, 2)
    found = _run(left, right, fold, 2)
    np.testing.assert_allclose(found, _step_by_step(left, right, fold, 2), rtol=0, atol=2e-2)
    assert not np.array_equal(found, _step_by_step(left, right, fold, 2).astype(np.float32))


def test_cosines_when_a_feature_is_the_mean_then_zero():
    left = np.array([[1, 0], [-1, 0], [0, 0]], dtype=np.float32)
    right = np.array([[0, 1], [0, -1], [1, 1]], dtype=np.float32)
    right[2] = 0
    found = _run(left, right, np.zeros(3, dtype=np.int64), 1)
    assert found[:, 0].tolist() == [0, 0, 0]


def test_boundaryface_when_features_overflow_float32_then_numerics_error():
    emb = np.ones((8, 3))
    emb[5, 1] = 1e200
    rows = np.arange(8)
    with pytest.raises(NumericsError, match="in float32: row 5 is not finite"):
        VARIANTS["boundaryface10"](
            emb, None, rows[0::2], rows[1::2], [True, False] * 2, contiguous(4, 2)
        )
