"""Time and peak memory of a step.

* Steps take turns (a, b, a, b): a machine that slows down slows all of them down.
* Median over the repeats, and their range; every step has run once before.
* One thread: CPU time of the process, which other users of the machine do not lengthen. Several
  threads or CUDA: wall time. The two are never mixed.
* Peak memory is what a step adds to the memory held before it: on Linux the high-water mark of the
  resident size, cleared before the step; on CUDA the allocator's counter.
"""

import ctypes
import gc
import statistics
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import torch

from frlib.core.errors import ConfigError

Step = Callable[[], object]
_STATUS = Path("/proc/self/status")
_CLEAR = Path("/proc/self/clear_refs")
_CLEAR_HIGH_WATER = "5"
_MMAP_THRESHOLD = -3  # M_MMAP_THRESHOLD of malloc.h
_SMALLEST_MAPPED = 2**16


@dataclass(frozen=True)
class Clock:
    """`read` returns seconds; `name` says of what."""

    name: str
    read: Callable[[], float]


@dataclass(frozen=True)
class Timing:
    """Seconds of one step: median, least and most over the repeats."""

    median_s: float
    least_s: float
    most_s: float


def place(device: str) -> torch.device:
    """The device of this name; `ConfigError` if this machine has none."""
    if device == "cpu" or (device.partition(":")[0] == "cuda" and torch.cuda.is_available()):
        return torch.device(device)
    raise ConfigError(
        f"device {device!r}: expected cpu, or cuda where there is one; "
        f"{torch.cuda.device_count()} CUDA devices are visible here"
    )


@contextmanager
def threads(count: int) -> Iterator[None]:
    """Torch computes with `count` threads inside, with as many as before afterwards."""
    before = torch.get_num_threads()
    torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def clock(device: torch.device, count: int) -> Clock:
    """The clock for `count` threads on `device`."""
    if device.type == "cuda":
        return Clock("wall time, device synchronised", _synchronised)
    if count == 1:
        return Clock("process CPU time, 1 thread", time.process_time)
    return Clock(f"wall time, {count} threads", time.perf_counter)


def _synchronised() -> float:
    torch.cuda.synchronize()
    return time.perf_counter()


def interleaved(
    steps: Mapping[str, Step], by: Clock, repeats: int, reset: Callable[[], None]
) -> dict[str, Timing]:
    """Time of each step, which has run before. What it returns lives until the clock has stopped.

    `reset` runs before every step and at the end, outside the measured time.
    """
    seconds: dict[str, list[float]] = {name: [] for name in steps}
    for _ in range(repeats):
        for name, step in steps.items():
            reset()
            start = by.read()
            kept = step()
            seconds[name].append(by.read() - start)
            del kept
    reset()
    return {n: Timing(statistics.median(s), min(s), max(s)) for n, s in seconds.items()}


def free_at_once() -> None:
    """Make glibc return every freed tensor to the system, from now on in this process.

    Otherwise the high-water mark depends on the holes in its heap. Costs time: not where that is
    measured.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(_MMAP_THRESHOLD, _SMALLEST_MAPPED)


def peak_bytes(step: Step, device: torch.device, reset: Callable[[], None]) -> int | None:
    """Memory a step adds at its highest point. None where the system does not tell.

    `reset` runs before and after. A step of the kind has run before: libraries keep the work space
    of their first call.
    """
    reset()
    gc.collect()
    found = _cuda_peak(step, device) if device.type == "cuda" else resident_peak(step)
    reset()
    return found


def _cuda_peak(step: Step, device: torch.device) -> int:
    torch.cuda.synchronize(device)
    torch.cuda.reset_peak_memory_stats(device)
    before = torch.cuda.memory_allocated(device)
    kept = step()
    torch.cuda.synchronize(device)
    del kept
    return torch.cuda.max_memory_allocated(device) - before


def resident_peak(step: Step) -> int | None:
    """Bytes of resident memory `step` adds at its highest point; None where not told."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)
    try:
        _CLEAR.write_text(_CLEAR_HIGH_WATER)
        before = _status_bytes("VmRSS")
    except OSError:
        return None
    kept = step()
    peak = _status_bytes("VmHWM")
    del kept
    return max(0, peak - before)


def _status_bytes(key: str) -> int:
    for line in _STATUS.read_text().splitlines():
        name, _, rest = line.partition(":")
        if name == key:
            return int(rest.split()[0]) * 1024
    raise OSError(f"{_STATUS} has no {key}")
