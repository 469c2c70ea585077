"""The node's cache: processes on one node map one file, and each store makes its own once."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from frlib.data import catalog
from frlib.data.pixels.choose import open_pixels
from frlib.data.sources import parquet
from tests.unit.data.tiny_sets import people, write_parquet

SIZE = 16
OTHER = """
import sys
from pathlib import Path
from frlib.data import catalog
from frlib.data.pixels.choose import open_pixels
from frlib.data.sources import parquet

store = Path(sys.argv[2])
pixels = open_pixels(catalog.scan(parquet.Config(path=sys.argv[1]), store), int(sys.argv[3]), store)
print("open", flush=True)
sys.stdin.read()
"""


def _mapped(process: int, store: Path) -> set[str]:
    """Inodes of files of the store that a process has mapped."""
    lines = Path(f"/proc/{process}/maps").read_text().splitlines()
    return {line.split()[4] for line in lines if str(store) in line}


@pytest.fixture
def faces(tmp_path: Path) -> Path:
    return write_parquet(tmp_path / "faces.parquet", people(4, 2, 6, 5))


@pytest.fixture
def beside(faces: Path, tmp_path: Path) -> Iterator[int]:
    """A process that has the set open, as another trial on this node."""
    words = [sys.executable, "-c", OTHER, str(faces), str(tmp_path / "node"), str(SIZE)]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None and process.stdin is not None
        assert process.stdout.readline() == b"open\n"
        yield process.pid
        process.stdin.close()


def test_open_when_another_trial_of_the_node_has_it_then_both_map_one_file(
    faces: Path, tmp_path: Path, beside: int
) -> None:
    store = tmp_path / "node"
    written = {path: path.stat().st_mtime_ns for path in store.rglob("*") if path.is_file()}
    pixels = open_pixels(catalog.scan(parquet.Config(path=str(faces)), store), SIZE, store)
    mine = _mapped(os.getpid(), store)
    assert len(pixels.batch(range(2))) == 2
    assert mine and mine == _mapped(beside, store)
    large = [path for path in written if path.stat().st_ino in map(int, mine)]
    assert [path.stat().st_mtime_ns for path in large] == [written[path] for path in large]


def test_open_when_nodes_have_stores_of_their_own_then_each_makes_its_own(
    faces: Path, tmp_path: Path, beside: int
) -> None:
    other = tmp_path / "other"
    pixels = open_pixels(catalog.scan(parquet.Config(path=str(faces)), other), SIZE, other)
    assert len(pixels.batch(range(2))) == 2
    assert _mapped(os.getpid(), other) and not _mapped(beside, other)
