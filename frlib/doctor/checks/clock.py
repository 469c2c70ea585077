"""Clocks: leases and the signs of life of drivers compare times of several machines."""

import time
from collections.abc import Iterator, Mapping

from frlib.doctor.asked import Asked
from frlib.doctor.report import Facts, Finding, Level, Report

ORDER = 80
_WARN_S, _FAIL_S = 1.0, 20.0


def look(asked: Asked) -> Facts:
    """The time, which is only shown; what is judged are bounds from round trips."""
    return {"time": time.time()}


def judge(report: Report) -> Iterator[Finding]:
    """Nodes against the one that asked them, the cluster against this machine."""
    nodes = {node.name: node.clock_s for node in report.nodes if node.clock_s is not None}
    yield from _judged(nodes, "")
    if report.clock_s is not None:
        yield from _judged({report.address: report.clock_s}, " of the clock here")


def _judged(bounds: Mapping[str, tuple[float, float]], of: str) -> Iterator[Finding]:
    apart = False
    for where, (low, high) in bounds.items():
        surely = max(low, -high, 0.0)
        if surely > _WARN_S:
            apart = True
            level: Level = "failure" if surely > _FAIL_S else "warning"
            yield Finding(
                check="clock",
                where=where,
                level=level,
                found=f"its clock is {low:+.2f} to {high:+.2f} s off",
                expected=f"within {_WARN_S:g} s",
                advice="synchronise it (chrony, systemd-timesyncd)",
            )
    if bounds and not apart:
        widest = max(max(abs(low), abs(high)) for low, high in bounds.values())
        yield Finding(
            check="clock",
            where=", ".join(bounds),
            level="ok",
            found=f"within {widest:.2f} s{of}, as far as the round trips can tell",
        )
