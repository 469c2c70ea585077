"""What the Ray Train layer takes from a step: the same workers started by Ray and by hand.

Two workers on CPUs, joined by gloo, do steps of a fixed length (they sleep, so that other users of
the machine change little), average a gradient of a small network after each, and report a row every
few steps: to Ray Train, or to a file. Groups take turns; a group's time is that of its steps alone,
in its first worker. The CPU time of that process beside its sleep says what the layer does in the
background.
"""

import multiprocessing
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

WORKERS = 2
_FIRST_STEPS = 5


@dataclass(frozen=True, kw_only=True)
class Pace:
    """steps: measured, of `step_s` seconds each. every: steps between rows. numbers: averaged."""

    steps: int = 100
    step_s: float = 0.05
    every: int = 20
    numbers: int = 400_000


@dataclass(frozen=True, kw_only=True)
class Overhead:
    """Medians over the turns, milliseconds of a step. lost: plain's share that Ray takes more.

    by_ray: what the clock of `lost` read; _cpu_ms: CPU time of the first worker's process.
    """

    pace: Pace
    turns: int
    plain_ms: float
    ray_ms: float
    lost: float
    plain_cpu_ms: float
    ray_cpu_ms: float


def measured(pace: Pace, turns: int, *, say: Callable[[str], None]) -> Overhead:
    """Start or join a cluster, and leave as it was. `ClusterError` where it does not fit.

    `BenchmarkError` if the two ways of starting workers average to different numbers.
    """
    import ray

    was_there = ray.is_initialized()
    say("layer of Ray Train: starting Ray")
    environment.connect()
    try:
        environment.capacity(WORKERS, 0)
        with TemporaryDirectory(prefix="frlib-bench-") as name:
            found = [_turn(pace, Path(name), turn, say) for turn in range(turns)]
    finally:
        if not was_there:
            ray.shutdown()
    plain, by_ray = (
        {key: statistics.median(one[way][key] for one in found) for key in ("ms", "cpu_ms")}
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
    )


def paced(pace: Pace, out: Path, report: Callable[[Mapping[str, float]], None]) -> None:
    """The steps, in a worker of a process group; the first one writes what they took to `out`."""
    torch.set_num_threads(1)
    group = TorchGroup()
    values = torch.full((pace.numbers,), 1.0 + group.rank)
    mean = torch.zeros(())
    wall = cpu = 0.0
    for step in range(_FIRST_STEPS + pace.steps):
        if step == _FIRST_STEPS:
            group.mean(values[:1])
            wall, cpu = time.perf_counter(), time.process_time()
        time.sleep(pace.step_s)
        mean = group.mean(values)[0]
        if (step + 1 - _FIRST_STEPS) % pace.every == 0 and step >= _FIRST_STEPS:
            report({"epoch": float(step), "value": float(mean)})
    seconds, cpu_s = time.perf_counter() - wall, time.process_time() - cpu
    if group.rank == 0:
        each = 1e3 / pace.steps
        row = {"ms": each * seconds, "cpu_ms": each * cpu_s, "mean": float(mean)}
        safeio.write_json(out, row)


def _turn(
    pace: Pace, folder: Path, turn: int, say: Callable[[str], None]
) -> dict[str, dict[str, float]]:
    found = {}
    for way, start in (("plain", _by_hand), ("ray", _by_ray)):
        say(f"layer of Ray Train: {way}, turn {turn + 1}")
        out = folder / f"{way}-{turn}.json"
        start(pace, out)
        found[way] = dict(safeio.read_json(out))
    if found["plain"]["mean"] != found["ray"]["mean"]:
        raise BenchmarkError(
            f"workers started by hand average to {found['plain']['mean']}, by Ray Train to "
            f"{found['ray']['mean']}: they are not the same group. No time is reported"
        )
    return found


def _by_hand(pace: Pace, out: Path) -> None:
    spawn = multiprocessing.get_context("spawn")
    workers = [spawn.Process(target=_worker, args=(pace, out, rank)) for rank in range(WORKERS)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    codes = [worker.exitcode for worker in workers]
    if any(codes):
        raise BenchmarkError(f"workers started by hand ended with exit codes {codes}, expected 0")


def _worker(pace: Pace, out: Path, rank: int) -> None:
    meeting = out.with_suffix(".meeting").absolute()
    dist.init_process_group(
        "gloo", init_method=f"file://{meeting}", rank=rank, world_size=WORKERS
    )
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
