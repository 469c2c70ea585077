from pathlib import Path

import numpy as np
import pytest

from frlib.core.errors import DataError
from frlib.data.pairsets import folder
from tests.unit.data.pairsets import made

FLAGS = np.array([True, False] * 6)
IMAGES = made.images(24)


class Leaves:
    """Creates a file when unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self):
        return (Path.touch, (self.path,))


@pytest.fixture
def pair_set(tmp_path: Path) -> Path:
    (tmp_path / "imgs").mkdir()
    for number, image in enumerate(IMAGES):
        (tmp_path / "imgs" / f"{number}.jpg").write_bytes(image)
    np.save(tmp_path / "pair_label.npy", FLAGS)
    return tmp_path


def test_read_when_whole_then_images_in_order_of_their_numbers(pair_set: Path) -> None:
    found = folder.read(pair_set)
    assert list(found.images) == IMAGES
    assert found.same.tolist() == FLAGS.tolist()


def test_read_when_an_image_is_missing_then_error_names_it(pair_set: Path) -> None:
    (pair_set / "imgs" / "11.jpg").rename(pair_set / "imgs" / "011.jpg")
    with pytest.raises(DataError, match=r"1 images are missing, first 11\.jpg; expected 0\.jpg to"):
        folder.read(pair_set)


def test_read_when_counts_differ_then_error_gives_both(pair_set: Path) -> None:
    (pair_set / "imgs" / "24.jpg").write_bytes(IMAGES[0])
    with pytest.raises(DataError, match="25 images and 12 flags; expected 24 images"):
        folder.read(pair_set)


def test_read_when_an_item_is_no_image_then_error(pair_set: Path) -> None:
    (pair_set / "imgs" / "3.jpg").write_bytes(b"<html>")
    with pytest.raises(DataError, match="image 3 starts with 3c 68"):
        folder.read(pair_set)


@pytest.mark.parametrize("name", ["imgs", "pair_label.npy", "."])
def test_read_when_a_part_is_absent_then_error(pair_set: Path, name: str) -> None:
    (pair_set / name).resolve().rename(pair_set.parent / f"moved-{pair_set.name}")
    with pytest.raises(DataError, match="cannot be read"):
        folder.read(pair_set)


@pytest.mark.parametrize(
    "flags", [FLAGS.astype("i8"), FLAGS.reshape(2, 6), np.array(True), FLAGS.astype("U5")]
)
def test_read_when_flags_are_of_another_kind_then_error(pair_set: Path, flags) -> None:
    np.save(pair_set / "pair_label.npy", flags)
    with pytest.raises(DataError, match="expected a bool for every pair"):
        folder.read(pair_set)


def test_read_when_flags_are_pickled_then_refused_and_nothing_ran(pair_set: Path) -> None:
    trace = pair_set / "trace"
    np.save(pair_set / "pair_label.npy", np.array([Leaves(trace)] * 12), allow_pickle=True)
    with pytest.raises(DataError, match="without pickle"):
        folder.read(pair_set)
    assert not trace.exists()


def test_read_when_label_file_is_a_bare_pickle_then_refused(pair_set: Path) -> None:
    (pair_set / "pair_label.npy").write_bytes(b"cos\nsystem\n(Vtrue\ntR.")
    with pytest.raises(DataError, match=r"no \.npy file"):
        folder.read(pair_set)


@pytest.mark.parametrize("length", range(0, 140, 7))
def test_read_when_label_file_is_cut_then_error(pair_set: Path, length: int) -> None:
    path = pair_set / "pair_label.npy"
    path.write_bytes(path.read_bytes()[:length])
    with pytest.raises(DataError, match=r"pair_label\.npy"):
        folder.read(pair_set)


def test_read_when_header_claims_a_terabyte_then_error(pair_set: Path) -> None:
    path = pair_set / "pair_label.npy"
    whole = path.read_bytes()
    claimed = whole.replace(b"(12,), }             ", b"(1099511627776,), } ".ljust(21))
    assert claimed != whole
    path.write_bytes(claimed)
    with pytest.raises(DataError, match="cannot be read as an array of flags"):
        folder.read(pair_set)


def test_read_when_flags_are_neither_0_nor_1_then_error(pair_set: Path) -> None:
    path = pair_set / "pair_label.npy"
    path.write_bytes(path.read_bytes()[:-1] + b"\x07")
    with pytest.raises(DataError, match="other than 0 and 1"):
        folder.read(pair_set)
