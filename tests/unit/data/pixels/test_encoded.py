import threading
from pathlib import Path

import numpy as np
import pytest

from frlib.core.errors import DataError
from frlib.data import catalog, flaws
from frlib.data.manifest import Manifest, checksum
from frlib.data.pixels import room
from frlib.data.pixels.batches import Pixels
from frlib.data.pixels.choose import open_pixels
from frlib.data.pixels.decoded import Decoded
from frlib.data.pixels.encoded import Encoded
from frlib.data.sources import image_folder, synth
from tests.unit.data.tiny_sets import encoded, jpeg, people, write_folder

SIZE = 20
BGR = "BGR"


@pytest.fixture
def store(tmp_path: Path) -> Path:
    return tmp_path / "store"


@pytest.fixture
def faces(tmp_path: Path, store: Path) -> Manifest:
    """24 JPEGs of the very size asked for, and two that are not."""
    everyone = people(9, 2, 6, 7)
    everyone["p00"]["large.jpg"] = jpeg(7, side=33)
    draw = np.random.default_rng(0)
    everyone["p01"]["other.png"] = encoded(draw.integers(0, 256, (9, 14, 3), np.uint8), "PNG")
    root = write_folder(tmp_path / "faces", everyone)
    return catalog.scan(image_folder.Config(path=str(root)), store)


def _maps(store: Path) -> list[Path]:
    return list((store / "datasets").glob("*/pixels"))


@pytest.mark.parametrize("threads", [1, 2, 5])
def test_batch_when_decoded_on_the_fly_then_as_from_the_map(
    threads: int, faces: Manifest, store: Path
) -> None:
    with open_pixels(faces, SIZE, store, mode="encoded", threads=threads) as pixels:
        assert not _maps(store)
        rows = np.random.default_rng(1).permutation(len(faces))
        found = pixels.batch(rows)
        few = pixels.batch(rows[:3])
    expected = open_pixels(faces, SIZE, store, mode="decoded").batch(rows)
    assert _maps(store)
    np.testing.assert_array_equal(found, expected)
    np.testing.assert_array_equal(few, expected[:3])


@pytest.mark.parametrize("mode", ["encoded", "decoded"])
def test_batch_when_given_a_buffer_then_fills_it(mode: str, faces: Manifest, store: Path) -> None:
    pixels = open_pixels(faces, SIZE, store, mode=mode)
    rows = np.array([5, 0, 5, 21])
    out = np.zeros((4, SIZE, SIZE, 3), dtype=np.uint8)
    assert pixels.batch(rows, out) is out
    np.testing.assert_array_equal(out, pixels.batch(rows))


def test_batch_when_parts_differ_in_kind_then_each_row_from_its_own() -> None:
    draw = np.random.default_rng(0)
    one, two = (draw.integers(0, 256, (6, 8, 8, 3), dtype=np.uint8) for _ in range(2))
    reader = _Bytes([encoded(image, "PNG") for image in two], "RGB")
    sums = np.array([checksum(data) for data in reader.data])
    sources = np.array([0, 1, 1, 0, 1], dtype=np.int16)
    places = np.array([5, 5, 0, 2, 3])
    parts = (Decoded(one), Encoded(reader, np.arange(6), sums, 8))
    pixels = Pixels(8, parts, sources, places)
    expected = np.stack([(one, two)[s][p] for s, p in zip(sources, places, strict=True)])
    rows = np.array([4, 3, 2, 1, 0, 0])
    np.testing.assert_array_equal(pixels.batch(rows), expected[rows])


class _Bytes:
    """Encoded images in memory; counts what is read."""

    def __init__(self, data: list[bytes], colour: str) -> None:
        self.data, self.colour, self.asked = data, colour, list[int]()

    def images(self, refs: np.ndarray, size: int) -> np.ndarray:
        raise AssertionError("bytes are to be checked, so they are read")

    def read(self, ref: int) -> bytes:
        self.asked.append(ref)
        return self.data[ref]

    def where(self, ref: int) -> str:
        return f"memory: {ref}"


def _source(count: int, colour: str = "RGB", threads: int = 1) -> tuple[_Bytes, Encoded]:
    reader = _Bytes([jpeg(seed, side=8) for seed in range(count)], colour)
    sums = np.array([checksum(data) for data in reader.data])
    return reader, Encoded(reader, np.arange(count), sums, 8, threads)


def _fetch(source: Encoded, places: list[int]) -> np.ndarray:
    out = np.empty((len(places), 8, 8, 3), dtype=np.uint8)
    source.fetch(np.array(places), out, np.arange(len(places)))
    return out


