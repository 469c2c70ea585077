"""Which arm stands for a cell: one rule, used by every table and stated in its caption.

Among the arms of a cell that ended *complete*, the one whose selection metric, averaged over its
replicates, is best. The metric is measured on held-out training identities, never on a benchmark.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from frlib.core.config import canonical
from frlib.records.read import Arm, Records


@dataclass(frozen=True)
class Choice:
    """A cell, its arms, and the arm that stands for it; None with the reason in words."""

    shown: Mapping[str, Any]
    arms: tuple[Arm, ...]
    arm: Arm | None
    missing: str = ""


def metric(study: Mapping[str, Any]) -> tuple[str, bool]:
    """(name of the selection metric in the records, whether more is better)."""
    selection = study.get("selection") or {}
    name = str(selection.get("metric", "auc"))
    usual = "min" if name.rpartition("/")[2] == "eer" else "max"
    higher = selection.get("mode", usual) == "max"
    return name if "/" in name else f"selection/{name}", higher


def rule(study: Mapping[str, Any]) -> str:
    """The rule in one sentence, for captions."""
    name, higher = metric(study)
    return (
        f"Of the completed arms of a cell the one with the {'highest' if higher else 'lowest'} "
        f"{name}, averaged over its replicates, stands for the cell; it is measured on held-out "
        "training identities, never on a benchmark."
    )


def choose(records: Records) -> tuple[Choice, ...]:
    """One choice a cell, in the order of the study (`cells` of study.json), else of values."""
    scores = _scores(records)
    _, higher = metric(records.study)
    return tuple(
        Choice(shown, arms, *_best(arms, scores, higher, records))
        for shown, arms in _cells(records)
    )


def _best(
    arms: tuple[Arm, ...], scores: Mapping[str, float], higher: bool, records: Records
) -> tuple[Arm | None, str]:
    complete = [arm for arm in arms if arm.status == "complete"]
    scored = [arm for arm in complete if np.isfinite(scores.get(arm.digest, np.nan))]
    if scored:
        sign = -1.0 if higher else 1.0
        return min(scored, key=lambda a: (sign * scores[a.digest], not a.default, a.digest)), ""
    if complete:
        name, _ = metric(records.study)
        return None, f"{_arms(complete)} complete, but without a finite {name}"
    return None, _why_none(arms, records)


def _why_none(arms: tuple[Arm, ...], records: Records) -> str:
    if not arms:
        return "not run"
    told = []
    for status in ("failed", "stopped", "running"):
        some = [arm for arm in arms if arm.status == status]
        if some:
            message = next((f": {text}" for arm in some if (text := _reason(arm, records))), "")
            told.append(f"{_arms(some)} {'not ended' if status == 'running' else status}{message}")
    return "; ".join(told)


def _reason(arm: Arm, records: Records) -> str:
    if arm.message:
        return arm.message
    reasons = [str(a.run["reason"]) for a in records.attempts if a.arm == arm.digest]
    return next((reason for reason in reversed(reasons) if reason), "")


def _scores(records: Records) -> dict[str, float]:
    name, _ = metric(records.study)
    means = records.final(name).groupby("arm")["value"].mean(skipna=False)
    return {str(arm): float(value) for arm, value in means.items()}


def _cells(records: Records) -> list[tuple[Mapping[str, Any], tuple[Arm, ...]]]:
    """Planned cells with their arms; where no plan is on record, the cells that the arms make.

    Arms of other cells (the study's base or axes have changed since) belong to no row.
    """
    by_key: dict[str, list[Arm]] = {}
    for arm in records.arm_list:
        by_key.setdefault(arm.cell_key, []).append(arm)
    cells: list[tuple[Mapping[str, Any], tuple[Arm, ...]]] = []
    for planned in records.study.get("cells", ()):
        shown = dict(planned["shown"])
        key = str(planned.get("digest") or canonical(shown))
        cells.append((shown, tuple(by_key.pop(key, ()))))
    if cells:
        return cells
    unplanned = [(arms[0].cell, tuple(arms)) for arms in by_key.values()]
    return sorted(unplanned, key=lambda cell: [_order(v) for v in cell[0].values()])


def _order(value: Any) -> tuple[int, float, str]:
    number = isinstance(value, (int, float)) and not isinstance(value, bool)
    return (0, float(value), "") if number else (1, 0.0, str(value))


def _arms(arms: list[Arm]) -> str:
    return "1 arm" if len(arms) == 1 else f"{len(arms)} arms"
