"""Two studies of one name: whether a study goes on with what is recorded under its name.

A study may grow: wider axes, another searched field, more seeds, arms or budget, another report. It
is another study when arms on record are arms of no cell of it, since they would leave its table.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from frlib.core import safeio
from frlib.core.errors import ConfigError
from frlib.records import select
from frlib.study.compare import differences
from frlib.study.plan import Plan

_MAY_CHANGE = (
    *("search", "replicates", "budget", "resources", "report", "question", "table", "published"),
    *("pruning", "contest", "axes", "cells", "space"),
)
_SHOWN = 5


def require_same(plan: Plan) -> None:
    """`ConfigError` where the store has another study of this name; it says what differs."""
    path = plan.folder / "study.json"
    if not path.is_file():
        return
    recorded = safeio.read_json(path)
    now = plan.study.to_json()
    reselected = select.metric(recorded) != select.metric(now)
    fields = list(_differing(recorded, now))
    lost = set(_lost(recorded, plan, is_other=bool(fields)))
    if not lost and not reselected:
        return
    told = "; ".join(fields[:_SHOWN]) or "no field, so the content of its data"
    more = f"; and {len(fields) - _SHOWN} more" if len(fields) > _SHOWN else ""
    kept = (
        f"{len(lost)} of its {len(recorded['cells'])} cells would leave the table. "
        if lost
        else "arms would be chosen by another number. "
    )
    raise ConfigError(
        f"{plan.study.name}: {path} is of another study of this name, and {kept}"
        f"Differing: {told}{more}. Give this one a name of its own (--set name=...) or another "
        "--store, or go on under the same name with --revise"
    )


def _lost(recorded: Mapping[str, Any], plan: Plan, *, is_other: bool) -> Iterator[str]:
    """Recorded cells that are none here: not as they were, and not as a cell that searches more."""
    known = {one.cell.digest for one in plan.cells}
    values = [list(map(list, one.cell.shown.items())) for one in plan.cells]
    strays = {entry.arm["cell_digest"] for entry in plan.strays}
    for cell in recorded.get("cells", ()):
        is_here = cell["shown"] in values and cell["digest"] not in strays
        if cell["digest"] not in known and (is_other or not is_here):
            yield cell["digest"]


def _differing(recorded: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[str]:
    """What may not change, in words; axes by their paths, and by values that went away."""
    old, new = recorded.get("axes", {}), now["axes"]
    if list(old) != list(new):
        yield f"axes {', '.join(old)} -> {', '.join(new)}"
    else:
        for path, values in old.items():
            gone = [value for value in values if value not in new[path]]
            if gone:
                yield f"axes.{path} without {', '.join(map(_short, gone))}"
    was_kept, is_kept = (
        {name: value for name, value in one.items() if name not in _MAY_CHANGE}
        for one in (recorded, now)
    )
    for path, was, is_now in differences(was_kept, is_kept):
        yield f"{path} {_short(was)} -> {_short(is_now)}"


def _short(value: Any) -> str:
    text = str(value.get("name", value)) if isinstance(value, Mapping) else str(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
