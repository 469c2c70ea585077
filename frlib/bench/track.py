"""What the MLflow mirror costs training, whatever its server does.

A process that trains (products of matrices, a record an epoch) runs again and again, in turn with
no mirror and with a mirror in the driver whose server is

    answering    a database of its own, as a store has it
    refusing     nothing listens
    silent       takes calls and never answers

Compared is the trainer's CPU time of a step, so that others on the machine do not count. A trainer
that has loaded MLflow, or a record that the answering server lacks at the end, is an error.
"""

import logging
import socket
import statistics
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from frlib.bench import apart
from frlib.core.errors import BenchmarkError
from frlib.records import declare, layout, read
from frlib.track.background import Background
from frlib.track.check import check
from frlib.track.mirror import Mirror
from frlib.track.uri import default_artifacts, default_uri

OFF, ANSWERING, REFUSING, SILENT = "no mirror", "answering", "refusing", "silent"
SERVERS = (OFF, ANSWERING, REFUSING, SILENT)
_ARM = "b" * 16
_EVERY_S = 0.5


@dataclass(frozen=True, kw_only=True)
class Sizes:
    """rounds: of all servers in turn. epochs, steps: of a run. side: of the matrices."""

    rounds: int = 5
    epochs: int = 6
    steps: int = 60
    side: int = 512
    metrics: int = 30


SMALL = Sizes(rounds=1, epochs=2, steps=5, side=64)


@dataclass(frozen=True, kw_only=True)
class Spent:
    """By one trainer: CPU and wall time of a step, ms; whether MLflow was loaded in it."""

    cpu_ms: float
    wall_ms: float
    has_mlflow: bool


@dataclass(frozen=True, kw_only=True)
class ServerResult:
    """Medians over rounds. slower, spread: of the CPU time of a step against no mirror in the same
    round, parts of one. driver_ms: CPU time of the mirror's process for an epoch.
    """

    cpu_ms: float
    wall_ms: float
    slower: float
    spread: float
    driver_ms: float


@dataclass(frozen=True, kw_only=True)
class TrackReport:
    """points: recorded beside the answering server, every one of them found there."""

    sizes: Sizes
    results: dict[str, ServerResult]
    points: int


def run(sizes: Sizes = Sizes(), say: Callable[[str], None] = lambda _: None) -> TrackReport:
    """Measure; `BenchmarkError` when MLflow was on the path of training or a record is missing."""
    spent: dict[str, list[tuple[Spent, float]]] = {name: [] for name in SERVERS}
    with (
        tempfile.TemporaryDirectory(prefix="frlib-bench-") as place,
        _silence() as silent,
        _quiet(),
    ):
        store = Path(place)
        folders = {name: _declared(store, name) for name in SERVERS}
        uris = {ANSWERING: default_uri(store), REFUSING: _refusing(), SILENT: silent}
        folder = folders[ANSWERING]
        Mirror(folder, uris[ANSWERING], default_artifacts(store)).sync(ended=False)
        for number in range(sizes.rounds):
            for name in SERVERS:
                say(f"round {number + 1} of {sizes.rounds}: {name}")
                spent[name].append(_trained(folders[name], sizes, uris.get(name)))
        Mirror(folder, uris[ANSWERING]).sync()
        missing = check(folder, uris[ANSWERING], ended=True, every_point=True)
        if missing:
            raise BenchmarkError(f"the mirror is not what is on record: {'; '.join(missing[:3])}")
        points = len(read.load(folder).metrics)
    if any(one.has_mlflow for rounds in spent.values() for one, _ in rounds):
        raise BenchmarkError("mlflow was loaded in the process that trains; expected nowhere there")
    results = {name: _result(spent[name], spent[OFF], sizes) for name in SERVERS}
    return TrackReport(sizes=sizes, results=results, points=points)


@contextmanager
def _quiet() -> Iterator[None]:
    """Within, the mirror does not say that servers are away."""
    log = logging.getLogger("frlib.track")
    before = log.level
    log.setLevel(logging.ERROR)
    try:
        yield
    finally:
        log.setLevel(before)


def _trained(folder: Path, sizes: Sizes, uri: str | None) -> tuple[Spent, float]:
    began = time.process_time()
    background = None if uri is None else Background(Mirror(folder, uri), every_s=_EVERY_S)
    spent = apart.run(1, trainer, folder, sizes)
    if background is not None:
        background.close(timeout_s=0.0)
    return spent, 1000 * (time.process_time() - began) / sizes.epochs


def trainer(folder: Path, sizes: Sizes) -> Spent:
    """A run of its own: steps, and a record an epoch."""
    import sys

    import numpy as np

    from frlib.records.write import RunWriter

    seed = layout.next_attempt(folder, _ARM, 0)
    matrix = np.random.default_rng(0).normal(size=(sizes.side, sizes.side)).astype(np.float32)
    product = np.empty_like(matrix)
    cpu = wall = 0.0
    with RunWriter(folder, study=folder.name, arm=_ARM, seed=0, attempt=seed) as writer:
        for epoch in range(1, sizes.epochs + 1):
            cpu_began, wall_began = time.process_time(), time.perf_counter()
            for _ in range(sizes.steps):
                np.matmul(matrix, matrix, out=product)
            row = {f"train/{number}": float(number) for number in range(sizes.metrics)}
            writer.log(row, epoch=epoch, step=epoch * sizes.steps)
            writer.flush()
            cpu += time.process_time() - cpu_began
            wall += time.perf_counter() - wall_began
    steps = sizes.epochs * sizes.steps
    return Spent(
        cpu_ms=1000 * cpu / steps, wall_ms=1000 * wall / steps, has_mlflow="mlflow" in sys.modules
    )


def _result(
    rounds: list[tuple[Spent, float]], off: list[tuple[Spent, float]], sizes: Sizes
) -> ServerResult:
    slower = [one.cpu_ms / base.cpu_ms - 1 for (one, _), (base, _) in zip(rounds, off, strict=True)]
    return ServerResult(
        cpu_ms=statistics.median(one.cpu_ms for one, _ in rounds),
        wall_ms=statistics.median(one.wall_ms for one, _ in rounds),
        slower=statistics.median(slower),
        spread=(max(slower) - min(slower)) / 2,
        driver_ms=statistics.median(driver for _, driver in rounds),
    )


def _declared(store: Path, server: str) -> Path:
    study = server.replace(" ", "_")
    folder = layout.study_folder(store, study)
    declare.write_study(folder, {"name": study, "question": "", "report": [], "table": "study"})
    arm = {"arm": _ARM, "cell": {}, "params": {}, "config": {}, "datasets": {}, "default": True}
    declare.write_arm(folder, arm)
    return folder


def _refusing() -> str:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{free.getsockname()[1]}"


@contextmanager
def _silence() -> Iterator[str]:
    """The URI of a server that takes every call and answers none."""
    kept: list[socket.socket] = []

    def accept() -> None:
        while True:
            try:
                kept.append(listening.accept()[0])
            except OSError:
                return

    with socket.create_server(("127.0.0.1", 0)) as listening:
        accepting = threading.Thread(target=accept, daemon=True)
        accepting.start()
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        listening.shutdown(socket.SHUT_RDWR)
        accepting.join()
    for one in kept:
        one.close()
