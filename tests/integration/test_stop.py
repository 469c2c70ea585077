"""A running study is looked at, asked to stop, and taken up again, each from another process."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.command import ROOT, environment, frlib
from tests.integration.test_study import STUDY, _runs, _verdicts, _wait_for

pytestmark = pytest.mark.ray
SETS = (
    "base.epochs=120",
    "search.arms_per_cell=1",
    "replicates.seeds=[0]",
    "resources.concurrent_arms=1",
)


@pytest.fixture
def driver(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    """A process that runs the study from `tmp_path`, past its first epochs."""
    words = ["study", "run", STUDY, "--store", str(tmp_path), "--no-mlflow"]
    sets = [word for one in SETS for word in ("--set", one)]
    process = subprocess.Popen(
        [sys.executable, "-m", "frlib", *words, *sets],
        cwd=ROOT,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        _wait_for(lambda: len(list(tmp_path.glob("studies/mini/arms/*/r0/checkpoints/*.json"))))
        yield process
    finally:
        process.kill()
        process.communicate()


def test_stop_when_a_study_runs_then_unfinished_arms_get_no_verdict_and_resume_finishes_them(
    tmp_path: Path, driver: subprocess.Popen[str]
) -> None:
    at = ("--store", str(tmp_path))
    shown = json.loads(frlib("study", "status", "mini", *at, "--json").stdout)
    assert shown["driver"]["pid"] == driver.pid
    assert any(cell["arms"]["running"] for cell in shown["cells"])
    assert frlib("study", "stop", "mini", *at).returncode == 0
    _, told = driver.communicate(timeout=120)
    assert driver.returncode == 1 and "StoppedError: mini was asked to stop" in told
    ended = {arm for (arm, _, _), status in _runs(tmp_path).items() if status == "complete"}
    begun = {arm for arm, _, _ in _runs(tmp_path)}
    assert _verdicts(tmp_path) == dict.fromkeys(ended, "complete") and len(ended) < 2
    assert list(tmp_path.glob("studies/mini/arms/*/r0/checkpoints/*.json"))
    shown = json.loads(frlib("study", "status", "mini", *at, "--json").stdout)
    assert shown["driver"] is None
    assert any(cell["arms"]["unfinished"] for cell in shown["cells"])
    result = frlib("study", "resume", "mini", *at, "--no-mlflow")
    assert result.returncode == 0, result.stdout + result.stderr
    assert set(_verdicts(tmp_path).values()) == {"complete"}
    runs = _runs(tmp_path)
    assert {arm for arm, _, attempt in runs if attempt == "a1"} == begun - ended
    assert all(s == "complete" for (_, _, attempt), s in runs.items() if attempt == "a1")
