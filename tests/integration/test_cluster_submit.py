"""Studies as jobs of a real cluster: two raylets and a dashboard on this machine."""

import json
import shlex
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.command import ROOT, environment, frlib, started
from tests.integration.raylets import Raylets, raylets
from tests.integration.test_study import _verdicts
from tests.integration.tracking import until

pytestmark = [pytest.mark.ray, pytest.mark.slow, pytest.mark.timeout(900)]
STUDY = "tests/integration/mini.py"
SHORT = ("--set", "replicates.seeds=[0]", "--set", "search.arms_per_cell=1")
LONG = (*SHORT, "--set", "base.epochs=300", "--set", "resources.concurrent_arms=1")
OURS = {"RAY_AUTH_MODE": "disabled"}


@pytest.fixture(scope="module")
def cluster() -> Iterator[Raylets]:
    with raylets() as found:
        yield found


@pytest.fixture
def small(tmp_path: Path) -> Path:
    """A working folder with what the study needs, less than the whole checkout."""
    folder = tmp_path / "w"
    folder.mkdir()
    for name in ("frlib", "studies", "analysis"):
        (folder / name).symlink_to(ROOT / name)
    inside = folder / "tests" / "integration"
    inside.mkdir(parents=True)
    for package in (folder / "tests", inside):
        (package / "__init__.py").touch()
    (inside / "mini.py").symlink_to(ROOT / STUDY)
    return folder


def words(cluster: Raylets, small: Path, *more: str) -> tuple[str, ...]:
    place = ("--working-dir", str(small), "--address", cluster.dashboard)
    store = ("--store", str(small.parent / "store"))
    return (
        "cluster",
        "submit",
        str(small / STUDY),
        *place,
        *store,
        "--python",
        sys.executable,
        *more,
    )


def test_submit_when_the_study_has_gaps_then_its_own_exit_code_comes_back(
    cluster: Raylets, small: Path
) -> None:
    bad = ("--set", "base.optimiser.lr=1e38", "--no-mlflow")
    done = frlib(*words(cluster, small, *SHORT, *bad), **OURS)
    said = done.stdout + done.stderr
    assert done.returncode == 3, said
    assert "2 of 2 nodes answer" in said
    assert "failed, exit code 3" in done.stderr
    listed = frlib("cluster", "jobs", "--address", cluster.dashboard, "--json", **OURS)
    job = next(
        one for one in json.loads(listed.stdout) if one["store"] == str(small.parent / "store")
    )
    assert (job["study"], job["status"], job["code"]) == ("mini", "failed", "3")
    log = frlib("cluster", "logs", job["job"], "--address", cluster.dashboard, **OURS)
    assert "NumericsError" in log.stdout


def test_submit_when_interrupted_then_the_job_stops_and_the_next_one_finishes_it(
    cluster: Raylets, small: Path, tmp_path: Path
) -> None:
    store, printed = tmp_path / "store", tmp_path / "printed"
    sent = words(cluster, small, *LONG, "--no-mlflow", "--no-doctor")
    with started(printed, *sent, **OURS) as process:
        until(
            lambda: bool(list(store.glob("studies/mini/arms/*/r0/checkpoints/*.json"))),
            240,
            "a checkpoint",
        )
        again = frlib(*sent, **OURS)
        assert again.returncode == 1 and "has this study in this store already" in again.stderr
        process.send_signal(signal.SIGINT)
        code = process.wait(240)
    assert code == 1, printed.read_text()
    assert "asked to stop" in printed.read_text() and "stopped, exit code 1" in printed.read_text()
    assert len(_verdicts(store)) < 2
    done = frlib(*sent, **OURS)
    assert done.returncode == 0, done.stdout + done.stderr
    assert set(_verdicts(store).values()) == {"complete"}


def test_call_when_typed_into_a_shell_then_it_sends_the_same_job(
    cluster: Raylets, small: Path, tmp_path: Path
) -> None:
    dry = frlib(*words(cluster, small, *SHORT, "--no-mlflow", "--dry"), **OURS)
    line = next(one for one in dry.stdout.splitlines() if one.startswith("RAY_API_SERVER_ADDRESS="))
    ray = shlex.quote(str(Path(sys.executable).with_name("ray")))
    done = subprocess.run(
        line.replace(" ray ", f" {ray} ", 1),
        shell=True,
        env=environment(**OURS),
        capture_output=True,
        text=True,
        timeout=500,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert set(_verdicts(tmp_path / "store").values()) == {"complete"}


def test_doctor_when_a_node_is_frozen_then_it_answers_in_bounded_time(
    cluster: Raylets, tmp_path: Path
) -> None:
    here = ("--address", cluster.address, "--store", str(tmp_path / "s"), "--json")
    done = frlib("cluster", "doctor", *here, "--data", str(tmp_path / "none"), **OURS)
    told = json.loads(done.stdout)
    assert done.returncode == 1 and len(told["nodes"]) == 2
    levels = {one["check"]: one["level"] for one in told["findings"]}
    assert levels["data"] == "failure"
    assert {levels[k] for k in ("store", "clock", "slots", "packages", "cluster")} == {"ok"}
    frozen = _raylets_of(cluster.nodes[1])
    for pid in frozen:
        subprocess.run(["kill", "-STOP", str(pid)], check=True)
    try:
        lost = frlib("cluster", "doctor", *here, "--patience", "5", **OURS)
    finally:
        for pid in frozen:
            subprocess.run(["kill", "-CONT", str(pid)], check=True)
    assert lost.returncode == 1
    silent = [one for one in json.loads(lost.stdout)["nodes"] if one["silent"]]
    assert len(silent) == 1 and not silent[0]["is_head"]


def _raylets_of(leader: int) -> list[int]:
    listed = subprocess.run(
        ["pgrep", "-P", str(leader), "-f", "raylet/raylet"],
        capture_output=True,
        text=True,
        check=True,
    )
    return [int(pid) for pid in listed.stdout.split()]
