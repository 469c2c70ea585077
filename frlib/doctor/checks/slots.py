"""`trial_slot` on the head: what drivers of multi-worker runs hold instead of a CPU."""

from collections.abc import Iterator

from frlib.doctor.asked import Asked
from frlib.doctor.report import Facts, Finding, Report

ORDER = 35
_SLOT = "trial_slot"


def look(asked: Asked) -> Facts:
    """Nothing: Ray tells the resources of its nodes."""
    return {}


def judge(report: Report) -> Iterator[Finding]:
    """Which nodes have some."""
    if not report.nodes:
        return
    having = {n.name: n.resources[_SLOT] for n in report.nodes if n.resources.get(_SLOT, 0) >= 1}
    heads = {node.name for node in report.nodes if node.is_head}
    if not having:
        yield Finding(
            check="slots",
            where="nodes",
            level="warning",
            found="no node has trial_slot",
            expected="some on the head",
            advice="ray start --head --resources '{\"trial_slot\": 64}'; without it drivers of "
            "multi-worker runs hold some memory, on any node",
        )
    elif heads and not having.keys() & heads:
        yield Finding(
            check="slots",
            where=", ".join(having),
            level="warning",
            found="trial_slot, but not on the head",
            expected="on the head, which is not taken away",
            advice="give it to the head alone",
        )
    else:
        text = ", ".join(f"{count:g}" for count in having.values())
        yield Finding(check="slots", where=", ".join(having), level="ok", found=f"{text} of them")
