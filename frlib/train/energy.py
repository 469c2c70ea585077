"""Energy from counters that machines keep: processor packages and memory (RAPL), NVIDIA GPUs.

A counter is of the whole machine or device: whatever else ran there is in it, and what the machine
takes besides (fans, disks, power supply) is not. Linux often lets root alone read the packages;
what cannot be read is left out, and with nothing to read there is no energy.
"""

import ctypes
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import torch

RAPL = Path("/sys/class/powercap")
NVML = "libnvidia-ml.so.1"
_EVERY_S = 60.0
"""Between two readings: packages wrap after ten minutes at the earliest."""


@dataclass(frozen=True)
class Counter:
    """A number that grows. joules: of its unit. wraps_at: where it begins anew; 0: nowhere."""

    name: str
    read: Callable[[], int]
    joules: float
    wraps_at: int = 0

    def between(self, before: int, now: int) -> float:
        """Joules from one reading to the next, if it has wrapped once at most."""
        return self.joules * (now - before + (self.wraps_at if now < before else 0))


def packages(root: Path = RAPL) -> tuple[Counter, ...]:
    """Every processor package and its memory, as far as they can be read.

    Zones inside a package, of the whole platform, and second views of a package are left out.
    """
    found = []
    for zone in sorted(root.glob("intel-rapl:*")):
        try:
            name = (zone / "name").read_text().strip()
            range_uj = int((zone / "max_energy_range_uj").read_text())
            _number(zone / "energy_uj")
        except (OSError, ValueError):
            continue
        if name.startswith("package") or name == "dram":
            found.append(
                Counter(f"{name} {zone.name}", _reader(zone / "energy_uj"), 1e-6, range_uj)
            )
    return tuple(found)


def gpu(device: torch.device) -> tuple[Counter, ...]:
    """A CUDA device, if its driver counts (from Volta on); none for another device."""
    if device.type != "cuda":
        return ()
    uuid = f"GPU-{torch.cuda.get_device_properties(device).uuid}"
    try:
        nvml = ctypes.CDLL(NVML)
    except OSError:
        return ()
    handle = ctypes.c_void_p()
    if nvml.nvmlInit_v2() or nvml.nvmlDeviceGetHandleByUUID(uuid.encode(), ctypes.byref(handle)):
        return ()
    counter = Counter(uuid, lambda: _millijoules(nvml, handle), 1e-3)
    try:
        counter.read()
    except OSError:
        return ()
    return (counter,)


class Meter:
    """Adds up counters while it is open; a thread reads them often enough for those that wrap."""

    def __init__(self, counters: Sequence[Counter]) -> None:
        self._counters = tuple(counters)
        self._readings = [one.read() for one in self._counters]
        self._joules = 0.0
        self._is_broken = False
        self._lock, self._closed = threading.Lock(), threading.Event()
        self._thread = threading.Thread(target=self._follow, name="energy", daemon=True)

    @property
    def names(self) -> list[str]:
        """Of what is read."""
        return [one.name for one in self._counters]

    def __enter__(self) -> Self:
        if self._counters:
            self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._closed.set()
        if self._counters:
            self._thread.join()

    def joules(self) -> float | None:
        """Since it was made; None if nothing can be read, or no longer."""
        if not self._counters:
            return None
        with self._lock:
            self._look()
            return None if self._is_broken else self._joules

    def _follow(self) -> None:
        while not self._closed.wait(_EVERY_S):
            self.joules()

    def _look(self) -> None:
        try:
            now = [one.read() for one in self._counters]
        except (OSError, ValueError):
            self._is_broken = True
            return
        for one, before, after in zip(self._counters, self._readings, now, strict=True):
            self._joules += one.between(before, after)
        self._readings = now


def _number(path: Path) -> int:
    return int(path.read_text())


def _reader(path: Path) -> Callable[[], int]:
    return lambda: _number(path)


def _millijoules(nvml: Any, handle: ctypes.c_void_p) -> int:
    value = ctypes.c_ulonglong()
    code = nvml.nvmlDeviceGetTotalEnergyConsumption(handle, ctypes.byref(value))
    if code:
        raise OSError(f"NVML answers {code}")
    return value.value
