"""Image headers: scalar and vector labels, and numbers that float32 does not hold."""

import struct
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from frlib.core.errors import DataError
from frlib.data.recordio import header
from frlib.data.recordio.header import Header
from tests.unit.data.recordio.by_hand import scalar, vector

HERE = Path("some.rec")
LABELS = st.integers(0, 2**24)


def test_pack_when_scalar_then_flag_zero() -> None:
    expected = struct.pack("<I", 0) + struct.pack("<f", 7) + struct.pack("<QQ", 5, 9) + b"img"
    assert header.pack(Header(7, 5, 9), b"img") == expected


def test_pack_when_vector_then_flag_is_its_length_and_label_zero() -> None:
    expected = struct.pack("<IfQQfff", 3, 0, 5, 0, 1, 2, 3) + b"img"
    assert header.pack(Header((1, 2, 3), 5), b"img") == expected


@settings(max_examples=50, deadline=None)
@given(
    st.one_of(LABELS, st.lists(LABELS, min_size=1, max_size=5).map(tuple)),
    st.integers(0, 2**64 - 1),
    st.integers(0, 2**64 - 1),
    st.binary(max_size=20),
)
def test_header_when_packed_and_unpacked_then_the_same(
    label: float | tuple[float, ...], key: int, key2: int, image: bytes
) -> None:
    record = header.pack(Header(label, key, key2), image)
    found, start = header.unpack(record, len(record), HERE, 0)
    assert found == Header(label, key, key2)
    assert record[start:] == image


@pytest.mark.parametrize("label", [2**24 + 1, (3, 2**24 + 2), -(2**24) - 1, float("nan"), 1e300])
def test_pack_when_label_is_beyond_float32_then_refused(label: float | tuple[float, ...]) -> None:
    with pytest.raises(DataError, match=r"record 4: label .*exact up to 2\*\*24 = 16,777,216"):
        header.pack(Header(label, 4), b"img")


def test_pack_when_no_labels_then_refused() -> None:
    with pytest.raises(DataError, match="record 4: an empty vector"):
        header.pack(Header((), 4), b"img")


@pytest.mark.parametrize(
    ("record", "message"),
    [
        (b"\0" * 23, "offset 8: found a record of 23 bytes; expected an image header of 24"),
        (vector(1, (1, 2), b"")[:-1], "2 labels in a record of 31 bytes; expected 32 or more"),
        (struct.pack("<IfQQ", 2**32 - 1, 0, 0, 0), "4,294,967,295 labels in a record of 24"),
    ],
)
def test_unpack_when_damaged_then_error_says_where(record: bytes, message: str) -> None:
    with pytest.raises(DataError, match=message):
        header.unpack(record, len(record), HERE, 8)


@pytest.mark.parametrize(
    ("label", "message"),
    [
        (0.5, "label 0.5 .*whole and not negative"),
        (-1.0, "label -1.0 .*whole and not negative"),
        (float("nan"), "whole and not negative"),
        (float("inf"), "whole and not negative"),
        (2.0**24, r"label 16777216.0 \(id 1\); expected less than 2\*\*24"),
    ],
)
def test_class_of_when_no_class_number_then_error(label: float, message: str) -> None:
    record = scalar(1, label, b"")
    found, _ = header.unpack(record, len(record), HERE, 0)
    with pytest.raises(DataError, match=message):
        header.class_of(found, HERE, 0)


def test_class_of_when_vector_then_its_first() -> None:
    assert header.class_of(Header((2.0**24 - 1, 1.0), 1), HERE, 0) == 2**24 - 1
