"""A cluster of two raylets as `ray start` makes it, with a dashboard, beside any other on here."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from tests.integration.command import ROOT, environment
from tests.integration.tracking import free_port, until

_READY_S = 240.0
_ALIVE = "import ray; ray.init({address!r}, log_to_driver=False); print(len(ray.nodes()))"
_PORTS = (
    *("dashboard-agent-listen-port", "dashboard-agent-grpc-port", "metrics-export-port"),
    *("runtime-env-agent-port", "node-manager-port", "object-manager-port"),
)


@dataclass(frozen=True)
class Raylets:
    """dashboard: for jobs. address: to join."""

    dashboard: str
    address: str
    nodes: tuple[int, ...]


@contextmanager
def raylets(**more: str) -> Iterator[Raylets]:
    """A head with `trial_slot`s and a second node, each in a session and folder of its own.

    Nodes that share a folder take the working folder of a job away from each other. more: set in
    the environment of both.
    """
    folder = Path(tempfile.mkdtemp(prefix="fr", dir="/tmp"))
    gcs, dashboard = free_port(), free_port()
    address = f"127.0.0.1:{gcs}"
    words = ("--dashboard-host", "127.0.0.1", "--dashboard-port", str(dashboard), "--num-cpus", "2")
    head = ("--head", "--port", str(gcs), *words, "--resources", '{"trial_slot": 64}')
    started: list[subprocess.Popen[bytes]] = []
    try:
        started.append(_start(folder / "h", head, more))
        until(
            lambda: _answers(f"http://127.0.0.1:{dashboard}/api/version"), _READY_S, "a dashboard"
        )
        started.append(_start(folder / "w", ("--address", address, "--num-cpus", "1"), more))
        until(lambda: _nodes(address, more) == 2, _READY_S, "two nodes")
        yield Raylets(f"http://127.0.0.1:{dashboard}", address, tuple(one.pid for one in started))
    finally:
        for one in reversed(started):
            _end(one)
        shutil.rmtree(folder, ignore_errors=True)


def _start(folder: Path, words: Sequence[str], more: dict[str, str]) -> subprocess.Popen[bytes]:
    ports = [word for name in _PORTS for word in (f"--{name}", str(free_port()))]
    own = ["--temp-dir", str(folder), "--object-store-memory", "100000000", "--block"]
    folder.mkdir(parents=True)
    with (folder / "printed").open("wb") as printed:
        return subprocess.Popen(
            [Path(sys.executable).with_name("ray"), "start", *words, *own, *ports],
            cwd=ROOT,
            env=environment(RAY_AUTH_MODE="disabled", **more),
            stdout=printed,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )


def _end(process: subprocess.Popen[bytes]) -> None:
    process.send_signal(signal.SIGTERM)
    with suppress(subprocess.TimeoutExpired):
        process.wait(60)
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


def _nodes(address: str, more: dict[str, str]) -> int:
    done = subprocess.run(
        [sys.executable, "-c", _ALIVE.format(address=address)],
        env=environment(RAY_AUTH_MODE="disabled", **more),
        capture_output=True,
        text=True,
        timeout=120,
    )
    time.sleep(0.5)
    return int(done.stdout) if done.returncode == 0 else 0
