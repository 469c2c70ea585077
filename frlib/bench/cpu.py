"""CPU time of this process and of everything it has started, from Linux's `/proc`."""

import os
from collections import defaultdict
from pathlib import Path

from frlib.core.errors import BenchmarkError

_PROC = Path("/proc")
_PARENT, _TIMES = 1, slice(11, 15)
"""Places behind the name in `stat`: the parent, and utime, stime, cutime, cstime (proc(5))."""


def tree_s() -> float:
    """Seconds, user and system, of this process and its descendants, ended ones included.

    An ended one counts as soon as its parent has waited for it. `BenchmarkError` without `/proc`.
    """
    ticks: dict[int, int] = {}
    children: dict[int, list[int]] = defaultdict(list)
    for path in _PROC.glob("[0-9]*/stat"):
        try:
            words = path.read_text().rpartition(")")[2].split()
        except OSError:  # it has ended
            continue
        ticks[int(path.parent.name)] = sum(int(word) for word in words[_TIMES])
        children[int(words[_PARENT])].append(int(path.parent.name))
    if os.getpid() not in ticks:
        raise BenchmarkError(
            f"{_PROC} does not tell the CPU time of processes; this part is measured on Linux"
        )
    total, left = 0, [os.getpid()]
    while left:
        one = left.pop()
        total += ticks[one]
        left += children[one]
    return total / os.sysconf("SC_CLK_TCK")
