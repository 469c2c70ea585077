"""Optuna's dashboard over the journal of a study that runs: the real program, asked over HTTP."""

import json
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.request import urlopen

import pytest

from frlib.rayrun import journal
from frlib.records import layout
from tests.integration import interrupting
from tests.integration.command import started

pytest.importorskip("optuna_dashboard")
pytestmark = [pytest.mark.ray, pytest.mark.slow]
SETS = ("search.sampler=tpe", "search.sampler.startup=3", "resources.concurrent_arms=1")
_WAIT_S = 400.0


@pytest.fixture
def driver(tmp_path: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A study that has just been started."""
    words = interrupting.words(tmp_path / "store", SETS)
    with started(tmp_path / "printed", *words) as process:
        yield process
        process.kill()


@pytest.fixture
def address(tmp_path: Path, driver: subprocess.Popen[bytes]) -> Iterator[str]:
    """Where the dashboard answers."""
    path = layout.study_folder(tmp_path / "store", interrupting.NAME) / journal.NAME
    _until(path.exists, driver, tmp_path)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    program = Path(sys.executable).with_name("optuna-dashboard")
    with subprocess.Popen(
        [program, str(path), "--port", str(port), "--quiet"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as dashboard:
        found = f"http://127.0.0.1:{port}"
        _until(lambda: _answers(found), driver, tmp_path)
        yield found
        dashboard.kill()


def test_dashboard_when_a_study_runs_then_shows_its_cells_and_trials_as_they_come(
    driver: subprocess.Popen[bytes], address: str, tmp_path: Path
) -> None:
    seen = set[int]()
    end = time.monotonic() + _WAIT_S
    while driver.poll() is None:
        assert time.monotonic() < end, (tmp_path / "printed").read_text()
        seen.add(sum(len(trials) for trials in _cells(address).values()))
        time.sleep(0.5)
    assert driver.returncode == 0, (tmp_path / "printed").read_text()
    cells = _cells(address)
    assert [name.partition(" · ")[0] for name in sorted(cells)] == [
        "head=ArcFace",
        "head=BoundaryFace (λ=π)",
    ]
    for trials in cells.values():
        assert [trial["state"] for trial in trials] == ["Complete"] * 4
        assert {p["name"] for trial in trials for p in trial["params"]} == {"head.margin"}
    assert len(seen) >= 3, f"numbers of trials that were shown: {sorted(seen)}"
    found = {arm.digest for arm in interrupting.records(tmp_path / "store").arm_list}
    shown = {
        attribute["value"]
        for trials in cells.values()
        for trial in trials
        for attribute in trial["user_attrs"]
        if attribute["key"] == "arm"
    }
    assert shown == found


def _cells(address: str) -> dict[str, list[dict[str, Any]]]:
    """Name of a study -> its trials."""
    return {
        str(one["study_name"]): _asked(f"{address}/api/studies/{one['study_id']}?after=0")["trials"]
        for one in _asked(f"{address}/api/studies")["study_summaries"]
    }


def _asked(url: str) -> dict[str, Any]:
    with urlopen(url, timeout=60) as answer:
        found: dict[str, Any] = json.loads(answer.read())
    return found


def _answers(address: str) -> bool:
    with suppress(URLError, ConnectionError):
        return bool(_asked(f"{address}/api/studies"))
    return False


def _until(there: Any, driver: subprocess.Popen[bytes], folder: Path) -> None:
    end = time.monotonic() + _WAIT_S
    while not there():
        said = (folder / "printed").read_text()
        assert time.monotonic() < end and driver.poll() in (None, 0), said
        time.sleep(0.1)
