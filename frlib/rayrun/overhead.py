"""What the Ray Train layer takes from a step: the same workers started by Ray and by hand.

Two workers on CPUs, joined by gloo, do steps of a fixed length (they sleep, so that other users of
the machine change little), average a gradient of a small network after each, and report a row every
few steps: to Ray Train, or to a file. Groups take turns. Times are those of the first worker, steps
and rows apart, for a run reports once in an epoch. Ray lowers the priority of its workers: those
started by hand get the same one.

Wall time has the waiting for other users of the machine in it, and holds on a quiet one alone. CPU
time of the first worker's process has no waiting in it at all: a loss is at least that.
"""

import multiprocessing
import os
import statistics
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import torch
import torch.distributed as dist

from frlib.core import safeio
from frlib.core.errors import BenchmarkError
from frlib.parallel.collectives import TorchGroup
from frlib.rayrun import environment
from frlib.study.room import Need

WORKERS = 2
_FIRST_STEPS = 5
_TIMES = ("ms", "cpu_ms", "row_ms")


@dataclass(frozen=True, kw_only=True)
class Pace:
    """steps: measured, of `step_s` seconds each. every: steps between rows. numbers: averaged."""

    steps: int = 100
    step_s: float = 0.05
    every: int = 20
    numbers: int = 400_000


@dataclass(frozen=True, kw_only=True)
class Overhead:
    """Milliseconds of a step, wall and CPU time, medians over the turns.

    lost, cpu_lost: what Ray's step takes more, of either, as a share of the plain step's wall time.
    Steps leave out the reports, `plain_row_ms` and `ray_row_ms` each; CPU time has them. nice: of
    all workers.
    """

    pace: Pace
    turns: int
    plain_ms: float
    ray_ms: float
    lost: float
    plain_cpu_ms: float
    ray_cpu_ms: float
    cpu_lost: float
    plain_row_ms: float
    ray_row_ms: float
    nice: int


def measured(pace: Pace, turns: int, *, say: Callable[[str], None]) -> Overhead:
    """Start or join a cluster, and leave as it was. `ClusterError` where it does not fit.

    `BenchmarkError` if the two ways of starting workers average to different numbers.
    """
    import ray

    was_there = ray.is_initialized()
    say("layer of Ray Train: starting Ray")
    environment.connect()
    try:
        environment.capacity(Need(cpus=1, workers=WORKERS))
        with TemporaryDirectory(prefix="frlib-bench-") as name:
            found = [_turn(pace, Path(name), turn, say) for turn in range(turns)]
    finally:
        if not was_there:
            ray.shutdown()
    plain, by_ray = (
        {key: statistics.median(one[way][key] for one in found) for key in _TIMES}
        for way in ("plain", "ray")
    )
    return Overhead(
        pace=pace,
        turns=turns,
        plain_ms=plain["ms"],
        ray_ms=by_ray["ms"],
        lost=by_ray["ms"] / plain["ms"] - 1,
        plain_cpu_ms=plain["cpu_ms"],
        ray_cpu_ms=by_ray["cpu_ms"],
        cpu_lost=(by_ray["cpu_ms"] - plain["cpu_ms"]) / plain["ms"],
        plain_row_ms=plain["row_ms"],
        ray_row_ms=by_ray["row_ms"],
        nice=int(found[0]["ray"]["nice"]),
    )


def paced(pace: Pace, out: Path, report: Callable[[Mapping[str, float]], None]) -> None:
    """The steps, in a worker of a process group; the first one writes what they took to `out`."""
    torch.set_num_threads(1)
    group = TorchGroup()
    values = torch.full((pace.numbers,), 1.0 + group.rank)
    mean = torch.zeros(())
    wall = cpu = in_rows = 0.0
    for step in range(_FIRST_STEPS + pace.steps):
        if step == _FIRST_STEPS:
            group.mean(values[:1])
            wall, cpu = time.perf_counter(), time.process_time()
        time.sleep(pace.step_s)
        mean = group.mean(values)[0]
        if (step + 1 - _FIRST_STEPS) % pace.every == 0 and step >= _FIRST_STEPS:
            began = time.perf_counter()
            report({"epoch": float(step), "value": float(mean)})
            in_rows += time.perf_counter() - began
    seconds, cpu_s = time.perf_counter() - wall, time.process_time() - cpu
    if group.rank == 0:
        row = {
            "ms": 1e3 * (seconds - in_rows) / pace.steps,
            "cpu_ms": 1e3 * cpu_s / pace.steps,
            "row_ms": 1e3 * in_rows / (pace.steps // pace.every),
            "mean": float(mean),
            "nice": os.nice(0),
        }
        safeio.write_json(out, row)


def _turn(
    pace: Pace, folder: Path, turn: int, say: Callable[[str], None]
) -> dict[str, dict[str, float]]:
    say(f"layer of Ray Train: Ray, turn {turn + 1}")
    out = folder / f"ray-{turn}.json"
    _by_ray(pace, out)
    found = {"ray": dict(safeio.read_json(out))}
    say(f"layer of Ray Train: by hand, turn {turn + 1}")
    out = folder / f"plain-{turn}.json"
    _by_hand(pace, out, int(found["ray"]["nice"]))
    found["plain"] = dict(safeio.read_json(out))
    if found["plain"]["mean"] != found["ray"]["mean"]:
        raise BenchmarkError(
            f"workers started by hand average to {found['plain']['mean']}, by Ray Train to "
            f"{found['ray']['mean']}: they are not the same group. No time is reported"
        )
    return found


def _by_hand(pace: Pace, out: Path, nice: int) -> None:
    spawn = multiprocessing.get_context("spawn")
    workers = [
        spawn.Process(target=_worker, args=(pace, out, rank, nice)) for rank in range(WORKERS)
    ]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    codes = [worker.exitcode for worker in workers]
    if any(codes):
        raise BenchmarkError(f"workers started by hand ended with exit codes {codes}, expected 0")


def _worker(pace: Pace, out: Path, rank: int, nice: int) -> None:
    os.nice(max(0, nice - os.nice(0)))
    meeting = out.with_suffix(".meeting").absolute()
    dist.init_process_group("gloo", init_method=f"file://{meeting}", rank=rank, world_size=WORKERS)
    rows = out.with_suffix(".rows.json")
    paced(pace, out, lambda row: safeio.write_json(rows, dict(row)) if rank == 0 else None)
    dist.destroy_process_group()


def _by_ray(pace: Pace, out: Path) -> None:
    from ray import train
    from ray.train.torch import TorchTrainer

    TorchTrainer(
        _ray_worker,
        train_loop_config={"pace": pace, "out": str(out)},
        scaling_config=train.ScalingConfig(
            num_workers=WORKERS, use_gpu=False, resources_per_worker={"CPU": 1}
        ),
        run_config=train.RunConfig(name=out.stem, storage_path=str(out.parent)),
    ).fit()


def _ray_worker(order: dict[str, Any]) -> None:
    from ray import train

    paced(order["pace"], Path(order["out"]), lambda row: train.report(dict(row)))
