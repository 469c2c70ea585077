"""The whole chain in processes of its own: run, rerun, rebuild, kill, resume, several workers."""

import json
import os
import re
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.command import frlib, started
from tests.integration.mini import STEPS

STUDY = str(Path(__file__).with_name("mini.py"))
pytestmark = pytest.mark.ray


def _runs(store: Path) -> dict[tuple[str, str, str], str]:
    """(arm, seed, attempt) to status of everything on record."""
    found = {}
    for path in sorted(store.glob("studies/mini/arms/*/r*/a*/run.json")):
        attempt, seed, arm = path.parents[0].name, path.parents[1].name, path.parents[2].name
        found[arm, seed, attempt] = json.loads(path.read_text())["status"]
    return found


def _verdicts(store: Path) -> dict[str, str]:
    return {
        p.parent.name: json.loads(p.read_text())["status"]
        for p in store.glob("studies/mini/arms/*/verdict.json")
    }


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, str]]:
    """A store after one whole run, and what the run printed."""
    store = tmp_path_factory.mktemp("whole") / "store"
    result = frlib("study", "run", STUDY, "--store", str(store))
    assert result.returncode == 0, result.stdout + result.stderr
    yield store, result.stdout


def test_run_when_finished_then_every_arm_has_a_verdict_and_a_table_is_printed(
    done: tuple[Path, str],
) -> None:
    store, printed = done
    assert len(_verdicts(store)) == 4
    assert set(_verdicts(store).values()) <= {"complete", "stopped"}
    assert "| ArcFace" in printed and "| BoundaryFace" in printed
    assert "mlflow ui --backend-store-uri sqlite:///" in printed
    complete = [key for key, status in _runs(store).items() if status == "complete"]
    assert len(complete) >= 2 * 2
    assert not list(store.glob("ray/*"))
    assert not list(store.rglob("*.part"))


def test_run_when_repeated_then_nothing_runs_and_the_table_is_equal(
    done: tuple[Path, str],
) -> None:
    store, _ = done
    before = _runs(store)
    tables = {p.name: p.read_bytes() for p in store.glob("studies/mini/tables/*")}
    assert {Path(name).suffix for name in tables} == {".md", ".csv", ".tex", ".html"}
    result = frlib("study", "run", STUDY, "--store", str(store))
    assert result.returncode == 0, result.stderr
    assert "0 to do" in result.stdout
    assert _runs(store) == before
    assert {p.name: p.read_bytes() for p in store.glob("studies/mini/tables/*")} == tables


def test_table_when_rebuilt_from_mlflow_alone_then_is_byte_identical(
    done: tuple[Path, str], tmp_path: Path
) -> None:
    store, _ = done
    result = frlib(
        "table", "build", "mini", "--store", str(tmp_path), "--from-mlflow",
        f"sqlite:///{store}/mlflow.db",
    )  # fmt: skip
    assert result.returncode == 0, result.stderr
    for path in store.glob("studies/mini/tables/*"):
        assert (tmp_path / "studies/mini/tables" / path.name).read_bytes() == path.read_bytes()


def test_run_when_mlflow_cannot_be_reached_then_the_records_are_whole_and_it_says_so(
    done: tuple[Path, str],
) -> None:
    store, _ = done
    result = frlib(
        "study", "run", STUDY, "--store", str(store), MLFLOW_TRACKING_URI="http://127.0.0.1:9"
    )
    assert result.returncode == 0, result.stderr
    assert re.search(r"not everything was sent: .*127\.0\.0\.1:9", result.stdout)
    assert "frlib track sync mini" in result.stdout


def test_run_when_the_driver_is_killed_then_running_again_finishes_and_repeats_nothing(
    tmp_path: Path,
) -> None:
    words = ("study", "run", STUDY, "--store", str(tmp_path), "--no-mlflow", "--set")
    long = ("base.epochs=12", "--set", "search.arms_per_cell=1")
    driver = started(tmp_path.with_name("printed"), *words, *long)
    try:
        folder = "studies/mini/arms/*/r1/checkpoints/*.json"
        _wait_for(lambda: [p for p in tmp_path.glob(folder) if int(p.stem) >= 3 * STEPS])
    finally:
        os.killpg(driver.pid, signal.SIGKILL)
        driver.wait()
    before = _runs(tmp_path)
    finished = {key for key, status in before.items() if status == "complete"}
    assert finished and len(finished) < 4
    result = frlib(*words, *long)
    assert result.returncode == 0, result.stdout + result.stderr
    after = _runs(tmp_path)
    assert {arm: v for arm, v in _verdicts(tmp_path).items()}.keys() == {a for a, _, _ in after}
    assert set(_verdicts(tmp_path).values()) == {"complete"}
    repeated = [k for k in after if (k[0], k[1], "a0") in finished and k[2] != "a0"]
    assert not repeated
    resumed = [k for k, status in after.items() if k[2] == "a1" and status == "complete"]
    assert resumed, "at least the run with a checkpoint of epoch 3 went on"


def _wait_for(there: object, seconds: float = 300.0) -> None:
    assert callable(there)
    end = time.monotonic() + seconds
    while not there():
        assert time.monotonic() < end, "nothing happened"
        time.sleep(0.05)


def test_run_when_two_workers_train_then_the_arm_is_the_same_and_begins_alike(
    done: tuple[Path, str], tmp_path: Path
) -> None:
    store, _ = done
    sets = ("--set", "resources.workers=2", "--set", "search.arms_per_cell=1")
    seeds = ("--set", "replicates.seeds=[0]")
    result = frlib("study", "run", STUDY, "--store", str(tmp_path), "--no-mlflow", *sets, *seeds)
    assert result.returncode == 0, result.stdout + result.stderr
    assert set(_verdicts(tmp_path).values()) == {"complete"}
    assert _verdicts(tmp_path).keys() <= _verdicts(store).keys()
    for (arm, seed, _), status in _runs(tmp_path).items():
        assert status == "complete"
        one, two = (_losses(s, arm, seed) for s in (store, tmp_path))
        assert len(two) == len(one) == 3
        # Later epochs amplify rounding; tests/distributed compares whole runs in float64.
        assert two[0] == pytest.approx(one[0], rel=1e-3)


def _losses(store: Path, arm: str, seed: str) -> list[float]:
    from frlib.records.read import load

    frame = load(store / "studies/mini").metrics
    mine = frame[(frame["arm"] == arm) & (frame["seed"] == int(seed[1:]))]
    return mine[mine["name"] == "train/loss"]["value"].tolist()
