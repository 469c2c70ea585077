"""Where the time of an epoch goes: waiting for data, forward and backward, and so on.

On a GPU the spans are taken between events on its stream, of one step in `SAMPLED`, and read at the
end, so that nothing waits for the device while it works; on a CPU between calls, of all steps.
"""

import resource
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch

SAMPLED = 10
_MIB = 2**20


class Clock:
    """Adds up named spans of this worker."""

    def __init__(self, device: torch.device) -> None:
        self._device = device
        self._seconds: dict[str, float] = defaultdict(float)
        self._events: list[tuple[str, Any, Any]] = []
        self._steps = 0
        self._cpu_began = time.process_time()

    def step(self) -> None:
        """A step begins."""
        self._steps += 1

    @contextmanager
    def span(self, name: str) -> Iterator[None]:
        """Work of the host, or of a CPU: its wall time."""
        began = time.perf_counter()
        try:
            yield
        finally:
            self._seconds[name] += time.perf_counter() - began

    @contextmanager
    def device_span(self, name: str) -> Iterator[None]:
        """Work queued on the device."""
        if self._device.type != "cuda":
            with self.span(name):
                yield
            return
        if self._steps % SAMPLED:
            yield
            return
        began, ended = (torch.cuda.Event(enable_timing=True) for _ in range(2))
        began.record()
        try:
            yield
        finally:
            ended.record()
            self._events.append((name, began, ended))

    def row(self) -> dict[str, float]:
        """Seconds under `time/<name>`, and the most memory held so far; starts anew.

        `time/cpu`: CPU seconds of the process since the last row, over all its threads.
        """
        if self._events:
            torch.cuda.synchronize(self._device)
        for name, began, ended in self._events:
            self._seconds[name] += SAMPLED * began.elapsed_time(ended) / 1000
        found = {f"time/{name}": seconds for name, seconds in sorted(self._seconds.items())}
        self._seconds.clear()
        self._events.clear()
        now = time.process_time()
        found["time/cpu"], self._cpu_began = now - self._cpu_began, now
        found["memory/host_peak_mib"] = host_peak() / _MIB
        if self._device.type == "cuda":
            found["memory/device_peak_mib"] = device_peak(self._device) / _MIB
        return found


def host_peak() -> int:
    """Bytes of memory that this process has held at most since it began."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def device_peak(device: torch.device) -> int:
    """Bytes that tensors of this process have taken at most on a CUDA device."""
    return torch.cuda.max_memory_allocated(device)
