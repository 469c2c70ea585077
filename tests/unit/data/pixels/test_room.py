"""Eviction: the least recently used makes way, and what anybody has open never does."""

import logging
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

from frlib.data import catalog
from frlib.data.manifest import Manifest
from frlib.data.pixels import room
from frlib.data.pixels.batches import Pixels
from frlib.data.pixels.choose import open_pixels
from frlib.data.pixels.decoded import Decoded
from frlib.data.pixels.encoded import Encoded
from frlib.data.sources import image_folder
from tests.unit.data.tiny_sets import people, write_folder

SIZE, IMAGES = 16, 8
NEED = IMAGES * SIZE * SIZE * 3 + 16
TWO = 2 * NEED / 2**30
"""GiB that hold two of the sets."""

OPENER = """
import sys
from pathlib import Path
import numpy as np
from frlib.data import catalog
from frlib.data.pixels.choose import open_pixels
from frlib.data.sources import image_folder

store = Path(sys.argv[2])
found = catalog.scan(image_folder.Config(path=sys.argv[1]), store)
pixels = open_pixels(found, 16, store, mode="decoded", cache_gib=float(sys.argv[3]))
print(pixels.batch(np.arange(len(found))).sum(), flush=True)
sys.stdin.readline()
"""


@pytest.fixture
def store(tmp_path: Path) -> Path:
    return tmp_path / "store"


@pytest.fixture
def roots(tmp_path: Path) -> list[Path]:
    """Three sets of equal size."""
    return [write_folder(tmp_path / f"set{i}", people(5, 3, first_seed=1000 * i)) for i in range(3)]


def _scan(root: Path, store: Path) -> Manifest:
    return catalog.scan(image_folder.Config(path=str(root)), store)


def _open(root: Path, store: Path, cache_gib: float = TWO) -> Pixels:
    return open_pixels(_scan(root, store), SIZE, store, cache_gib=cache_gib)


def _maps(store: Path) -> set[str]:
    return {path.parent.name for path in (store / "datasets").glob("*/pixels")}


def _used_at(store: Path, name: str, seconds: int) -> None:
    os.utime(store / "datasets" / name / "pixels.use", (seconds, seconds))


@contextmanager
def _elsewhere(root: Path, store: Path, cache_gib: float = TWO) -> Iterator[int]:
    """Another process has the set open; the sum of its pixels."""
    words = [sys.executable, "-c", OPENER, str(root), str(store), str(cache_gib)]
    child = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert child.stdout is not None
    try:
        yield int(child.stdout.readline())
    finally:
        child.communicate("\n", timeout=60)
        assert child.returncode == 0


def test_open_when_the_budget_is_full_then_the_least_recently_used_makes_way(
    roots: list[Path], store: Path, caplog: pytest.LogCaptureFixture
) -> None:
    names = []
    for root in roots[:2]:
        _open(root, store).close()
        names.append((_maps(store) - set(names)).pop())
    for name, seconds in zip(names, (2000, 1000), strict=True):
        _used_at(store, name, seconds)
    with caplog.at_level(logging.INFO):
        pixels = _open(roots[2], store)
    assert isinstance(pixels.parts[0], Decoded)
    assert names[0] in _maps(store) and names[1] not in _maps(store)
    assert len(_maps(store)) == 2
    assert "removed" in caplog.text


def test_open_when_used_again_then_it_is_the_most_recent(roots: list[Path], store: Path) -> None:
    _open(roots[0], store).close()
    first = _maps(store)
    _open(roots[1], store).close()
    for name in _maps(store):
        _used_at(store, name, 1000 if name in first else 2000)
    _open(roots[0], store).close()
    _open(roots[2], store).close()
    assert first <= _maps(store)


def test_open_when_all_room_is_in_use_then_decodes_on_the_fly_and_removes_nothing(
    roots: list[Path], store: Path
) -> None:
    one, two = _open(roots[0], store), _open(roots[1], store)
    before = _maps(store)
    third = _open(roots[2], store)
    assert isinstance(third.parts[0], Encoded)
    assert _maps(store) == before
    one.close()
    assert isinstance(_open(roots[2], store).parts[0], Decoded)
    assert two.batch(np.arange(IMAGES)).any()


def test_open_when_too_large_even_for_an_empty_store_then_nothing_is_removed_in_vain(
    roots: list[Path], store: Path
) -> None:
    _open(roots[0], store).close()
    before = _maps(store)
    assert isinstance(_open(roots[1], store, cache_gib=TWO / 4).parts[0], Encoded)
    assert _maps(store) == before


def test_open_when_forgotten_without_closing_then_its_room_is_free_again(
    roots: list[Path], store: Path
) -> None:
    one = _open(roots[0], store, TWO / 2)
    del one
    assert isinstance(_open(roots[1], store, TWO / 2).parts[0], Decoded)


def test_open_when_another_process_has_the_map_then_it_stays_until_that_ends(
    roots: list[Path], store: Path
) -> None:
    with _elsewhere(roots[0], store, TWO / 2) as total:
        held = _maps(store)
        assert isinstance(_open(roots[1], store, TWO / 2).parts[0], Encoded)
        assert _maps(store) == held
        shared = _open(roots[0], store, TWO / 2)
        assert isinstance(shared.parts[0], Decoded)
        assert shared.batch(np.arange(IMAGES)).sum() == total
        shared.close()
    assert isinstance(_open(roots[1], store, TWO / 2).parts[0], Decoded)
    assert not _maps(store) & held


def test_open_when_the_other_process_was_killed_then_its_map_can_go(
    roots: list[Path], store: Path
) -> None:
    words = [sys.executable, "-c", OPENER, str(roots[0]), str(store), str(TWO / 2)]
    child = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert child.stdout is not None and child.stdin is not None
    assert child.stdout.readline()
    child.kill()
    child.wait()
    child.stdout.close()
    child.stdin.close()
    held = _maps(store)
    assert isinstance(_open(roots[1], store, TWO / 2).parts[0], Decoded)
    assert not _maps(store) & held


def test_open_when_a_builder_left_a_part_behind_then_it_counts_and_is_removed(
    roots: list[Path], store: Path
) -> None:
    _open(roots[0], store).close()
    (name,) = _maps(store)
    folder = store / "datasets" / name
    part = folder / ".pixels.1-abc.part"
    (folder / "pixels").rename(part)
    assert isinstance(_open(roots[1], store, TWO / 2).parts[0], Decoded)
    assert not part.exists()


def test_made_when_no_limit_then_nothing_is_removed(roots: list[Path], store: Path) -> None:
    for root in roots:
        _open(root, store, 0).close()
    assert len(_maps(store)) == 3


def test_hold_when_released_twice_then_once(store: Path) -> None:
    hold = room.hold(store / "datasets" / "x" / "pixels")
    hold.release()
    hold.release()