def test_fetch_when_stored_bgr_then_rgb_comes_out() -> None:
    plain, turned = (_fetch(_source(4, colour)[1], [0, 1, 2, 3]) for colour in ("RGB", BGR))
    np.testing.assert_array_equal(turned, plain[..., ::-1])
    assert (plain != turned).any()


def test_fetch_when_places_are_in_any_order_then_reads_in_that_of_the_refs() -> None:
    reader, source = _source(9)
    _fetch(source, [7, 2, 2, 5, 0])
    assert reader.asked == [0, 2, 2, 5, 7]


def test_fetch_when_bytes_change_then_noticed_at_the_first_reading() -> None:
    reader, source = _source(3)
    _fetch(source, [0])
    reader.data[1] = jpeg(99, side=8)
    with pytest.raises(DataError, match=r"memory: 1: its bytes changed since .*run again"):
        _fetch(source, [0, 1, 2])


@pytest.mark.parametrize("threads", [1, 3])
def test_fetch_when_an_image_is_damaged_then_its_error_comes_out_and_the_rest_goes_on(
    threads: int,
) -> None:
    reader = _Bytes([jpeg(seed, side=8) for seed in range(20)], "RGB")
    reader.data[13] = reader.data[13][:-30]
    sums = np.array([checksum(data) for data in reader.data])
    source = Encoded(reader, np.arange(20), sums, 8, threads)
    with pytest.raises(DataError, match=r"memory: 13: .*cannot be decoded"):
        _fetch(source, list(range(20)))
    assert _fetch(source, [12, 14]).any()
    source.close()


def test_close_when_threads_decoded_then_they_end() -> None:
    before = set(threading.enumerate())
    _, source = _source(30, threads=3)
    _fetch(source, list(range(30)))
    assert set(threading.enumerate()) - before
    source.close()
    assert not set(threading.enumerate()) - before


def test_open_when_a_source_paints_then_the_same_either_way(store: Path) -> None:
    found = catalog.scan(synth.Config(identities=3, images=4), store)
    rows = np.arange(len(found))[::-1]
    modes = ("encoded", "decoded")
    one, two = (open_pixels(found, 16, store, mode=m, threads=2).batch(rows) for m in modes)
    np.testing.assert_array_equal(one, two)


@pytest.mark.parametrize("mode", ["encoded", "decoded"])
def test_batch_when_rows_have_flaws_then_they_are_put_in_and_the_rest_is_not_touched(
    mode: str, faces: Manifest, store: Path
) -> None:
    plain = open_pixels(faces, SIZE, store, mode=mode).batch(np.arange(len(faces)))
    seeds = np.arange(2, dtype=np.uint32)
    chosen = np.array([3, 8])
    marks = flaws.none(len(faces)).put(chosen, flaws.OCCLUSION, 0.3, seeds)
    flawed = Manifest(**{**vars(faces), "flaws": marks})
    rows = np.array([8, 0, 3, 8, 2])
    found = open_pixels(flawed, SIZE, store, mode=mode).batch(rows)
    expected = plain[rows]
    flaws.apply(expected, marks.take(rows))
    np.testing.assert_array_equal(found, expected)
    changed = (found != plain[rows]).any(axis=(1, 2, 3))
    assert changed.tolist() == [True, False, True, True, False]


def test_auto_when_the_set_fits_then_decoded_else_on_the_fly(
    faces: Manifest, store: Path, caplog: pytest.LogCaptureFixture
) -> None:
    need = len(faces) * SIZE * SIZE * 3
    small = open_pixels(faces, SIZE, store, cache_gib=(need - 1) / 2**30)
    assert isinstance(small.parts[0], Encoded)
    assert "do not fit into data.cache_gib" in caplog.text
    assert not _maps(store)
    large = open_pixels(faces, SIZE, store, cache_gib=(need + 16) / 2**30)
    assert isinstance(large.parts[0], Decoded)
    rows = np.arange(len(faces))
    np.testing.assert_array_equal(small.batch(rows), large.batch(rows))


def test_decoded_when_it_does_not_fit_then_says_what_to_do(faces: Manifest, store: Path) -> None:
    with pytest.raises(room.NoRoomError, match=r"Raise data\.cache_gib, or set data\.pixels"):
        open_pixels(faces, SIZE, store, mode="decoded", cache_gib=1e-6)
    assert not _maps(store)


def test_auto_when_the_disk_is_too_small_then_on_the_fly(
    faces: Manifest, store: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    class Little:
        free = 1000

    monkeypatch.setattr(room.shutil, "disk_usage", lambda path: Little())
    pixels = open_pixels(faces, SIZE, store)
    assert isinstance(pixels.parts[0], Encoded)
    assert "the disk has 9.31e-07 GiB left" in caplog.text
    assert not _maps(store)
