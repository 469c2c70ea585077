"""`frlib` in a process of its own, on a Ray that it starts and ends by itself."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
_OURS = ("FRLIB_STORE", "FRLIB_FACES", "MLFLOW_TRACKING_URI", "RAY_ADDRESS")


def environment(**more: str) -> dict[str, str]:
    """One thread, no statistics sent, nothing of the user's store or cluster."""
    kept = {k: v for k, v in os.environ.items() if k not in _OURS}
    return kept | {
        "RAY_USAGE_STATS_ENABLED": "0",
        "RAY_TRAIN_HEALTH_CHECK_INTERVAL_S": "0.2",
        "TUNE_GLOBAL_CHECKPOINT_S": "2",
        "OMP_NUM_THREADS": "1",
        "RAY_worker_niceness": "0",
        "COLUMNS": "200",
        **more,
    }


def frlib(*words: str, **more: str) -> subprocess.CompletedProcess[str]:
    """The command, run to its end."""
    return subprocess.run(
        [sys.executable, "-m", "frlib", *words],
        cwd=ROOT,
        env=environment(**more),
        capture_output=True,
        text=True,
        timeout=580,
    )


def started(printed: Path, *words: str, **more: str) -> subprocess.Popen[bytes]:
    """The command, at the head of a process group of its own; what it prints goes to a file."""
    with printed.open("wb") as file:
        return subprocess.Popen(
            [sys.executable, "-m", "frlib", *words],
            cwd=ROOT,
            env=environment(**more),
            stdout=file,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
