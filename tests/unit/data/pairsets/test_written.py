"""Written pair sets: read back by the reader here and by pickle itself; whole or absent."""

import pickle
from pathlib import Path

import numpy as np
import pytest

from frlib.core.errors import DataError
from frlib.data.pairsets import bin as bin_file
from frlib.data.pairsets import folder
from frlib.data.pairsets.images import ImagePairs
from tests.unit.data.pairsets import made

SAME = np.array([True, False, True, False])
LONG = b"\xff\xd8\xff" + bytes(range(256)) * 300
IMAGES = (*made.images(6), LONG, LONG[:255])
PAIRS = ImagePairs(images=IMAGES, same=SAME)


def test_bin_when_written_then_pickle_reads_lists_of_bytes_and_bools(tmp_path: Path) -> None:
    bin_file.write(tmp_path / "set.bin", PAIRS)
    bins, issame = pickle.loads((tmp_path / "set.bin").read_bytes())
    assert bins == list(IMAGES)
    assert issame == [True, False, True, False]
    assert {type(flag) for flag in issame} == {bool}


@pytest.mark.parametrize("length", [3, 254, 255, 256, 257, 65536])
def test_bin_when_an_image_has_any_length_then_read_back(length: int, tmp_path: Path) -> None:
    images = (LONG[:length], LONG)
    bin_file.write(tmp_path / "set.bin", ImagePairs(images=images, same=SAME[:1]))
    assert bin_file.read(tmp_path / "set.bin").images == images


def test_bin_when_written_by_hand_then_the_bytes_of_the_layout(tmp_path: Path) -> None:
    bin_file.write(tmp_path / "set.bin", ImagePairs(images=(b"ab", b"c" * 256), same=SAME[:1]))
    expected = b"\x80\x04](C\x02abB\x00\x01\x00\x00" + b"c" * 256 + b"e](\x88e\x86."
    assert (tmp_path / "set.bin").read_bytes() == expected


def test_bin_when_too_large_to_be_read_then_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bin_file, "MAX_BYTES", 1000)
    with pytest.raises(DataError, match=r"4 pairs take .* at most 1,000\. Write them as a folder"):
        bin_file.write(tmp_path / "set.bin", PAIRS)
    assert not list(tmp_path.iterdir())


def test_folder_when_written_then_the_original_bytes_by_number(tmp_path: Path) -> None:
    folder.write(tmp_path / "set", PAIRS)
    assert (tmp_path / "set" / "imgs" / "6.jpg").read_bytes() == LONG
    found = folder.read(tmp_path / "set")
    assert found.images == IMAGES
    assert found.same.tolist() == SAME.tolist()
    assert [p.name for p in tmp_path.iterdir()] == ["set"]


def test_folder_when_something_is_there_then_refused_and_unchanged(tmp_path: Path) -> None:
    (tmp_path / "set").mkdir()
    with pytest.raises(DataError, match="set exists"):
        folder.write(tmp_path / "set", PAIRS)
    assert not list((tmp_path / "set").iterdir())


def test_folder_when_interrupted_then_nothing_is_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(np, "save", stop)
    with pytest.raises(KeyboardInterrupt):
        folder.write(tmp_path / "set", PAIRS)
    assert not list(tmp_path.iterdir())
