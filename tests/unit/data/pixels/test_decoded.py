import errno
import logging
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest

from frlib.core.errors import DataError
from frlib.core.safeio import DiskFullError
from frlib.data import catalog
from frlib.data.config import NoiseConfig
from frlib.data.lab.corrupt import corrupt
from frlib.data.manifest import OPEN, Manifest
from frlib.data.pixels import decoded
from frlib.data.pixels.choose import open_pixels
from frlib.data.sources import image_folder, parquet
from tests.unit.data.tiny_sets import people, write_folder, write_parquet

SIZE = 16


@pytest.fixture
def store(tmp_path: Path) -> Path:
    return tmp_path / "store"


@pytest.fixture
def faces(tmp_path: Path, store: Path) -> Manifest:
    path = write_parquet(tmp_path / "faces.parquet", people(4, 2, 6, 5))
    return catalog.scan(parquet.Config(path=str(path)), store)


@pytest.fixture
def pool(tmp_path: Path, store: Path) -> Manifest:
    root = write_folder(tmp_path / "pool", {"x": people(5, first_seed=5000)["p00"]})
    return catalog.scan(image_folder.Config(path=str(root)), store)


@pytest.fixture
def built(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """The files built, one entry per real build."""
    done: list[Path] = []
    real = decoded._build

    def counted(path: Path, *rest) -> None:
        done.append(path)
        real(path, *rest)

    monkeypatch.setattr(decoded, "_build", counted)
    return done


def _expected(manifest: Manifest) -> np.ndarray:
    readers = [catalog.open_reader(config) for config in manifest.readers]
    return np.stack(
        [
            readers[source].images(np.array([ref]), SIZE)[0]
            for source, ref in zip(manifest.sources, manifest.refs, strict=True)
        ]
    )


def _files(store: Path) -> set[str]:
    return {p.name for p in (store / "datasets").glob("*/*") if p.parent.name != "manifests"}


def test_batch_when_rows_in_any_order_then_pixels_of_those_samples(faces, store) -> None:
    pixels = open_pixels(faces, SIZE, store)
    rows = np.array([16, 3, 3, 0, 9])
    found = pixels.batch(rows)
    assert found.shape == (5, SIZE, SIZE, 3)
    assert found.dtype == np.uint8
    np.testing.assert_array_equal(found, _expected(faces)[rows])
    found[:] = 0
    np.testing.assert_array_equal(pixels.batch(rows), _expected(faces)[rows])


def test_open_when_built_before_then_nothing_is_decoded(faces, store, built) -> None:
    open_pixels(faces, SIZE, store)
    open_pixels(faces, SIZE, store)
    assert len(built) == 1
    open_pixels(faces, 2 * SIZE, store)
    assert len(built) == 2


def test_open_when_split_then_shares_the_map_of_the_source(faces, store, built) -> None:
    open_pixels(faces, SIZE, store)
    part = faces.keep_identities(np.array([False, True, True, False]))
    pixels = open_pixels(part, SIZE, store)
    assert len(built) == 1
    np.testing.assert_array_equal(pixels.batch(np.arange(len(part))), _expected(part))


def test_open_when_noise_of_any_ratio_then_source_and_pool_are_decoded_once(
    faces, pool, store, built
) -> None:
    for closed, open_ in ((0.0, 0.2), (0.3, 0.5), (0.1, 0.9)):
        noise = NoiseConfig.parse({"closed": {"ratio": closed}, "open": {"ratio": open_}})
        noisy = corrupt(faces, noise, pool, seed=3)
        pixels = open_pixels(noisy, SIZE, store)
        assert (noisy.kinds == OPEN).sum() > 0
        rows = np.random.default_rng(0).permutation(len(noisy))
        np.testing.assert_array_equal(pixels.batch(rows), _expected(noisy)[rows])
    assert len(built) == 2


@pytest.mark.parametrize("damage", ["cut", "longer", "unfinished"])
def test_open_when_file_is_torn_then_built_again(damage, faces, store, built, caplog) -> None:
    open_pixels(faces, SIZE, store)
    path = built[0]
    data = path.read_bytes()
    path.write_bytes(
        {"cut": data[:-100], "longer": data + b"x", "unfinished": data[:-16] + bytes(16)}[damage]
    )
    with caplog.at_level(logging.WARNING):
        pixels = open_pixels(faces, SIZE, store)
    assert "decoding again" in caplog.text
    np.testing.assert_array_equal(pixels.batch(np.arange(len(faces))), _expected(faces))


def test_open_when_many_at_once_then_one_builds_and_all_get_it(faces, store, built) -> None:
    expected, found = _expected(faces), []

    def one() -> None:
        found.append(open_pixels(faces, SIZE, store).batch(np.arange(len(faces))))

    openers = [threading.Thread(target=one) for _ in range(4)]
    for opener in openers:
        opener.start()
    for opener in openers:
        opener.join()
    assert len(built) == 1
    assert len(found) == 4
    for pixels in found:
        np.testing.assert_array_equal(pixels, expected)


@pytest.mark.parametrize("moment", ["reserving", "writing"])
def test_open_when_disk_is_full_then_typed_error_and_nothing_left(
    moment, faces, store, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    target = {"reserving": "posix_fallocate", "writing": "pwrite"}[moment]
    with monkeypatch.context() as patch:
        patch.setattr(os, target, full)
        with pytest.raises(DiskFullError, match="the disk is full"):
            open_pixels(faces, SIZE, store)
    assert _files(store) == {"pixels.lock", "pixels.use"}
    pixels = open_pixels(faces, SIZE, store)
    np.testing.assert_array_equal(pixels.batch(np.arange(len(faces))), _expected(faces))


def test_open_when_an_image_is_damaged_then_error_names_it_and_nothing_left(
    tmp_path: Path, store: Path
) -> None:
    everyone = people(2, 2)
    everyone["p01"]["1.jpg"] = everyone["p01"]["1.jpg"][:150]
    root = write_folder(tmp_path / "faces", everyone)
    found = catalog.scan(image_folder.Config(path=str(root)), store)
    with pytest.raises(DataError, match=r"p01/1\.jpg: 150 bytes that cannot be decoded"):
        open_pixels(found, SIZE, store)
    assert _files(store) == {"pixels.lock", "pixels.use"}


def test_open_when_source_changed_after_the_manifest_then_error_names_an_image(
    tmp_path: Path, store: Path
) -> None:
    root = write_folder(tmp_path / "faces", people(2, 2))
    found = catalog.scan(image_folder.Config(path=str(root)), store)
    (root / "p00" / "1.jpg").write_bytes(people(1, first_seed=70)["p00"]["0.jpg"])
    with pytest.raises(DataError, match=r"1 of 4 images are not what .*'p00/1\.jpg'.*prepare"):
        open_pixels(found, SIZE, store)


def test_open_when_bytes_change_while_decoding_then_error_and_nothing_kept(
    faces, store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parquet.ParquetReader, "read", lambda self, ref: b"something else")
    with pytest.raises(DataError, match="bytes changed since the source was scanned"):
        open_pixels(faces, SIZE, store)
    assert _files(store) == {"pixels.lock", "pixels.use"}


class _Painter:
    """A source that paints instead of decoding: no bytes to read or to check."""

    def images(self, refs: np.ndarray, size: int) -> np.ndarray:
        shades = refs.astype(np.uint8)[:, None, None, None]
        return np.broadcast_to(shades, (len(refs), size, size, 3))


def test_open_when_source_gives_pixels_not_bytes_then_they_are_kept(
    faces, store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(catalog, "open_reader", lambda config: _Painter())
    found = open_pixels(faces, SIZE, store).batch(np.arange(len(faces)))
    np.testing.assert_array_equal(found[:, 0, 0, 0], faces.refs)


SLOW_BUILD = """
import os, sys, time
from pathlib import Path
import numpy as np
from frlib.data import catalog
from frlib.data.pixels import choose, decoded
from frlib.data.sources import image_folder

class Slow:
    def images(self, refs, size):
        os.write(1, b"decoding\\n")  # at once: two threads may be here
        time.sleep(60)

decoded._CHUNK = 2
catalog.open_reader = lambda config: Slow()
store = Path(sys.argv[2])
found = catalog.scan(image_folder.Config(path=sys.argv[1]), store)
choose.open_pixels(found, 16, store)
"""


def test_open_when_builder_was_killed_then_built_anew_and_its_rest_removed(
    tmp_path: Path, store: Path
) -> None:
    root = write_folder(tmp_path / "faces", people(3, 3))
    child = subprocess.Popen(
        [sys.executable, "-c", SLOW_BUILD, str(root), str(store)], stdout=subprocess.PIPE, text=True
    )
    assert child.stdout is not None
    with child.stdout:
        first = child.stdout.readline()
        child.send_signal(signal.SIGKILL)
        child.wait()
    assert first == "decoding\n"
    assert any(name.endswith(".part") for name in _files(store))
    found = catalog.scan(image_folder.Config(path=str(root)), store)
    pixels = open_pixels(found, SIZE, store)
    np.testing.assert_array_equal(pixels.batch(np.arange(6)), _expected(found))
    assert _files(store) == {"pixels", "pixels.lock", "pixels.use"}
