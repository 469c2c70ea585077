import struct

import numpy as np
import pytest

from frlib.core.errors import DataError
from frlib.data.features import single

VALUES = np.array([0.5, -1.25, 3.0], dtype=np.float32)


def test_bin_when_written_then_the_official_bytes_and_the_same_values(tmp_path):
    path = tmp_path / "a.bin"
    single.write_bin(path, VALUES)
    assert path.read_bytes() == struct.pack("<4i3f", 3, 1, 4, 5, *VALUES)
    np.testing.assert_array_equal(single.read(path), VALUES)


@pytest.mark.parametrize("shape", [(3,), (1, 3), (3, 1)])
@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_npy_when_one_vector_then_read_as_float32(tmp_path, shape, dtype):
    path = tmp_path / "a.npy"
    np.save(path, VALUES.astype(dtype).reshape(shape))
    found = single.read(path)
    assert found.dtype == np.float32
    np.testing.assert_array_equal(found, VALUES)


def _bin(rows=3, rest=(1, 4, 5), values=VALUES):
    return struct.pack("<4i", rows, *rest) + values.tobytes()


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "0 bytes; a feature has a header of 16"),
        (_bin()[:-1], "27 bytes, the header promises 28"),
        (_bin() + b"0", "29 bytes, the header promises 28"),
        (_bin(rows=-3), "header"),
        (_bin(rows=0, values=VALUES[:0]), "header"),
        (_bin(rest=(2, 4, 5)), r"expected \(dimensions, 1, 4, 5\)"),
        (_bin(rest=(1, 8, 6)), r"expected \(dimensions, 1, 4, 5\)"),
        (_bin(values=np.float32([1, np.nan, np.inf])), "2 of 3 numbers are not finite"),
    ],
)
def test_bin_when_damaged_then_data_error(tmp_path, data, message):
    path = tmp_path / "a.bin"
    path.write_bytes(data)
    with pytest.raises(DataError, match=message):
        single.read(path)


def test_bin_when_far_too_large_then_it_is_not_read(tmp_path):
    path = tmp_path / "a.bin"
    with path.open("wb") as file:
        file.truncate(1 << 32)
    with pytest.raises(DataError, match="too many for one feature"):
        single.read(path)


@pytest.mark.parametrize(
    "array", [np.ones((2, 3)), np.arange(3), np.float32(3), np.ones((0,)), np.full(3, 1e300)]
)
def test_npy_when_not_one_vector_of_floats_then_data_error(tmp_path, array):
    path = tmp_path / "a.npy"
    np.save(path, array)
    with pytest.raises(DataError, match=r"a\.npy"):
        single.read(path)


def test_npy_when_pickled_then_refused(tmp_path):
    path = tmp_path / "a.npy"
    np.save(path, np.array([{}], dtype=object), allow_pickle=True)
    with pytest.raises(DataError, match="cannot be read"):
        single.read(path)


def test_read_when_missing_or_of_another_kind_then_data_error(tmp_path):
    with pytest.raises(DataError, match="cannot be read"):
        single.read(tmp_path / "none.bin")
    with pytest.raises(DataError, match=r"ends in \.bin or \.npy"):
        single.read(tmp_path / "a.txt")
