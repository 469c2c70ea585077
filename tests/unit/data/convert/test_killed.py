"""Killed at any moment, gone on, and the same bytes at the end."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from frlib.core import discover
from frlib.data.convert.run import convert
from frlib.data.sources import image_folder
from tests.unit.data.convert import killed
from tests.unit.data.tiny_sets import people, write_folder

ROOT = Path(__file__).parents[4]


def files(root: Path) -> dict[str, bytes]:
    """Bytes of every file by its path."""
    return {str(p.relative_to(root)): p.read_bytes() for p in root.rglob("*") if p.is_file()}


@pytest.mark.parametrize("name", discover.choices("frlib.data.sinks"))
def test_convert_when_killed_at_random_moments_then_goes_on_to_the_same_bytes(
    name: str, tmp_path: Path
) -> None:
    source = write_folder(tmp_path / "faces", people(9, 1, 14, 3, 20, 6))
    whole = killed.target(name, tmp_path / "whole")
    convert(image_folder.Config(path=str(source)), whole, tmp_path / "store")
    words = (name, source, tmp_path / "made", tmp_path / "store")
    ran = subprocess.run(
        [sys.executable, "-m", "tests.unit.data.convert.killed", *map(str, words)],
        cwd=ROOT,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert ran.returncode == 0, ran.stderr
    ended = json.loads(ran.stdout)
    assert ended["status"] == 0, ran.stderr
    assert ended["safe"] == sorted(ended["safe"])
    assert any(0 < rows < 53 for rows in ended["safe"])
    assert files(tmp_path / "made") == files(tmp_path / "whole")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["faces", "made", "store", "whole"]
