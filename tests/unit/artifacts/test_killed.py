"""Killed at any moment: none or a whole one, and the next one gets to the end."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.unit.artifacts.made import DIGEST, KIND, names, slowly, store

ROOT = Path(__file__).parents[3]
ALONE = """
import sys
from pathlib import Path
from tests.unit.artifacts.made import DIGEST, KIND, slowly, store
where = store(Path(sys.argv[1]))
where.produce(KIND, DIGEST, slowly(Path(sys.argv[2]), float(sys.argv[3])), about={}, resumable=True)
"""
HOLDS = """
import sys, time
from pathlib import Path
from tests.unit.artifacts.made import DIGEST, KIND, store
with store(Path(sys.argv[1])).held(KIND, DIGEST):
    Path(sys.argv[2]).touch()
    time.sleep(600)
"""


def start(code: str, *words: object) -> subprocess.Popen[bytes]:
    """A process of its own that runs this."""
    return subprocess.Popen([sys.executable, "-c", code, *map(str, words)], cwd=ROOT)


def wait_for(path: Path) -> None:
    """Until a file is there."""
    end = time.monotonic() + 60
    while not path.exists():
        assert time.monotonic() < end, f"{path} never came"
        time.sleep(0.005)


@pytest.mark.parametrize("resumable", [True, False])
@pytest.mark.parametrize("seed", [0, 1])
def test_produce_when_killed_at_random_moments_then_is_none_or_whole(
    resumable: bool, seed: int, tmp_path: Path
) -> None:
    words = (tmp_path, tmp_path / "log", resumable, seed)
    ran = subprocess.run(
        [sys.executable, "-m", "tests.unit.artifacts.killed", *map(str, words)],
        cwd=ROOT,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert ran.returncode == 0, ran.stderr
    assert int(ran.stdout) >= 3
    began = [int(line) for line in (tmp_path / "log").read_text().split()]
    assert (max(began) > 0) == resumable
    store(tmp_path).gc()
    assert names(tmp_path) == [DIGEST]


def test_produce_when_the_producer_is_killed_then_one_that_waits_goes_on(tmp_path: Path) -> None:
    log, aside = tmp_path / "log", tmp_path / "artifacts" / KIND
    first = start(ALONE, tmp_path, log, 10)
    wait_for(log)
    others = [start(ALONE, tmp_path, log, 0.2) for _ in range(3)]
    while not list(aside.glob(".*.aside-*/1.txt")):
        time.sleep(0.01)
    first.send_signal(signal.SIGKILL)
    first.wait()
    assert [one.wait(60) for one in others] == [0, 0, 0]
    began = [int(line) for line in log.read_text().split()]
    assert len(began) == 2 and began[1] >= 2
    assert store(tmp_path).find(KIND, DIGEST) is not None
    assert names(tmp_path) == [DIGEST]


def test_produce_when_the_producer_only_slept_then_its_output_is_dropped(tmp_path: Path) -> None:
    """Stopped for longer than the patience of others, it goes on when they are done."""
    log = tmp_path / "log"
    first = start(ALONE, tmp_path, log, 3)
    wait_for(log)
    first.send_signal(signal.SIGSTOP)
    found = store(tmp_path).produce(KIND, DIGEST, slowly(log, 0), about={"by": "second"})
    before = {path: path.read_bytes() for path in found.rglob("*") if path.is_file()}
    first.send_signal(signal.SIGCONT)
    assert first.wait(60) == 0
    assert {path: path.read_bytes() for path in found.rglob("*") if path.is_file()} == before
    assert names(tmp_path) == [DIGEST]


def test_gc_when_somebody_holds_it_then_it_stays_until_the_holder_is_dead(tmp_path: Path) -> None:
    where = store(tmp_path)
    where.produce(KIND, DIGEST, slowly(tmp_path / "log", 0), about={})
    holder = start(HOLDS, tmp_path, tmp_path / "held")
    wait_for(tmp_path / "held")
    kept = where.gc(1e-9)
    assert kept.evicted == () and kept.over == kept.kept - 1 > 0
    holder.send_signal(signal.SIGKILL)
    holder.wait()
    assert [entry.digest for entry in where.gc(1e-9).evicted] == [DIGEST]
    assert names(tmp_path) == []


def test_gc_when_a_producer_is_dead_then_its_folder_goes_and_a_living_ones_stays(
    tmp_path: Path,
) -> None:
    first = start(ALONE, tmp_path, tmp_path / "log", 30)
    wait_for(tmp_path / "log")
    assert store(tmp_path).gc().leftovers == ()
    first.send_signal(signal.SIGKILL)
    first.wait()
    (gone,) = store(tmp_path).gc(dry=True).leftovers
    assert gone.is_dir() and gone.name.startswith(f".{DIGEST}.aside-")
    assert store(tmp_path).gc().leftovers == (gone,)
    assert names(tmp_path) == []
