"""Room on each node: Ray's temporary folder, shared memory, memory, and the store."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from frlib.doctor import token
from frlib.doctor.asked import Asked
from frlib.doctor.report import Facts, Finding, Report

ORDER = 70
_GIB = 1 << 30
_LEAST = {"temporary": 5.0, "shared": 1.0, "memory": 2.0, "store": 5.0}
_WHAT = {
    "temporary": ("temporary folder", "Ray spills objects and keeps logs there"),
    "shared": ("shared memory", "give the container a larger /dev/shm (--shm-size, or a volume)"),
    "memory": ("memory", "fewer arms at a time on this node, or a larger one"),
    "store": ("store", "`frlib artifact prune`, or another --store"),
}


def look(asked: Asked) -> Facts:
    """Free GiB; nothing of a store that is no folder here."""
    found = {"temporary": _free(Path(os.environ.get("RAY_TMPDIR") or tempfile.gettempdir()))}
    if (shared := Path("/dev/shm")).is_dir():
        found["shared"] = _free(shared)
    if (memory := Path("/proc/meminfo")).is_file():
        found["memory"] = _available(memory.read_text())
    store = Path(asked.store)
    if asked.store and not token.is_uri(asked.store) and store.is_absolute():
        there = next(p for p in (store, *store.parents) if p.exists())
        found["store"] = _free(there)
    return found


def judge(report: Report) -> Iterator[Finding]:
    """What is scarce; else the least of each over the nodes."""
    told = report.where_it_runs("room")
    scarce = False
    for where, facts in told.items():
        for kind, least in _LEAST.items():
            if kind in facts and facts[kind] < least:
                scarce = True
                name, advice = _WHAT[kind]
                yield Finding(
                    check="room",
                    where=where,
                    level="warning",
                    found=f"{name}: {facts[kind]:.1f} GiB free",
                    expected=f"{least:g} GiB",
                    advice=advice,
                )
    if told and not scarce:
        kinds = [kind for kind in _LEAST if any(kind in facts for facts in told.values())]
        least_of = {k: min(f[k] for f in told.values() if k in f) for k in kinds}
        text = ", ".join(f"{_WHAT[kind][0]} {least_of[kind]:.0f}" for kind in kinds)
        yield Finding(
            check="room", where=", ".join(told), level="ok", found=f"GiB free, at least: {text}"
        )


def _free(folder: Path) -> float:
    return shutil.disk_usage(folder).free / _GIB


def _available(meminfo: str) -> float:
    lines = dict(line.split(":", 1) for line in meminfo.splitlines() if ":" in line)
    return int(lines["MemAvailable"].split()[0]) * 1024 / _GIB
