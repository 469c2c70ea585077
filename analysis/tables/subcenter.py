"""Sub-center ArcFace: sub-centres of the first training against the angle beyond which is dropped.

A row is a number of sub-centres and what is shown of it, a column an angle. The model that is
dropped by has K sub-centres; that which is trained on what is left has one, unless its own head
says otherwise. Without a drop, K is that of the only training.

No numbers are published in a form that is kept here: Deng et al. (ECCV 2020) train on sets of whose
noise no ratio is known.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import pandas as pd

from analysis import columns, comparing
from analysis.columns import Filled
from analysis.grid import Grid
from analysis.table import Cell, Column, Table, missing
from frlib.core.errors import RecordError
from frlib.records.read import Records
from frlib.records.select import Choice

TITLE = "Sub-centres and the angle of the drop"
CENTRES, RULE = "head.loss_k", "clean"
DROP_CENTRES, DROP_ANGLE = "clean.changes.head.loss_k", "clean.rule.drop_angle_deg"
NO_DROP = "nothing dropped"
FOUND = {"cleaning/precision": "precision of the drop", "cleaning/recall": "recall of the drop"}
_ALONG = (CENTRES, RULE, DROP_CENTRES, DROP_ANGLE)
_DROP, _USUAL_DEG, _ALL_DEG = "Sub-center drop", 75.0, 180.0
_ANGLE = re.compile(r"\((?:.*, )?(?P<degrees>[\d.]+)°")


def build(records: Records, published: pd.DataFrame | None) -> Table:
    """Rows: other axes x K x (metrics, precision and recall of the drop). Columns: angles.

    `RecordError` when the study has neither an axis of K nor one of rules or angles.
    """
    every = Grid.of(records)
    grid = replace(every, rows=tuple(row for row in every.rows if _belongs(row)))
    if not set(_ALONG) & set(grid.axes):
        raise RecordError(
            f"study {records.study['name']!r} has none of the axes {', '.join(_ALONG)}, along "
            "which the table subcenter compares. Set table='study' in the study."
        )
    named = {name: name for name in grid.matching(tuple(records.study["report"]))}
    named |= {name: title for name, title in FOUND.items() if name in grid.names}
    angles = sorted({_angle(row) for row in grid.rows}, key=lambda one: (one is not None, one or 0))
    lines = [
        (group, centres, name)
        for group in comparing.groups(grid, _ALONG)
        for centres in dict.fromkeys(_centres(row) for row in group)
        for name in named
    ]
    filled = [
        *(
            Filled(
                Column(axis, columns.axis_title(axis)),
                [columns.axis_value(axis, group[0].shown.get(axis)) for group, _, _ in lines],
            )
            for axis in grid.axes
            if axis not in _ALONG
        ),
        Filled(Column("centres", "K"), [centres for _, centres, _ in lines]),
        Filled(Column("what", "what"), [named[name] for _, _, name in lines]),
        *(
            Filled(
                Column(_key(angle), NO_DROP if angle is None else f"{angle:g}°", 100.0, "%", 1),
                [_cell(grid, group, centres, angle, name) for group, centres, name in lines],
            )
            for angle in angles
        ),
    ]
    heads, rows = columns.assemble(filled)
    other = len(every.rows) - len(grid.rows)
    told = (
        "K: sub-centres of the model that is dropped by. An image goes where it lies as far from "
        "the dominant centre of its class as the angle, or further. Precision and recall are of "
        "what was dropped, on images whose noise is known. Nothing is marked as best.",
        *([f"Cells with other rules ({other}) are left out."] if other else []),
    )
    caption = columns.caption(grid, "", told)
    return Table("subcenter", f"{TITLE}: {records.study['name']}", caption, heads, rows)


def _key(angle: float | None) -> str:
    return "none" if angle is None else f"{angle:g}"


def _cell(
    grid: Grid, group: Sequence[Choice], centres: str, angle: float | None, name: str
) -> Cell:
    mine = [row for row in group if (_centres(row), _angle(row)) == (centres, angle)]
    if not mine:
        return missing("the study has no such cell")
    if len(mine) > 1:
        return missing(f"{len(mine)} cells of the study belong here; the table study shows each")
    if angle is None and name in FOUND:
        return missing("nothing is dropped in this column")
    return grid.cell(mine[0], name)


def _belongs(row: Choice) -> bool:
    """Whether everything was trained on, or what the drop left; other rules have no place here."""
    config = _config(row)
    if config:
        rule = (config.get(RULE) or {}).get("rule")
        return not rule or "drop_angle_deg" in rule
    return str(row.shown.get(RULE, "none")).startswith((_DROP, "none"))


def _centres(row: Choice) -> str:
    """From the config of the row's arms; of a row that was never run, from its axis."""
    config = _config(row)
    changed = (config.get(RULE) or {}).get("changes") or {}
    if CENTRES in changed:
        return str(changed[CENTRES])
    head = changed.get("head") or config.get("head") or {}
    head = {"name": head} if isinstance(head, str) else head
    if "loss_k" in head:
        return str(head["loss_k"])
    if "head" in changed:
        return f"default of {head['name']}"
    return str(row.shown.get(DROP_CENTRES) or row.shown.get(CENTRES, 1))


def _angle(row: Choice) -> float | None:
    """Degrees; None where nothing is dropped."""
    degrees = _degrees(row)
    return None if degrees is None or degrees >= _ALL_DEG else degrees


def _degrees(row: Choice) -> float | None:
    config = _config(row)
    if config:
        rule = config.get(RULE, {}).get("rule") or {}
        return float(rule["drop_angle_deg"]) if "drop_angle_deg" in rule else None
    if DROP_ANGLE in row.shown:
        return float(row.shown[DROP_ANGLE])
    label = str(row.shown.get(RULE, ""))
    if not label.startswith(_DROP):
        return None
    told = _ANGLE.search(label)
    return float(told["degrees"]) if told else _USUAL_DEG


def _config(row: Choice) -> Mapping[str, Any]:
    return row.arms[0].config if row.arms else {}
