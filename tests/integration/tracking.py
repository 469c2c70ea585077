"""A real `mlflow server` that can be killed, a study that writes records, a proxy that is slow."""

import os
import resource
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from frlib.records import declare, layout
from frlib.records.write import RunWriter

READY_S = 240.0


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


@dataclass
class MlflowServer:
    """One worker over `backend` (a database's URI), artefacts in a folder; starts when told to.

    most_bytes: no file of the server gets larger, as on a disk that is full.
    """

    folder: Path
    backend: str = ""
    path: str = ""
    most_bytes: int | None = None
    port: int = field(default_factory=free_port)
    process: subprocess.Popen[bytes] | None = None

    @property
    def uri(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        backend = self.backend or f"sqlite:///{self.folder / 'mlflow.db'}"
        words = ["--host", "127.0.0.1", "--port", str(self.port), "--workers", "1"]
        words += ["--backend-store-uri", backend]
        words += ["--artifacts-destination", str(self.folder / "artifacts")]
        quiet = {"MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false", "MLFLOW_DISABLE_TELEMETRY": "true"}
        with (self.folder / "server.log").open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "mlflow", "server", *words],
                env=os.environ | quiet | ({"PYTHONPATH": self.path} if self.path else {}),
                stdout=log,
                stderr=log,
                start_new_session=True,
                preexec_fn=self._limit if self.most_bytes is not None else None,
            )
        until(self._answers, READY_S, f"{self.uri} answers")

    def kill(self) -> None:
        """At once, workers and all; requests on their way are lost."""
        if self.process is not None:
            with suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
            self.process = None

    def _limit(self) -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        assert self.most_bytes is not None
        resource.setrlimit(resource.RLIMIT_FSIZE, (self.most_bytes, resource.RLIM_INFINITY))

    def refill(self, most_bytes: int) -> None:
        """Change how large the files of every process of the server may get."""
        assert self.process is not None
        for pid in _group(self.process.pid):
            resource.prlimit(pid, resource.RLIMIT_FSIZE, (most_bytes, resource.RLIM_INFINITY))

    def _answers(self) -> bool:
        assert self.process is not None
        assert self.process.poll() is None, (self.folder / "server.log").read_text()[-2000:]
        try:
            with urllib.request.urlopen(f"{self.uri}/health", timeout=5) as answer:
                return bool(answer.status == 200)
        except OSError:
            return False


class SlowProxy:
    """Between a client and a server; every answer comes `delay_s` later. `requests` counts them."""

    def __init__(self, port: int, delay_s: float) -> None:
        self.delay_s = delay_s
        self.requests = 0
        self._to = port
        self._open: list[socket.socket] = []
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.uri = f"http://127.0.0.1:{self._listening.getsockname()[1]}"
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        for one in (self._listening, *self._open):
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listening.accept()
                server = socket.create_connection(("127.0.0.1", self._to))
            except OSError:
                return
            self._open += [client, server]
            for ends in ((client, server, False), (server, client, True)):
                threading.Thread(target=self._carry, args=ends, daemon=True).start()

    def _carry(self, source: socket.socket, target: socket.socket, is_answer: bool) -> None:
        try:
            while data := source.recv(1 << 16):
                if is_answer and data.startswith(b"HTTP/"):
                    self.requests += 1
                    time.sleep(self.delay_s)
                target.sendall(data)
            target.shutdown(socket.SHUT_WR)
        except OSError:
            return


def until(is_so: Callable[[], bool], within_s: float, what: str) -> None:
    end = time.monotonic() + within_s
    while not is_so():
        assert time.monotonic() < end, f"not within {within_s:.0f} s: {what}"
        time.sleep(0.05)


def declared(store: Path, study: str, arms: int) -> Path:
    """A study of so many arms, none of them begun."""
    folder = layout.study_folder(store, study)
    declare.write_study(folder, {"name": study, "question": "?", "report": [], "table": "study"})
    for number in range(arms):
        declare.write_arm(folder, arm(number))
    return folder


def arm(number: int) -> dict[str, object]:
    return {
        "arm": f"{number:016x}",
        "cell": {"head": f"head {number}"},
        "params": {"head.margin": number / 7},
        "config": {"head": {f"setting{k}": k for k in range(120)}},
        "datasets": {"train": "d" * 64},
        "default": number == 0,
    }


def train(folder: Path, number: int, *, epochs: int, pause_s: float, metrics: int = 10) -> None:
    """What a trial leaves on record, at a pace."""
    with RunWriter(folder, study=folder.name, arm=f"{number:016x}", seed=0) as run:
        for epoch in range(epochs):
            row = {f"train/m{k}": epoch + k / 10 for k in range(metrics)}
            run.log(row | {"selection/auc": 0.9}, epoch=epoch + 1, step=10 * (epoch + 1))
            run.flush()
            time.sleep(pause_s)
    declare.write_verdict(folder, f"{number:016x}", {"status": "complete", "message": ""})


def _group(leader: int) -> list[int]:
    """Processes of one group, by /proc."""
    found = []
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                if os.getpgid(int(folder.name)) == leader:
                    found.append(int(folder.name))
            except ProcessLookupError:
                continue
    return found
