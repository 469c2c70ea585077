"""Extraction: what is computed, resuming after a kill, sharing, missing and damaged images."""

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from frlib.core.errors import ConfigError, DataError, NumericsError
from frlib.data import catalog
from frlib.data.sources import image_folder
from frlib.data.texts import texts
from frlib.evaluate import extract
from frlib.evaluate.features import Features
from tests.unit.data.tiny_sets import people, write_folder

SIZE = 16


class Model:
    """Sums of pixels by column and channel: mirrored images differ, results are exact."""

    size, colour = SIZE, "RGB"

    def __init__(self, die_at: int = 0, die: Any = None) -> None:
        self.about = {"kind": "sums", "digest": "ab", "dimensions": SIZE * 3, "size": SIZE}
        self.calls, self._die_at, self._die = 0, die_at, die

    def embed(self, images: NDArray[np.uint8]) -> NDArray[np.float32]:
        self.calls += 1
        if self.calls == self._die_at:
            self._die()
        assert images.dtype == np.uint8 and images.shape[1:] == (SIZE, SIZE, 3)
        return images.astype(np.float32).sum(axis=1).reshape(len(images), -1)


@pytest.fixture
def source(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> image_folder.Config:
    """14 images; blocks are two batches of two."""
    monkeypatch.setattr(extract, "_BLOCK_ROWS", 4)
    write_folder(tmp_path / "set", people(5, 4, 5))
    return image_folder.Config(path=str(tmp_path / "set"))


def _run(model: Any, source: Any, store: Path, **how: Any) -> Features:
    return extract.extract(model, source, store, batch=2, **how)


def _bytes(found: Features, path: Path) -> bytes:
    found.save(path)
    return path.read_bytes()


def _stop() -> None:
    raise KeyboardInterrupt


def test_extract_when_exact_then_every_image_and_its_mirror_image(source, tmp_path: Path) -> None:
    found = _run(Model(), source, tmp_path / "s", exact=True)
    manifest = catalog.scan(source, tmp_path / "s")
    assert sorted(found.ids.tolist()) == sorted(manifest.ids.tolist())
    reader = catalog.open_reader(source)
    rows = [manifest.ids.tolist().index(name) for name in found.ids.tolist()]
    images = reader.images(manifest.refs[rows], SIZE)
    assert np.array_equal(found.plain, Model().embed(images))
    assert found.mirrored is not None
    assert np.array_equal(found.mirrored, Model().embed(images[:, :, ::-1]))
    assert not np.array_equal(found.plain, found.mirrored)
    assert found.about["images"] and found.about["mirrored"] is True
    assert found.about["source"]["name"] == "image_folder"
    assert "path" not in found.about["source"]


def test_extract_when_one_view_then_half_the_work(source, tmp_path: Path) -> None:
    model = Model()
    assert _run(model, source, tmp_path / "s", mirrored=False).mirrored is None
    assert model.calls == 7


def test_extract_when_done_before_then_nothing_is_embedded(source, tmp_path: Path) -> None:
    first = _run(Model(), source, tmp_path / "s")
    again = Model()
    second = _run(again, source, tmp_path / "s")
    assert again.calls == 0
    assert _bytes(first, tmp_path / "a.arrow") == _bytes(second, tmp_path / "b.arrow")


@pytest.mark.parametrize("die_at", [1, 6, 13])
def test_extract_when_interrupted_then_resumed_bytes_are_equal(
    source, tmp_path: Path, die_at: int
) -> None:
    whole = _run(Model(), source, tmp_path / "whole")
    with pytest.raises(KeyboardInterrupt):
        _run(Model(die_at, _stop), source, tmp_path / "s")
    rest = Model()
    found = _run(rest, source, tmp_path / "s")
    assert rest.calls == 14 - (die_at - 1) // 4 * 4
    assert _bytes(found, tmp_path / "a.arrow") == _bytes(whole, tmp_path / "b.arrow")


_CHILD = """
import os, signal, sys
from pathlib import Path
from frlib.data.sources import image_folder
from frlib.evaluate import extract
from tests.unit.evaluate.test_extract import Model
extract._BLOCK_ROWS = 4
die = lambda: os.kill(os.getpid(), signal.SIGKILL)
extract.extract(Model(7, die), image_folder.Config(path=sys.argv[1]), Path(sys.argv[2]), batch=2)
"""


def test_extract_when_killed_then_resumed_bytes_are_equal(source, tmp_path: Path) -> None:
    whole = _run(Model(), source, tmp_path / "whole")
    root = Path(__file__).parents[3]
    ended = subprocess.run(
        [sys.executable, "-c", _CHILD, source.path, str(tmp_path / "s")],
        cwd=root,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        check=False,
    )
    assert ended.returncode == -signal.SIGKILL
    assert len(list((tmp_path / "s" / "embeddings").glob("*/0*.arrow"))) == 1
    rest = Model()
    found = _run(rest, source, tmp_path / "s")
    assert rest.calls == 10
    assert _bytes(found, tmp_path / "a.arrow") == _bytes(whole, tmp_path / "b.arrow")


def test_extract_when_a_block_is_damaged_then_that_one_is_done_again(
    source, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    first = _run(Model(), source, tmp_path / "s")
    (block,) = (tmp_path / "s" / "embeddings").glob("*/00001.arrow")
    block.write_bytes(block.read_bytes()[:-50])
    again = Model()
    second = _run(again, source, tmp_path / "s")
    assert again.calls == 4 and "embedded again" in caplog.text
    assert second.plain.tobytes() == first.plain.tobytes()


def test_share_when_all_are_done_then_extract_finds_them(source, tmp_path: Path) -> None:
    whole = _run(Model(), source, tmp_path / "whole")
    store = tmp_path / "s"
    counts = []
    for part in (2, 0):
        counts.append(extract.share(Model(), source, store, part=part, parts=3, batch=2))
    job = extract.plan(Model(), source, store, batch=2)
    with pytest.raises(DataError, match="1 of 4 blocks are not done, first 1"):
        extract.collect(job)
    counts.append(extract.share(Model(), source, store, part=1, parts=3, batch=2))
    assert sum(counts) == 14
    last = Model()
    found = _run(last, source, store)
    assert last.calls == 0 and found.plain.tobytes() == whole.plain.tobytes()
    with pytest.raises(ConfigError, match="part 3 of 3"):
        extract.share(Model(), source, store, part=3, parts=3)


def test_extract_when_ids_are_given_then_these_alone_in_one_order(source, tmp_path: Path) -> None:
    names = ["p02/1.jpg", "p00/3.jpg", "p02/1.jpg"]
    found = _run(Model(), source, tmp_path / "s", ids=names)
    assert found.ids.tolist() == ["p00/3.jpg", "p02/1.jpg"]
    again = Model()
    other = _run(again, source, tmp_path / "s", ids=texts(names[::-1]))
    assert again.calls == 0 and other.ids.tolist() == found.ids.tolist()
    whole = _run(Model(), source, tmp_path / "s")
    assert np.array_equal(whole.plain[whole.places(found.ids)], found.plain)


def test_extract_when_ids_are_missing_then_names_them(source, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"2 of 3 images are missing, first 'a\.jpg', 'b\.jpg'"):
        _run(Model(), source, tmp_path / "s", ids=["p00/0.jpg", "b.jpg", "a.jpg"])
    with pytest.raises(ConfigError, match="no ids"):
        _run(Model(), source, tmp_path / "s", ids=[])


def test_extract_when_an_image_is_damaged_then_names_it(source, tmp_path: Path) -> None:
    path = tmp_path / "set" / "p01" / "2.jpg"
    path.write_bytes(path.read_bytes()[:40])
    with pytest.raises(DataError, match=r"p01/2\.jpg"):
        _run(Model(), source, tmp_path / "s")


def test_extract_when_an_image_changed_then_it_is_embedded_anew(source, tmp_path: Path) -> None:
    before = _run(Model(), source, tmp_path / "s")
    path = tmp_path / "set" / "p01" / "2.jpg"
    path.write_bytes((tmp_path / "set" / "p02" / "0.jpg").read_bytes())
    after = _run(Model(), source, tmp_path / "s")
    differ = (before.plain != after.plain).any(axis=1)
    assert before.ids[differ].tolist() == ["p01/2.jpg"]


def test_extract_when_a_number_is_not_finite_then_names_the_image(source, tmp_path: Path) -> None:
    class Bad(Model):
        def embed(self, images: NDArray[np.uint8]) -> NDArray[np.float32]:
            found = super().embed(images)
            found[-1, 0] = np.nan
            return found

    with pytest.raises(NumericsError, match=r"embedding of 'p00/1\.jpg' is not finite"):
        _run(Bad(), source, tmp_path / "s")


def test_extract_when_the_model_gives_another_shape_then_refused(source, tmp_path: Path) -> None:
    class Short(Model):
        def embed(self, images: NDArray[np.uint8]) -> NDArray[np.float32]:
            return super().embed(images)[:, :5]

    with pytest.raises(DataError, match=r"gave \(2, 5\) numbers for 2 images; expected \(2, 48\)"):
        _run(Short(), source, tmp_path / "s")


def test_extract_when_the_model_differs_then_nothing_is_shared(source, tmp_path: Path) -> None:
    _run(Model(), source, tmp_path / "s")
    other = Model()
    other.about = {**other.about, "digest": "cd"}
    _run(other, source, tmp_path / "s")
    assert other.calls == 14
