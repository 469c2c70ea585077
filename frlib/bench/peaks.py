"""Peak memory of every form of a head, measured in a process of its own.

There the allocator is set up before anything large has been allocated; the peak then is that of the
live tensors, to a fraction of a MiB, whatever ran before.
"""

import multiprocessing
import signal
from collections.abc import Iterator
from concurrent.futures import Executor, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass, replace

import torch

from frlib.bench import measure
from frlib.bench.case import FLOOR, ONE_HOT, Case, Shape
from frlib.core.errors import BenchmarkError
from frlib.heads.config import HeadConfig

_FEW = 1000


@dataclass(frozen=True)
class Peaks:
    """Measures in the other process, which computes with `threads` threads."""

    pool: Executor
    threads: int

    def of(self, config: HeadConfig, shape: Shape, forms: tuple[str, ...]) -> dict[str, int | None]:
        """Bytes a step adds, by form, the one-hot form among them; None where not measurable."""
        try:
            return self.pool.submit(_measured, config, shape, forms, self.threads).result()
        except BrokenProcessPool:
            raise BenchmarkError(
                f"head {config.name}, {shape.classes} classes: the process that measured its peak "
                "memory died, most likely for lack of memory. Use fewer classes, or a smaller "
                "batch or dimension"
            ) from None


@contextmanager
def opened(threads: int) -> Iterator[Peaks]:
    """Start the process; it ends with the block."""
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=spawn, initializer=_start) as pool:
        yield Peaks(pool, threads)


def _start() -> None:
    """Ctrl-C is for the process that prints; this one ends with it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    measure.free_at_once()


def _measured(
    config: HeadConfig, shape: Shape, forms: tuple[str, ...], threads: int
) -> dict[str, int | None]:
    """Few classes warm up every form, the bare products the work space of the full size."""
    with measure.threads(threads):
        own = tuple(form for form in forms if form != ONE_HOT)
        few = Case(config, replace(shape, classes=min(shape.classes, _FEW)), own)
        for form in forms:
            few.steps[form]()
        case = Case(config, shape, own)
        case.steps[FLOOR]()
        device = torch.device(shape.device)
        return {form: measure.peak_bytes(case.steps[form], device, case.forget) for form in forms}
