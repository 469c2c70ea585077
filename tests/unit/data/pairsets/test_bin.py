import pickle
from pathlib import Path

import numpy as np
import pytest

from frlib.core.errors import DataError
from frlib.data.pairsets import bin as bin_file
from tests.unit.data.pairsets import made

FLAGS = [True, False, False]
IMAGES = made.images(6)
PROTOCOLS = range(6)


def agrees(data: bytes) -> None:
    found = bin_file.parse(data, "lfw.bin")
    assert list(found.images) == IMAGES
    assert found.same.tolist() == FLAGS


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize(
    "items", [IMAGES, made.columns(IMAGES), [column[:, 0] for column in made.columns(IMAGES)]]
)
@pytest.mark.parametrize(
    "flags", [FLAGS, [1, 0, 0], list(np.array(FLAGS)), np.array(FLAGS), np.array([1, 0, 0], "u1")]
)
def test_parse_when_written_by_pickle_then_same_images(protocol, items, flags) -> None:
    agrees(pickle.dumps((items, flags), protocol=protocol))


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_parse_when_written_by_numpy_1_then_same_images(protocol) -> None:
    data = pickle.dumps((made.columns(IMAGES), np.array(FLAGS)), protocol=protocol)
    if protocol < 4:  # names are lines of text: the module's old spelling fits in unchanged
        data = data.replace(b"numpy._core", b"numpy.core")
    agrees(data)


@pytest.mark.parametrize("write", [made.python2_protocol0, made.python2_protocol2])
def test_parse_when_written_by_python_2_then_same_images(write) -> None:
    agrees(write(IMAGES, FLAGS))


def test_parse_when_an_image_occurs_twice_then_both_are_given() -> None:
    twice = [IMAGES[0]] * 2
    assert bin_file.parse(pickle.dumps((twice, [True])), "x").images == tuple(twice)


def test_read_when_a_file_then_same_images(tmp_path: Path) -> None:
    path = tmp_path / "lfw.bin"
    path.write_bytes(pickle.dumps((IMAGES, FLAGS)))
    assert list(bin_file.read(path).images) == IMAGES


def test_read_when_absent_then_error_names_it(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"absent\.bin: cannot be read"):
        bin_file.read(tmp_path / "absent.bin")


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ((IMAGES[:5], FLAGS), "5 images and 3 flags; expected 6 images"),
        ((IMAGES + IMAGES[:2], FLAGS), "8 images and 3 flags"),
        (([], []), "at least one pair"),
        (([*IMAGES[:5], b"GIF89a"], FLAGS), "image 5 starts with 47 49 46"),
        (([*IMAGES[:5], b"\xff\xd8"], FLAGS), "image 5 starts with ff d8"),
        (([*IMAGES[:5], 7], FLAGS), "image 5 is 7; expected bytes"),
        ((IMAGES, [True, False, 2]), "flag 2 is 2; expected True or False"),
        ((IMAGES, [True, False, b"x"]), "flag 2 is b'x'"),
        ((IMAGES, np.array([1, 0, 2], "u1")), "values other than 0 and 1"),
        ((IMAGES, None), "the flags are None"),
        ((None, FLAGS), "the images are None"),
        (IMAGES, "holds list of 6"),
        ((IMAGES, FLAGS, FLAGS), "holds tuple of 3"),
        (([np.array([1], bool)] * 2, [True]), "image 0 is an array of b1"),
    ],
)
def test_parse_when_not_a_pair_set_then_error_says_what_was_found(value, message) -> None:
    with pytest.raises(DataError, match=r"^lfw\.bin") as caught:
        bin_file.parse(pickle.dumps(value), "lfw.bin")
    assert message in str(caught.value)


@pytest.mark.parametrize(
    "value",
    [
        ([np.zeros((2, 2), "u1")] * 2, [True]),
        ([np.zeros(4, "f4")] * 2, [True]),
        ([np.array([None])] * 2, [True]),
        ([np.zeros(2, [("a", "u1")])] * 2, [True]),
        (IMAGES, np.array(["a"])),
        ({"bins": IMAGES}, FLAGS),
        ([IMAGES], FLAGS),
        ([1.5] * 6, FLAGS),
        (["text"] * 6, FLAGS),
        (set(IMAGES), FLAGS),
    ],
)
@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_parse_when_other_data_then_refused(value, protocol) -> None:
    with pytest.raises(DataError, match=r"^lfw\.bin: .* at byte \d"):
        bin_file.parse(pickle.dumps(value, protocol=protocol), "lfw.bin")


def test_parse_when_bytes_follow_then_refused() -> None:
    with pytest.raises(DataError, match="4 bytes follow"):
        bin_file.parse(pickle.dumps((IMAGES, FLAGS)) + b"more", "lfw.bin")


@pytest.mark.parametrize("data", [b"", b"\x80", b"\x80\x04", b".", b"\xff", b"\x80\x09."])
def test_parse_when_no_pickle_then_refused(data) -> None:
    with pytest.raises(DataError):
        bin_file.parse(data, "lfw.bin")


def test_parse_when_cut_inside_an_image_then_error_says_so() -> None:
    with pytest.raises(DataError, match=r"SHORT_BINBYTES at byte 14 is damaged or cut short"):
        bin_file.parse(pickle.dumps((IMAGES, FLAGS), 4)[:20], "lfw.bin")
