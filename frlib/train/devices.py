"""Memory of devices that runs are planned for: well-known accelerators and this machine.

Sizes are those of the makers' data sheets, in GiB as sold (a driver shows a few per cent less,
which the margin of `usable` covers).
"""

import os
from dataclasses import dataclass
from pathlib import Path

import torch

GIB = 2**30
CONTEXT_BYTES = GIB
"""Taken by the driver's context, loaded kernels and the work space of convolutions."""
FRAGMENTED = 0.05
"""Share that an allocator cannot give out."""

_ACCELERATORS = (
    ("T4", 16),
    ("V100 16", 16),
    ("RTX 3090, 4090", 24),
    ("L4, A10", 24),
    ("RTX 5090", 32),
    ("V100 32", 32),
    ("A100 40", 40),
    ("L40S", 48),
    ("A100 80, H100", 80),
    ("H200", 141),
    ("B200", 180),
)
_CGROUP_LIMIT = Path("/sys/fs/cgroup/memory.max")


@dataclass(frozen=True)
class Device:
    """A place for workers. is_host: its memory holds all workers and what they keep on the host."""

    name: str
    bytes: int
    is_host: bool = False

    @property
    def usable(self) -> int:
        """Bytes that a plan may fill: 5 % are left, and 1 GiB more on an accelerator."""
        context = 0 if self.is_host else CONTEXT_BYTES
        return max(0, int(self.bytes * (1 - FRAGMENTED)) - context)


def known() -> tuple[Device, ...]:
    """Accelerators by memory, smallest first."""
    return tuple(Device(name, gib * GIB) for name, gib in _ACCELERATORS)


def here() -> tuple[Device, ...]:
    """This machine: its memory, as far as this process may take it, and its CUDA devices."""
    found = [Device("this machine, CPU", _host_bytes(), is_host=True)]
    for number in range(torch.cuda.device_count()):
        about = torch.cuda.get_device_properties(number)
        found.append(Device(f"this machine, {about.name}", about.total_memory))
    return tuple(found)


def _host_bytes() -> int:
    whole = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    try:
        return min(whole, int(_CGROUP_LIMIT.read_text()))
    except (OSError, ValueError):
        return whole
