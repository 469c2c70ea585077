"""Record 0 and identity records of InsightFace, and files that have neither."""

from pathlib import Path

import pytest

from frlib.core.errors import DataError
from frlib.data.recordio.identities import layout
from frlib.data.recordio.reader import RecordFile
from tests.unit.data.recordio.by_hand import scalar, vector, write

IMAGES = tuple((key, scalar(key, key // 3, b"image")) for key in (1, 2, 3))


def test_layout_when_identity_records_then_ranges(tmp_path: Path) -> None:
    tail = ((0, vector(0, (4, 6), b"")), (4, vector(4, (1, 3), b"")), (5, vector(5, (3, 4), b"")))
    found = layout(RecordFile(write(tmp_path / "a.rec", *IMAGES, *tail)))
    assert found.header == (4.0, 6.0)
    assert found.images.tolist() == [1, 2, 3]
    assert found.identities.tolist() == [4, 5]
    assert found.ranges.tolist() == [[1, 3], [3, 4]]
    assert found.exact


def test_layout_when_header_counts_classes_then_no_identity_records(tmp_path: Path) -> None:
    found = layout(RecordFile(write(tmp_path / "a.rec", *IMAGES, (0, vector(0, (4, 2), b"")))))
    assert found.images.tolist() == [1, 2, 3]
    assert found.identities.tolist() == []
    assert found.ranges.shape == (0, 2)


@pytest.mark.parametrize("record", [scalar(0, 7, b"image"), vector(0, (7, 1), b"image")])
def test_layout_when_record_zero_is_an_image_then_all_are_images(
    record: bytes, tmp_path: Path
) -> None:
    found = layout(RecordFile(write(tmp_path / "a.rec", *IMAGES, (0, record))))
    assert found.header == ()
    assert found.images.tolist() == [0, 1, 2, 3]


def test_layout_when_numbers_are_rounded_then_index_decides_and_it_is_reported(
    tmp_path: Path,
) -> None:
    tail = ((0, vector(0, (2.0**24, 2.0**24), b"")), (4, vector(4, (1, 4), b"")))
    found = layout(RecordFile(write(tmp_path / "a.rec", *IMAGES, *tail)))
    assert not found.exact
    assert found.images.tolist() == [1, 2, 3]
    assert found.identities.tolist() == [4]


def test_layout_when_index_was_cut_short_then_error_gives_both_counts(tmp_path: Path) -> None:
    path = write(tmp_path / "a.rec", (0, vector(0, (4, 2), b"")), *IMAGES)
    index = path.with_suffix(".idx")
    index.write_text("".join(index.read_text().splitlines(keepends=True)[:-1]))
    with pytest.raises(DataError, match=r"record 0 says 3 images, the index has 2.*a\.idx cut"):
        layout(RecordFile(path))


@pytest.mark.parametrize("labels", [(1.0,), (3.0, 1.0), (float("nan"), 2.0), (1.0, 1e30)])
def test_layout_when_an_identity_has_no_range_then_error(
    labels: tuple[float, ...], tmp_path: Path
) -> None:
    tail = ((0, vector(0, (4, 5), b"")), (4, vector(4, labels, b"")))
    with pytest.raises(DataError, match="key 4 has an empty image and label"):
        layout(RecordFile(write(tmp_path / "a.rec", *IMAGES, *tail)))
