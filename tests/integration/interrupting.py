"""Kills the driver of a study, and all of its process group, at moments that a seed draws.

A moment is so many seconds after the start, or a little after so many epochs have been recorded:
the first kind hits planning and Ray's own start, the second one training and what is written.
"""

import os
import signal
import time
import uuid
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from analysis.build import build
from frlib.core.seeds import stream
from frlib.records.read import Records, load
from tests.integration.command import frlib, started

STUDY = str(Path(__file__).with_name("interrupted.py"))
NAME = "interrupted"
_EARLY, _EARLY_S = 0.3, 12.0
_EPOCHS, _LATE_S = 4, 0.3
_WAIT_S = 300.0
_MARK = "FRLIB_TEST_DRIVER"
_MACHINE = (
    *("time/", "memory/", "energy/", "train/images_per_s"),
    *("cost/seconds", "cost/joules", "cost/gib"),
)
Course = dict[tuple[str, int, int, str], str]


@dataclass(frozen=True)
class Kill:
    """When a driver was killed, s after its start, and how many epochs it had recorded."""

    seconds: float
    epochs: int
    mark: str


def words(store: Path, sets: Sequence[str]) -> list[str]:
    """The command that runs the study."""
    found = ["study", "run", STUDY, "--store", str(store), "--no-mlflow"]
    return found + [word for one in sets for word in ("--set", one)]


def finished(store: Path, sets: Sequence[str]) -> str:
    """Run the study to its end; what was printed."""
    result = frlib(*words(store, sets))
    assert result.returncode == 0, result.stdout + result.stderr
    return result.stdout


def killed(store: Path, sets: Sequence[str], kills: int, name: str) -> list[Kill]:
    """Start and kill the driver so many times, or until it finishes before it is hit."""
    rng, found = stream(0, "kills", name), []
    for _ in range(kills):
        kill = once(store, sets, rng)
        if kill is None:
            break
        found.append(kill)
    return found


def once(store: Path, sets: Sequence[str], rng: np.random.Generator) -> Kill | None:
    """One start and one kill; None where the study was finished before."""
    is_early = rng.random() < _EARLY
    epochs = 0 if is_early else int(rng.integers(1, _EPOCHS + 1))
    return hit(store, sets, epochs, rng.uniform(0.0, _EARLY_S if is_early else _LATE_S))


def hit(store: Path, sets: Sequence[str], epochs: int, delay: float) -> Kill | None:
    """One start, and a kill so many seconds after so many further epochs were recorded."""
    before, mark = recorded(store), uuid.uuid4().hex
    printed, began = store.with_name("printed"), time.monotonic()
    driver = started(printed, *words(store, sets), **{_MARK: mark})
    try:
        while recorded(store) < before + epochs and driver.poll() is None:
            assert time.monotonic() < began + _WAIT_S, printed.read_text()
            time.sleep(0.02)
        end = time.monotonic() + delay
        while time.monotonic() < end and driver.poll() is None:
            time.sleep(0.01)
        if driver.poll() is not None:
            assert driver.returncode == 0, printed.read_text()
            return None
    finally:
        with suppress(ProcessLookupError):
            os.killpg(driver.pid, signal.SIGKILL)
        driver.wait()
    return Kill(time.monotonic() - began, recorded(store) - before, mark)


def recorded(store: Path) -> int:
    """Epochs on record, ends of runs among them."""
    return len(list(store.glob(f"studies/{NAME}/arms/*/r*/a*/metrics-*.parquet")))


def left(kill: Kill) -> list[str]:
    """Command lines of the processes that a killed driver left behind."""
    found = []
    for path in Path("/proc").glob("[0-9]*"):
        try:
            if f"{_MARK}={kill.mark}".encode() in (path / "environ").read_bytes():
                found.append((path / "cmdline").read_bytes().replace(b"\0", b" ").decode())
        except OSError:
            continue
    return [line for line in found if line]


def records(store: Path) -> Records:
    """What the study has on record, every checksum compared."""
    return load(store / "studies" / NAME)


def course(found: Records) -> Course:
    """Every number of every epoch, digit for digit, but what says how long or how much it took.

    Attempts of a replicate are joined, the later one counting.
    """
    rows = found.metrics
    kept = rows[~rows["name"].str.startswith(_MACHINE)]
    keys = zip(kept["arm"], kept["seed"], kept["epoch"], kept["name"], strict=True)
    return dict(zip(keys, map(float.hex, kept["value"]), strict=True))


def complete(found: Records) -> list[tuple[str, int]]:
    """(arm, seed) of every complete attempt: each once, unless one was repeated."""
    runs = found.runs
    done = runs[runs["status"] == "complete"]
    return sorted(zip(done["arm"], done["seed"], strict=True))


def tables(store: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, bytes]:
    """Files of tables, by name, as if every run had taken a second."""

    def second(self: Records) -> pd.DataFrame:
        return honest(self).assign(value=1.0)

    honest = Records.seconds
    with monkeypatch.context() as patched:
        patched.setattr(Records, "seconds", second)
        build(NAME, store)
    return {p.name: p.read_bytes() for p in store.glob(f"studies/{NAME}/tables/*")}
