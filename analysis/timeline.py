"""When every arm of a study ran, and when and why it was stopped."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from analysis.grid import Grid
from analysis.lines import InapplicableError, compared, conditions, method
from frlib.records.read import Arm, ArmStatus


@dataclass(frozen=True)
class Ran:
    """An arm: `spans` of its attempts, start and end in seconds since the study's first start.

    name: its cell in words. digest: to tell it from other arms of the cell. why: the rule that
    stopped it and where, or what it failed with; empty for others.
    """

    name: str
    digest: str
    status: ArmStatus
    spans: tuple[tuple[float, float], ...]
    why: str


def of_study(grid: Grid) -> list[Ran]:
    """Arms in the order in which they began; an attempt without an end lasts to its last metric."""
    records = grid.records
    lasts: Mapping[tuple[str, int, int], float] = (
        records.metrics.groupby(["arm", "seed", "attempt"])["time"].max().to_dict()
    )
    spans: dict[str, list[tuple[float, float]]] = {}
    for run in records.runs.itertuples(index=False):
        start = datetime.fromisoformat(str(run.started)).timestamp()
        end = lasts.get((str(run.arm), int(run.seed), int(run.attempt)), start)
        if isinstance(run.ended, str):
            end = datetime.fromisoformat(str(run.ended)).timestamp()
        spans.setdefault(str(run.arm), []).append((start, max(start, end)))
    if not spans:
        raise InapplicableError("no run of the study has begun")
    first = min(start for mine in spans.values() for start, _ in mine)
    found = [
        Ran(
            _name(arm, grid.axes),
            arm.digest,
            arm.status,
            tuple((start - first, end - first) for start, end in sorted(spans[arm.digest])),
            _why(arm),
        )
        for arm in records.arm_list
        if arm.digest in spans
    ]
    return sorted(found, key=lambda one: one.spans)


def _name(arm: Arm, axes: tuple[str, ...]) -> str:
    words = [method(arm.cell, axes) if compared(axes) else "", conditions(arm.cell, axes)]
    return ", ".join(word for word in words if word)


def _why(arm: Arm) -> str:
    if arm.status == "failed":
        return arm.message.partition(":")[0] or "failed"
    if arm.status != "stopped":
        return ""
    rung = arm.verdict.get("rung")
    rule = str(arm.verdict.get("rule") or "stopped")
    return rule if rung is None else f"{rule}, epoch {rung}"
