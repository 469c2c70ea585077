"""Runs of several Ray Train workers: a killed worker is retried, a stopped arm leaves no group."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.integration.mini import STEPS

ROOT = Path(__file__).parents[2]
STUDY = str(Path(__file__).with_name("mini.py"))
pytestmark = [pytest.mark.ray, pytest.mark.slow]

DRIVER = """
import json, sys
from pathlib import Path
from frlib.core.config import override
from frlib.launch import study as launch
from frlib.launch.session import Unwatched
from frlib.study.find import find
from frlib.study.plan import make

plan = make(override(find(sys.argv[1]), sys.argv[3:]), Path(sys.argv[2]))
with launch.opened(plan):
    launch.run(plan, Unwatched())
from ray.util import placement_group_table
live = [g["state"] for g in placement_group_table().values() if g["state"] != "REMOVED"]
Path(sys.argv[2], "groups.json").write_text(json.dumps(live))
"""


def _start(store: Path, *sets: str) -> subprocess.Popen[str]:
    environment = os.environ | {
        "RAY_TRAIN_HEALTH_CHECK_INTERVAL_S": "0.2",
        "RAY_USAGE_STATS_ENABLED": "0",
        "OMP_NUM_THREADS": "1",
        "RAY_worker_niceness": "0",
    }
    return subprocess.Popen(
        [sys.executable, "-c", DRIVER, STUDY, str(store), "resources.workers=2", *sets],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def _workers(driver: int) -> list[int]:
    """Process ids of Ray Train workers below this driver."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = path.read_bytes()
        except OSError:
            continue
        if words.startswith(b"ray::RayTrainWorker"):
            found.append(int(path.parent.name))
    return sorted(found)


@pytest.mark.parametrize(
    "workers",
    [(), ("resources.workers=1", "resources.max_workers=2")],
    ids=["two", "one to two"],
)
def test_run_when_a_worker_is_killed_then_goes_on_from_its_checkpoint(
    workers: tuple[str, ...], tmp_path: Path
) -> None:
    driver = _start(
        tmp_path, *workers, "search.arms_per_cell=1", "replicates.seeds=[0]", "base.epochs=30",
        'base.head={"name":"arcface","margin":0.2}', 'axes={"noise.closed.ratio":[0.3]}',
    )  # fmt: skip
    end = time.monotonic() + 240
    folder = "studies/mini/arms/*/r0/checkpoints/*.json"
    while not [p for p in tmp_path.glob(folder) if int(p.stem) >= 3 * STEPS]:
        assert driver.poll() is None and time.monotonic() < end, "no checkpoint appeared"
        time.sleep(0.02)
    os.kill(_workers(driver.pid)[-1], signal.SIGKILL)
    printed, _ = driver.communicate(timeout=400)
    assert driver.returncode == 0, printed
    (arm,) = tmp_path.glob("studies/mini/arms/*")
    assert json.loads((arm / "verdict.json").read_text())["status"] == "complete"
    runs = [json.loads(p.read_text())["status"] for p in sorted(arm.glob("r0/a*/run.json"))]
    assert len(runs) >= 2 and runs[-1] == "complete"
    import pyarrow.parquet as pq

    first = pq.read_table(sorted(arm.glob("r0/a1/metrics-*.parquet"))[0])
    assert min(first["epoch"].to_pylist()) >= 3, "it did not start over"


def test_sweep_when_arms_are_stopped_then_no_placement_group_remains(tmp_path: Path) -> None:
    driver = _start(
        tmp_path, "search.arms_per_cell=3", "replicates.seeds=[0]", "pruning.first_epoch=1",
        'base.head={"name":"arcface","margin":0.2}', 'axes={"noise.closed.ratio":[0.3]}',
        "base.epochs=6",
    )  # fmt: skip
    printed, _ = driver.communicate(timeout=580)
    assert driver.returncode == 0, printed
    statuses = [
        json.loads(p.read_text())["status"]
        for p in tmp_path.glob("studies/mini/arms/*/verdict.json")
    ]
    assert len(statuses) == 3
    assert json.loads((tmp_path / "groups.json").read_text()) == []
