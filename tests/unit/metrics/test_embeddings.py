import numpy as np
import pytest

from frlib.core.errors import NumericsError, ProtocolError
from frlib.metrics import embeddings


def test_sum_normalise_when_two_views_then_unit_sum_in_float64():
    emb = np.array([[3, 0], [0, 0], [1, 2]], np.float32)
    flip = np.array([[0, 4], [0, 0], [1, 0]], np.float32)
    found = embeddings.sum_normalise(emb, flip)
    expected = [[0.6, 0.8], [0, 0], [2**-0.5, 2**-0.5]]
    assert found.dtype == np.float64
    np.testing.assert_allclose(found, expected, atol=1e-15)
    assert emb.tolist() == [[3, 0], [0, 0], [1, 2]]


def test_sum_normalise_when_views_cancel_in_float32_then_float64_keeps_the_rest():
    emb = np.array([[1.0, 16_777_216.0]], np.float32)
    flip = np.array([[0.0, 1.0]], np.float32)
    found = embeddings.sum_normalise(emb, flip)
    np.testing.assert_allclose(found[0, 0] * 16_777_217.0, 1, atol=1e-12)


def test_concatenate_when_two_views_then_side_by_side_and_raw():
    found = embeddings.concatenate(np.array([[1.0, 2.0]]), np.array([[3.0, 4.0]]))
    assert found.dtype == np.float32
    assert found.tolist() == [[1, 2, 3, 4]]


def test_mean_norm_when_two_views_then_mean_over_both():
    found = embeddings.mean_norm(np.array([[3.0, 4.0]]), np.array([[0.0, 1.0]]))
    assert found == 3.0


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_views_when_not_finite_then_first_bad_row_is_named(value):
    emb = np.ones((5, 3))
    emb[[2, 4], 1] = value
    with pytest.raises(NumericsError, match=r"mirrored embeddings: row 2 .*2 of 5"):
        embeddings.concatenate(np.ones((5, 3)), emb)


def test_views_when_shapes_differ_then_protocol_error():
    with pytest.raises(ProtocolError, match=r"\(5, 3\).*\(4, 3\)"):
        embeddings.sum_normalise(np.ones((5, 3)), np.ones((4, 3)))


def test_normalise_when_float32_norm_overflows_then_numerics_error():
    with pytest.raises(NumericsError, match="row 1 is not finite in float32"):
        embeddings.normalise(np.array([[1, 1], [3e30, 1]], np.float32))


@pytest.mark.parametrize("rows", [[0, 5], [-1, 0]])
def test_pick_when_a_row_does_not_exist_then_the_pair_is_named(rows):
    with pytest.raises(ProtocolError, match=r"pair \d asks for image (5|-1) of 5"):
        embeddings.pick(np.ones((5, 2)), np.array(rows))


@pytest.mark.parametrize("pairs", [5, 400])
@pytest.mark.parametrize("has_flip", [True, False])
@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_summed_distance_when_in_blocks_then_as_the_steps_one_by_one(pairs, has_flip, dtype):
    draw = np.random.default_rng(0)
    emb, flip = draw.normal(size=(2, 300, 7)).astype(dtype)
    emb[3] = flip[3] = 0
    rows = draw.integers(0, 300, size=(2, pairs))
    rows[:, 0] = 3, 4
    second = flip if has_flip else None
    unit = embeddings.sum_normalise(emb, second)
    wanted = embeddings.squared_distance(unit[rows[0]], unit[rows[1]])
    found = embeddings.summed_distance(emb, second, *rows)
    np.testing.assert_allclose(found, wanted, rtol=0, atol=4e-15)


def test_summed_distance_when_sums_are_exact_then_so_is_the_distance():
    emb = np.array([[49.0, 0], [0, 7.0], [-3.0, 0], [3.0, 0]])
    found = embeddings.summed_distance(emb, None, [0, 0, 0], [3, 1, 2])
    assert found.tolist() == [0, 2, 4]


def test_summed_distance_when_input_is_bad_then_typed_error():
    emb = np.ones((4, 2))
    with pytest.raises(ProtocolError, match="a pair needs one row of each"):
        embeddings.summed_distance(emb, None, [0, 1], [0])
    with pytest.raises(ProtocolError, match="asks for image 4"):
        embeddings.summed_distance(emb, None, [0], [4])
    huge = emb.copy()
    huge[3] = 1e200
    with pytest.raises(NumericsError, match=r"norm of row 3 is not finite.* too large"):
        embeddings.summed_distance(huge, None, [0, 2], [1, 3])
    emb[2, 1] = np.nan
    for pairs in ([0], [1]), ([0, 2], [1, 3]):
        with pytest.raises(NumericsError, match="embeddings: row 2 is not finite"):
            embeddings.summed_distance(emb, None, *pairs)
        with pytest.raises(NumericsError, match="mirrored embeddings: row 2 is not finite"):
            embeddings.summed_distance(np.ones((4, 2)), emb, *pairs)
