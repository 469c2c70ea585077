"""Damaged `.bin` files: a `DataError` or pairs that are consistent, never anything else."""

import pickle
import time
import tracemalloc

import numpy as np
import pytest

from frlib.core.errors import DataError
from frlib.data.pairsets import bin as bin_file
from tests.unit.data.pairsets import made

FLAGS = [True, False, True]
ITEMS = made.images(6)
FILES = {
    "python 2 protocol 0": made.python2_protocol0(ITEMS, FLAGS),
    "python 2 protocol 2": made.python2_protocol2(ITEMS, FLAGS),
    **{
        f"{kind} protocol {protocol}": pickle.dumps((items, flags), protocol)
        for kind, items, flags in (
            ("bytes", ITEMS, FLAGS),
            ("arrays", made.columns(ITEMS), np.array(FLAGS)),
        )
        for protocol in (0, 2, 4, 5)
    },
}


def survives(data: bytes) -> bool:
    """Whether it was read; anything but a `DataError` passes through and fails the test."""
    try:
        found = bin_file.parse(data, "damaged.bin")
    except DataError:
        return False
    assert len(found.images) == 2 * len(found.same) > 0
    return True


@pytest.mark.timeout(30)
@pytest.mark.parametrize("name", sorted(FILES))
def test_parse_when_bits_flip_then_data_error_or_consistent(name) -> None:
    whole = FILES[name]
    assert survives(whole)
    rng = np.random.default_rng(len(whole))
    began, read = time.monotonic(), 0
    tracemalloc.start()
    try:
        for flips in rng.integers(1, 4, size=300).tolist():
            damaged = bytearray(whole)
            for bit in rng.integers(0, 8 * len(whole), size=flips).tolist():
                damaged[bit // 8] ^= 1 << bit % 8
            read += survives(bytes(damaged))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 4 << 20
    assert time.monotonic() - began < 5
    assert 0 < read < 300


@pytest.mark.parametrize("name", sorted(FILES))
def test_parse_when_cut_anywhere_then_data_error(name) -> None:
    whole = FILES[name]
    assert not any(survives(whole[:length]) for length in range(len(whole)))


def test_parse_when_random_bytes_then_data_error() -> None:
    rng = np.random.default_rng(7)
    assert not any(survives(b"\x80\x04" + rng.bytes(200)) for _ in range(300))
