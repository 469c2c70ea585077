import numpy as np
import pytest

from frlib.core.errors import ProtocolError
from frlib.metrics import embeddings
from frlib.metrics.folds import contiguous
from frlib.metrics.tface_rfw import tface_rfw
from tests.unit.metrics import naive


def test_tface_rfw_when_pairs_are_farther_than_one_then_never_accepted():
    emb, same = naive.faces(0)
    unit = embeddings.sum_normalise(emb)
    found, rates = tface_rfw(unit[0::2], unit[1::2], same, contiguous(len(same), 4))
    far = embeddings.squared_distance(unit[0::2], unit[1::2]) >= 1
    assert far.any()
    assert (found.correct_P[far] == ~same[far]).all()
    assert "faulty" in found.protocol and "faulty" in rates.protocol


def test_tface_rfw_when_val_is_computed_then_small_centred_cosines_are_accepted():
    emb, same = naive.faces(0, spread=0.3)
    unit = embeddings.sum_normalise(emb)
    left, right = unit[0::2], unit[1::2]
    _, rates = tface_rfw(left, right, same, contiguous(len(same), 1), target=0.5)
    mean = unit.mean(0)
    a, b = left - mean, right - mean
    cosine = (a * b).sum(1) / np.linalg.norm(a, axis=1) / np.linalg.norm(b, axis=1)
    assert rates.far == (cosine[~same] < rates.threshold_per_fold[0]).mean()
    assert rates.val == (cosine[same] < rates.threshold_per_fold[0]).mean()
    assert rates.val < rates.far


def test_tface_rfw_when_all_embeddings_are_equal_then_nothing_is_accepted():
    ones = np.full((8, 4), 0.5)
    _, rates = tface_rfw(ones, ones, np.tile([True, False], 4), contiguous(8, 2))
    assert (rates.val, rates.far) == (0.0, 0.0)


def test_tface_rfw_when_a_fold_has_one_kind_then_protocol_error():
    emb, _ = naive.faces(0, pairs=20)
    unit = embeddings.sum_normalise(emb)
    same = np.repeat([True, False], 10)
    with pytest.raises(ProtocolError, match="0 different"):
        tface_rfw(unit[0::2], unit[1::2], same, contiguous(20, 4))
