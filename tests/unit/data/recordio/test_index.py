"""Index files: any order, whole, unique, and small in memory."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from frlib.core.errors import DataError
from frlib.data.recordio import index

ENTRIES = st.dictionaries(st.integers(0, 10**18 - 1), st.integers(0, 10**18 - 1), min_size=1)


def _load(root: Path, text: bytes) -> index.Index:
    path = root / "train.idx"
    path.write_bytes(text)
    return index.load(path)


def test_index_when_unsorted_then_found_by_key(tmp_path: Path) -> None:
    found = _load(tmp_path, b"37\t0\n9\t128\n100000\t64\n0\t4294967296\n")
    assert found.keys.tolist() == [0, 9, 37, 100000]
    assert [found.offset(key) for key in (37, 9, 100000, 0)] == [0, 128, 64, 2**32]
    assert found.offsets_of(np.array([9, 0])).tolist() == [128, 2**32]
    assert [key in found for key in (9, 10, -1, 100001)] == [True, False, False, False]


def test_index_when_keys_have_no_gaps_then_only_offsets_are_kept(tmp_path: Path) -> None:
    found = _load(tmp_path, b"3\t8\n5\t24\n4\t0\n")
    assert found._keys is None
    assert found.keys.tolist() == [3, 4, 5]
    assert [found.offset(key) for key in (3, 4, 5)] == [8, 0, 24]
    assert [found.key(place) for place in range(3)] == [3, 4, 5]
    assert [key in found for key in (2, 3, 6)] == [False, True, False]
    assert found.offsets_of(np.array([5, 3])).tolist() == [24, 8]


@settings(max_examples=50, deadline=None)
@given(ENTRIES)
def test_lines_when_parsed_then_the_same(entries: dict[int, int]) -> None:
    text = index.lines(entries.items())
    assert text == b"".join(b"%d\t%d\n" % entry for entry in entries.items())
    numbers = index._parse(text, Path("x"), 0).tolist()
    assert dict(zip(numbers[0::2], numbers[1::2], strict=True)) == entries


def test_load_when_longer_than_a_block_then_all_lines(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(index, "_BLOCK", 50)
    found = _load(tmp_path, b"".join(b"%d\t%d\n" % (key, 8 * key) for key in range(500)))
    assert found.offsets.tolist() == [8 * key for key in range(500)]
    with pytest.raises(DataError, match=r"line 101: found 'x\\n'"):
        _load(tmp_path, b"1\t2\n" * 100 + b"x\n")


def test_load_when_lines_end_as_on_windows_then_read(tmp_path: Path) -> None:
    assert _load(tmp_path, b"1\t0\r\n2\t8\r\n").keys.tolist() == [1, 2]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (b"", "0 bytes; expected lines"),
        (b"1\t0\n2\t8", r"line 2: found '2\\t8'; expected a key, a tab"),
        (b"1\t0\n2 8\n", r"line 2: found '2 8\\n'"),
        (b"1\t0\n\n2\t8\n", r"line 2: found '\\n'"),
        (b"1\t0\n2\t8\t9\n", "line 2: found"),
        (b"1\t0\n-2\t8\n", "line 2: found '-2"),
        (b"1\n0\t2\n8\n", "line 1: found"),
        (b"1\t0\n2\t9999999999999999999\n", "line 2: found"),
        (b"\xff\x00" * 100, "line 1: found"),
        (b"7", "line 1: found '7'"),
        (b"7\t0\n3\t8\n7\t16\n", "1 lines repeat the key of another, first key 7"),
        (b"7\t8\n3\t0\n8\t8\n", "1 lines repeat the offset of another, first offset 8"),
    ],
)
def test_load_when_damaged_then_error_names_file_and_line(
    text: bytes, message: str, tmp_path: Path
) -> None:
    with pytest.raises(DataError, match=message) as caught:
        _load(tmp_path, text)
    assert "train.idx" in str(caught.value)


def test_load_when_absent_then_error(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"gone\.idx: No such file"):
        index.load(tmp_path / "gone.idx")


def test_offset_when_key_is_unknown_then_error_shows_the_range(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no key 4 among 2 keys from 3 to 9"):
        _load(tmp_path, b"9\t0\n3\t8\n").offset(4)
