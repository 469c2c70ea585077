"""Reading by key: whole and split records, a missing index, damaged files."""

import struct
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from frlib.core.errors import DataError
from frlib.data.recordio.header import Header
from frlib.data.recordio.reader import Head, RecordFile
from tests.unit.data.recordio.by_hand import MAGIC, part, scalar, vector, write


def _three(root: Path, *, index: bool = True) -> Path:
    return write(
        root / "train.rec",
        (8, scalar(8, 2, b"eight")),
        (3, vector(3, (1, 1), b"three")),
        (5, vector(5, (9, 10), b"")),
        index=index,
    )


@pytest.mark.parametrize("index", [True, False])
def test_image_when_read_by_key_then_header_and_bytes(index: bool, tmp_path: Path) -> None:
    records = RecordFile(_three(tmp_path, index=index))
    assert records.index.keys.tolist() == [3, 5, 8]
    assert records.image(8) == (Header(2.0, 8), b"eight")
    assert records.image(3) == (Header((1.0, 1.0), 3), b"three")
    assert records.image(5) == (Header((9.0, 10.0), 5), b"")
    assert records.head(3) == Head(Header((1.0, 1.0), 3), 5)
    assert [records.class_of(key) for key in (8, 3)] == [2, 1]
    assert list(records.offsets()) == [0, 40, 40 + 48]


def test_image_when_split_in_parts_then_joined_with_the_magic(tmp_path: Path) -> None:
    split = scalar(1, 6, b"abcd")
    label = struct.unpack("<f", MAGIC)[0]
    odd = struct.pack("<I", 0), struct.pack("<QQ", 2, 0) + b"tail"
    path = tmp_path / "train.rec"
    path.write_bytes(
        part(1, split) + part(2, b"efgh") + part(3, b"i") + part(1, odd[0]) + part(3, odd[1])
    )
    records = RecordFile(path)
    assert records.image(1) == (Header(6.0, 1), b"abcd" + MAGIC + b"efgh" + MAGIC + b"i")
    assert records.head(1) == Head(Header(6.0, 1), 17)
    assert records.image(2) == (Header(label, 2), b"tail")
    assert records.head(2) == Head(Header(label, 2), 4)


def test_index_when_missing_and_ids_repeat_then_keys_are_numbered(tmp_path: Path) -> None:
    path = write(tmp_path / "a.rec", (0, scalar(0, 4, b"x")), (1, scalar(0, 5, b"y")), index=False)
    records = RecordFile(path)
    assert [records.image(key)[1] for key in (0, 1)] == [b"x", b"y"]


def test_index_when_missing_and_no_headers_then_keys_are_numbered(tmp_path: Path) -> None:
    path = write(tmp_path / "a.rec", (0, b""), (0, b"raw"), index=False)
    assert [RecordFile(path).record(key) for key in (0, 1)] == [b"", b"raw"]


def test_record_when_read_from_threads_then_each_gets_its_own(tmp_path: Path) -> None:
    keys = list(range(200))
    path = write(tmp_path / "a.rec", *((k, scalar(k, 0, b"%d" % k)) for k in keys))
    records = RecordFile(path)
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda key: records.image(key)[1], keys * 5))
    assert found == [b"%d" % key for key in keys * 5]


def test_open_when_empty_or_absent_then_error_names_the_file(tmp_path: Path) -> None:
    (tmp_path / "a.rec").touch()
    with pytest.raises(DataError, match=r"a\.rec: 0 bytes"):
        RecordFile(tmp_path / "a.rec")
    with pytest.raises(DataError, match=r"b\.rec: No such file"):
        RecordFile(tmp_path / "b.rec")


@pytest.mark.parametrize("index", [True, False])
@pytest.mark.parametrize("cut", [1, 8, 39])
def test_open_when_cut_short_then_error_gives_the_offset(
    cut: int, index: bool, tmp_path: Path
) -> None:
    path = _three(tmp_path, index=index)
    path.write_bytes(path.read_bytes()[:-cut])
    with pytest.raises(DataError, match=r"train\.rec, offset 88: found"):
        RecordFile(path)


def test_open_when_index_is_of_a_longer_file_then_error_gives_the_key(tmp_path: Path) -> None:
    path = _three(tmp_path)
    path.with_suffix(".idx").write_text("3\t0\n4\t40\n5\t888\n")
    with pytest.raises(DataError, match=r"offset 888: .*first of key 5"):
        RecordFile(path)
    path.with_suffix(".idx").write_text("3\t2\n5\t88\n")
    with pytest.raises(DataError, match=r"offset 2: .*multiples of 4"):
        RecordFile(path)


def test_image_when_offset_is_inside_a_record_then_error_shows_the_bytes(tmp_path: Path) -> None:
    path = _three(tmp_path)
    path.with_suffix(".idx").write_text("3\t4\n5\t88\n")
    with pytest.raises(DataError, match="offset 4: found bytes 1d000000; expected the magic"):
        RecordFile(path).image(3)


def test_image_when_file_is_cut_while_open_then_error_not_a_crash(tmp_path: Path) -> None:
    path = _three(tmp_path)
    records = RecordFile(path)
    with path.open("r+b") as file:
        file.truncate(40)
    with pytest.raises(DataError, match=r"train\.rec: 40 bytes, 128 when it was opened"):
        records.image(8)
