import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from frlib.core.errors import ConfigError
from frlib.data.check.near import pairs


def _all_pairs(hashes: np.ndarray, bits: int) -> np.ndarray:
    distance = np.bitwise_count(hashes[:, None] ^ hashes[None, :])
    return np.argwhere(np.triu(distance <= bits, 1))


def _near_hashes(seed: int, count: int, flips: int) -> np.ndarray:
    """Random hashes, each with a companion some bits away."""
    rng = np.random.default_rng(seed)
    hashes = rng.integers(0, 2**64, count, dtype=np.uint64, endpoint=False)
    away = hashes.copy()
    for _ in range(flips):
        away ^= np.uint64(1) << rng.integers(0, 64, count, dtype=np.uint64)
    return np.concatenate([hashes, away])


@given(st.integers(0, 10**6), st.integers(0, 5), st.integers(0, 3), st.sampled_from([2, 5, 2048]))
def test_pairs_when_compared_with_all_pairs_then_equal(
    seed: int, flips: int, bits: int, most: int
) -> None:
    hashes = _near_hashes(seed, 40, flips)
    found = pairs(hashes, bits, most)
    assert found.crowded == 0
    np.testing.assert_array_equal(
        np.stack([found.first, found.second], axis=1), _all_pairs(hashes, bits)
    )


def test_pairs_when_one_band_is_equal_for_all_then_divided_again_and_nothing_is_lost() -> None:
    hashes = _near_hashes(1, 500, 2) & ~np.uint64(0xFFFF)
    found = pairs(hashes, 3, most=20)
    assert found.crowded == 0
    np.testing.assert_array_equal(
        np.stack([found.first, found.second], axis=1), _all_pairs(hashes, 3)
    )


def test_pairs_when_a_bucket_stays_full_then_left_out_and_counted() -> None:
    same = np.full(30, 7, dtype=np.uint64)
    other = np.array([0x1111_2222_3333_4444, 0x1111_2222_3333_4445], dtype=np.uint64)
    found = pairs(np.concatenate([same, other]), 1, most=20)
    assert found.crowded == 30
    assert (found.first.tolist(), found.second.tolist()) == ([30], [31])


def test_pairs_when_there_is_nothing_then_nothing_is_found() -> None:
    assert len(pairs(np.array([], dtype=np.uint64), 3).first) == 0


@pytest.mark.parametrize("bits", [-1, 4])
def test_pairs_when_more_bits_than_bands_allow_then_error(bits: int) -> None:
    with pytest.raises(ConfigError, match="0 to 3 bits"):
        pairs(np.zeros(2, dtype=np.uint64), bits)
