"""Written files: bytes put together by hand, all or nothing."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from frlib.core.errors import DataError
from frlib.data.recordio import writer
from frlib.data.recordio.reader import RecordFile
from tests.unit.data.recordio.by_hand import MAGIC, part, scalar, vector

PEOPLE = [[b"one", b"two"], [b"three"]]


def test_plain_when_written_then_scalar_records_in_the_given_order(tmp_path: Path) -> None:
    writer.write_plain(tmp_path / "a.rec", [(7, 2, b"abc"), (0, 1, b"wxyz")])
    assert (tmp_path / "a.rec").read_bytes() == part(0, scalar(7, 2, b"abc")) + part(
        0, scalar(0, 1, b"wxyz")
    )
    assert (tmp_path / "a.idx").read_bytes() == b"7\t0\n0\t36\n"


def test_list_style_when_written_then_record_zero_after_the_images(tmp_path: Path) -> None:
    writer.write_identities(tmp_path, PEOPLE, 112, 96)
    expected = [
        vector(1, (0, 1), b"one"),
        vector(2, (0, 1), b"two"),
        vector(3, (1, 1), b"three"),
        vector(0, (4, 6), b""),
        vector(4, (1, 3), b""),
        vector(5, (3, 4), b""),
    ]
    assert (tmp_path / "train.rec").read_bytes() == b"".join(part(0, one) for one in expected)
    assert (tmp_path / "train.idx").read_text().split()[::2] == ["1", "2", "3", "0", "4", "5"]
    assert (tmp_path / "property").read_bytes() == b"2,112,96\n"


def test_builder_style_when_written_then_record_zero_last(tmp_path: Path) -> None:
    writer.write_identities(tmp_path, PEOPLE, 112, 112, "builder")
    expected = [
        scalar(1, 0, b"one"),
        scalar(2, 0, b"two"),
        scalar(3, 1, b"three"),
        vector(4, (1, 3), b""),
        vector(5, (3, 4), b""),
        vector(0, (4, 6), b"", id2=1),
    ]
    assert (tmp_path / "train.rec").read_bytes() == b"".join(part(0, one) for one in expected)


@settings(max_examples=30, deadline=None)
@given(
    entries=st.dictionaries(
        st.integers(0, 10**6),
        st.tuples(st.integers(0, 2**24 - 1), st.sampled_from([b"", b"x", MAGIC, b"1234" + MAGIC])),
        min_size=1,
        max_size=6,
    )
)
def test_images_when_written_and_read_then_the_same_with_and_without_index(
    entries: dict[int, tuple[int, bytes]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.mktemp("made") / "a.rec"
    writer.write_plain(path, [(key, *value) for key, value in entries.items()])
    for index in (None, path.with_suffix(".absent")):
        records = RecordFile(path, index)
        assert records.index.keys.tolist() == sorted(entries)
        found = {key: (records.class_of(key), records.image(key)[1]) for key in entries}
        assert found == entries


@pytest.mark.parametrize(
    ("images", "message"),
    [
        ([(1, 0, b"x"), (2, 2**24 + 1, b"y")], r"record 2: label 16777217"),
        ([(1, 0, b"x"), (1, 0, b"y")], "key 1 was used more than once"),
        ([(1, 0, b"x"), (-1, 0, b"y")], "record -1: ids -1, 0"),
        ([], "no records were written"),
    ],
)
def test_writing_when_refused_then_nothing_is_left_and_old_files_stay(
    images: list[tuple[int, int, bytes]], message: str, tmp_path: Path
) -> None:
    with pytest.raises(DataError, match=rf"writing .*a\.rec: {message}"):
        writer.write_plain(tmp_path / "a.rec", images)
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "a.rec").write_bytes(b"old")
    with pytest.raises(DataError, match=message):
        writer.write_plain(tmp_path / "a.rec", images)
    assert [path.name for path in tmp_path.iterdir()] == ["a.rec"]
    assert (tmp_path / "a.rec").read_bytes() == b"old"
