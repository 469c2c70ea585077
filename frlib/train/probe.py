"""Seconds of a step on this hardware, by really training a few; nothing of it is kept.

A short pass is repeated (the whole training set is prepared, and a few batches of it are trained
on), and the median of the times between two steps is taken, the first of each pass left out. Held-
out people and benchmarks are embedded, in part where all would take too long, and counted up by
images. So it holds waiting for data, a step and evaluation. Not in it: checkpoints, averaging over
workers, what concurrent runs take from each other, Ray's start, and what an old model adds (its
features are not there yet).
"""

import os
import platform
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from statistics import median

import numpy as np
import torch

from frlib.core.errors import DataError
from frlib.data.loading.choose import open_for, open_training
from frlib.data.pixels.batches import Pixels
from frlib.data.prepare import Prepared, prepare
from frlib.evaluate import pairs10
from frlib.evaluate.embed import BATCH, embed
from frlib.train import cost
from frlib.train.config import TrainConfig
from frlib.train.loop import Epoch, epochs
from frlib.train.place import Place, here
from frlib.train.tail import part_of
from frlib.train.tail_feed import opened_tail

_CPU_INFO = Path("/proc/cpuinfo")
_STEPS = 6
"""Of a pass."""
_PASSES = 50
_FOR_TRAINING = 0.7
"""Share of the time that training gets; evaluation has what is left."""


@dataclass(frozen=True, kw_only=True)
class Probe:
    """One workload here, in seconds.

    step_s: of a step, median of `steps`. pass_s: what an epoch takes beside its steps. start_s:
    preparing data and building networks. selection_s, report_s: evaluating the held-out people
    once, and all benchmarks once. watts: drawn in training by what `frlib.train.energy` can read;
    None where it can read nothing.
    """

    steps: int
    step_s: float
    pass_s: float
    start_s: float
    selection_s: float
    report_s: float
    watts: float | None


class _Ticks:
    """A `Listener` that notes when steps end."""

    def __init__(self) -> None:
        self.times: list[list[float]] = [[]]

    def point(self, row: Mapping[str, float], *, epoch: int, step: int) -> None:
        """A step has ended; the numbers of the row have been waited for."""
        self.times[-1].append(time.perf_counter())

    def event(self, name: str, message: str) -> None:
        """Nothing: these steps are thrown away."""

    def turn(self) -> None:
        """Another pass begins."""
        self.times.append([])

    @property
    def steps(self) -> list[float]:
        """Seconds between two steps of one pass."""
        return [after - before for one in self.times for before, after in pairwise(one)]


def probe(
    config: TrainConfig,
    *,
    seconds: float,
    seed: int,
    store: Path,
    place: Place,
    say: Callable[[str], None],
) -> Probe:
    """Train for about `seconds`, and evaluate. Decoded data stay in the store, nothing else does.

    seconds: without the decoding of data, which a run would find done. say: is told how far it is.
    `DataError` where the images make no two batches.
    """
    say("reading data")
    began = time.perf_counter()
    prepared = prepare(config.data, config.noise, seed, store, part_of(config.tail))
    batches = min(_STEPS, len(prepared.train) // config.batch_size)
    if batches < 2:
        raise DataError(
            f"{len(prepared.train):,} training images make no two batches of {config.batch_size} "
            "to take the time of; lower base.batch_size"
        )
    prepared_s = time.perf_counter() - began
    rows = np.linspace(0, len(prepared.train) - 1, batches * config.batch_size).astype(np.int64)
    few = prepared.train.take(rows)
    short = config.model_copy(
        update={"epochs": _PASSES, "log_every": 1, "profile": 0, "start": None, "compat": None}
    )
    threads, ticks = torch.get_num_threads(), _Ticks()
    meter = cost.meter(place)
    with (
        meter,
        open_training(config.data, few, store, threads) as pixels,
        opened_tail(config.data, prepared.tail, store, threads) as tail,
    ):
        say("first steps")
        began = time.perf_counter()
        passes = epochs(short, few, pixels, seed=seed, place=place, listener=ticks, tail=tail)
        with closing(passes):
            for done in passes:
                ticks.turn()
                step_s = median(ticks.steps)
                say(f"{done.step} steps, {step_s:.3g} s each")
                if time.perf_counter() > began + _FOR_TRAINING * seconds:
                    break
            joules, trained_s = meter.joules(), time.perf_counter() - began
            start_s = max(0.0, ticks.times[0][0] - began - step_s)
            beside_s = trained_s - start_s - done.step * step_s
            pass_s = max(0.0, beside_s / done.number)
            say("evaluation")
            left = began + seconds - time.perf_counter()
            selection_s, report_s = _evaluated(config, prepared, done, place, store, left)
    return Probe(
        steps=len(ticks.steps),
        step_s=step_s,
        pass_s=pass_s,
        start_s=prepared_s + start_s,
        selection_s=selection_s,
        report_s=report_s,
        watts=None if joules is None else joules / trained_s,
    )


def place_of(*, use_gpu: bool) -> Place:
    """Like that of a trial's only worker here: on a GPU if one is wanted and there is one."""
    return here(use_gpu=use_gpu and torch.cuda.is_available())


def threads_of(cpus: float) -> int:
    """Threads that a trial's only worker computes with here."""
    return max(1, min(int(cpus), os.cpu_count() or 1))


@contextmanager
def computing(threads: int) -> Iterator[None]:
    """Within, torch computes with so many threads."""
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def hardware(place: Place, threads: int) -> dict[str, str]:
    """What a measurement here depends on, as facts that can be compared later."""
    device = "CPU"
    if place.device.type == "cuda":
        device = torch.cuda.get_device_properties(place.device).name
    return {
        "host": platform.node(),
        "processor": _processor(),
        "cpus": str(os.cpu_count()),
        "threads": str(threads),
        "device": device,
        "torch": str(torch.__version__),
    }


def _processor() -> str:
    """Its name as the kernel gives it, else its architecture."""
    if _CPU_INFO.is_file():
        for line in _CPU_INFO.read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.machine()


def _evaluated(
    config: TrainConfig, prepared: Prepared, done: Epoch, place: Place, store: Path, left: float
) -> tuple[float, float]:
    """Seconds of the held-out people once, and of all benchmarks with their mirror views.

    Sets that fit into the time that is `left` are evaluated, others are counted up by images.
    """
    view = pairs10.View(done.state.trainee.backbone, place.device, done.cast)
    spent, each_s = [0.0, 0.0], 0.0
    held_out = [] if prepared.selection is None else [prepared.selection]
    with done.state.evaluated():
        for reported, one in [(0, s) for s in held_out] + [(1, s) for s in prepared.benchmarks]:
            with open_for(config.data, one.manifest, store, torch.get_num_threads()) as pixels:
                each_s = each_s or _image_s(view, pixels)
                needed = (1 + reported) * each_s * len(one.manifest)
                if needed < left:
                    began = time.perf_counter()
                    if reported:
                        pairs10.benchmark(view, one.name, pixels, one.pairs, config.variants)
                    else:
                        pairs10.selection(view, pixels, one.pairs)
                    needed = time.perf_counter() - began
                    left -= needed
                spent[reported] += needed
    return spent[0], spent[1]


def _image_s(view: pairs10.View, pixels: Pixels) -> float:
    """Seconds of one image in evaluation, from the second of two passes over a few."""
    rows = np.arange(min(len(pixels), BATCH))
    for _ in range(2):
        began = time.perf_counter()
        embed(
            view.backbone, pixels, rows, mirrored=False, device=view.device, autocast=view.autocast
        )
    return (time.perf_counter() - began) / len(rows)
