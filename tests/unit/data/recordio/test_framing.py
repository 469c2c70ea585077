"""Parts: split, padded, joined, and refused when they are not what they should be."""

import struct
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from frlib.core.errors import DataError
from frlib.data.recordio import framing
from tests.unit.data.recordio.by_hand import MAGIC, part

HERE = Path("some.rec")
PIECES = st.lists(
    st.one_of(st.just(MAGIC), st.binary(max_size=9), st.just(b"\0" * 4), st.just(MAGIC[:2])),
    max_size=12,
)


def _read(data: bytes, offset: int = 0) -> bytes:
    return framing.join(data, framing.parts(data, offset, HERE))


@pytest.mark.parametrize("size", range(9))
def test_frame_when_no_magic_inside_then_one_padded_part(size: int) -> None:
    payload = bytes(range(1, size + 1))
    padding = bytes((4 - size % 4) % 4)
    assert framing.frame(payload) == MAGIC + struct.pack("<I", size) + payload + padding


@pytest.mark.parametrize(
    ("payload", "parts"),
    [
        (MAGIC, [(1, b""), (3, b"")]),
        (MAGIC + MAGIC, [(1, b""), (2, b""), (3, b"")]),
        (b"abcd" + MAGIC + b"xyz", [(1, b"abcd"), (3, b"xyz")]),
        (b"abcd" + MAGIC + b"12345678" + MAGIC, [(1, b"abcd"), (2, b"12345678"), (3, b"")]),
        (b"a" + MAGIC + b"bcd", [(0, b"a" + MAGIC + b"bcd")]),
        (b"a" + MAGIC + b"bcd" + MAGIC, [(1, b"a" + MAGIC + b"bcd"), (3, b"")]),
    ],
)
def test_frame_when_magic_inside_then_split_at_multiples_of_four_only(
    payload: bytes, parts: list[tuple[int, bytes]]
) -> None:
    expected = b"".join(part(cflag, data) for cflag, data in parts)
    assert framing.frame(payload) == expected
    assert _read(expected) == payload
    assert framing.length(framing.parts(expected, 0, HERE)) == len(payload)


@settings(max_examples=100, deadline=None)
@given(st.lists(PIECES.map(b"".join), min_size=1, max_size=4))
def test_records_when_written_and_read_then_the_same(payloads: list[bytes]) -> None:
    data = b"".join(framing.frame(payload) for payload in payloads)
    offset, found = 0, []
    while offset < len(data):
        found.append(_read(data, offset))
        offset = framing.parts(data, offset, HERE)[-1].following
    assert found == payloads
    assert len(data) % 4 == 0


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "offset 0: found the end of the file at 0; expected a record"),
        (b"\0" * 8, "found bytes 00000000; expected the magic number 0a23d7ce"),
        (part(0, b"12345")[:-1], "found 7 bytes up to the end .*expected 8 bytes"),
        (MAGIC + b"\xff\xff\xff\x1f", "found 0 bytes up to the end .*expected 536,870,912 bytes"),
        (part(3, b""), r"a last part \(cflag 3\); expected the start of a record"),
        (part(2, b""), r"a middle part \(cflag 2\); expected the start"),
        (part(5, b""), r"an unknown kind of part \(cflag 5\)"),
        (part(1, b"1234") + part(0, b""), r"offset 12: found a whole record .*middle or last"),
        (part(1, b"1234"), "offset 12: found the end of the file at 12"),
        (part(1, b"123") + part(3, b""), "first part .* of 3 bytes; expected a multiple of 4"),
    ],
)
def test_parts_when_damaged_then_error_says_where_and_what(data: bytes, message: str) -> None:
    with pytest.raises(DataError, match=message) as caught:
        framing.parts(data, 0, HERE)
    assert "some.rec, offset" in str(caught.value)
    assert "copy both again" in str(caught.value)


def test_frame_when_a_record_is_too_long_then_refused() -> None:
    with pytest.raises(DataError, match="fewer than 536,870,912"):
        framing.frame(bytes(2**29))
