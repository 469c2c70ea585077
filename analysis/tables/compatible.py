"""Backward-compatible training: what a new model is worth against the gallery of the old one.

Quantities are defined in `frlib.metrics.compatibility` and computed in `analysis.crossed`; the
reference of what compatibility costs is the new model that was trained without regard to the old
one, of the same row of all other axes. It is shown, and competes for no mark.
"""

from collections.abc import Callable, Mapping
from typing import Any

import pandas as pd

from analysis import columns, crossed
from analysis.columns import Filled
from analysis.crossed import METHOD, NOBODY, Crossed
from analysis.grid import Grid
from analysis.table import Cell, Column, Table
from frlib.records.read import Records
from frlib.records.select import Choice

TITLE = "Backward compatibility"
NEW_PART, OLD_PART = "data.part", "compat.changes.data.part"
SCENARIOS = {
    ("class_split", "class_split"): "open class",
    ("image_split", "image_split"): "open data",
    ("whole", "class_split"): "extended class",
    ("whole", "image_split"): "extended data",
}
"""Part of the new model, part of the old one -> MixBCT's name of the case."""
SHARES = {"0": "none new", "0.5": "half new", "1": "all new"}
"""Share of the gallery that is indexed again -> title."""


def build(records: Records, published: pd.DataFrame | None) -> Table:
    """Rows: scenario x old head x method, as the study has them.

    `RecordError` when the study has no axis of methods.
    """
    grid = Grid.of(records)
    columns.require_axes(grid, "compatible", METHOD)
    names = grid.matching(tuple(records.study["report"]))
    test = Crossed(grid, names[0].rpartition("/")[0])
    judged = _judged(test)
    shown = {one.column.key for one in judged}
    filled = [
        *axes(grid),
        *columns.settings(grid),
        *judged,
        *(
            Filled(columns.metric_column(name), grid.cells(name, METHOD, _is_method))
            for name in names
            if name not in shown
        ),
        columns.cost(grid),
        columns.seeds(grid),
    ]
    heads, rows = columns.assemble(filled)
    title = f"{TITLE}: {records.study['name']}"
    caption = columns.caption(grid, METHOD, _told(test))
    return Table("compatible", title, caption, heads, rows)


def axes(grid: Grid) -> list[Filled]:
    """The scenario where parts are varied, what else is, and the method at last."""
    parts = (NEW_PART, OLD_PART)
    is_scenario = set(parts) <= set(grid.axes)
    found = [one for one in columns.axes(grid) if not (is_scenario and one.column.key in parts)]
    if is_scenario:
        names = [scenario(row.shown) for row in grid.rows]
        found.insert(0, Filled(Column("scenario", "scenario"), names))
    return sorted(found, key=lambda one: one.column.key == METHOD)


def scenario(shown: Mapping[str, Any]) -> str:
    """The case that two parts make; both of them where it has no name."""
    parts = str(shown[NEW_PART]), str(shown[OLD_PART])
    return SCENARIOS.get(parts, f"{parts[0]} after {parts[1]}")


def _judged(test: Crossed) -> list[Filled]:
    """Columns of the first benchmark, the question first: is it compatible?"""
    gains = _each(test, test.gain)
    return [
        _metric(test, test.old, "old"),
        _metric(test, test.cross, "cross"),
        Filled(Column("gain", "gain", 100.0, "points", 1), gains),
        Filled(Column("compatible", "compatible"), list(map(crossed.compatible, gains))),
        Filled(Column("update_gain", "update gain", digits=2), _each(test, test.update_gain)),
        Filled(
            Column("negative_flips", "negative flips", 100.0, "%", 1),
            _each(test, test.negative_flips),
        ),
        _metric(test, test.reverse, "reverse"),
        _metric(test, test.own, "new"),
        Filled(Column("self_cost", "self cost", 100.0, "points", 1), _each(test, test.self_cost)),
        _metric(test, test.backfill("old"), "rank 1 old"),
        *(
            _metric(test, test.backfill(share), f"rank 1 {title}")
            for share, title in SHARES.items()
        ),
    ]


def _each(test: Crossed, of: Callable[[Choice], Cell]) -> list[Cell]:
    return [of(row) for row in test.grid.rows]


def _metric(test: Crossed, name: str, title: str) -> Filled:
    """A metric of all rows under a short title."""
    cells = test.grid.cells(name, METHOD, _is_method)
    return Filled(Column(name, title, scale=100.0, unit="%", digits=1), cells)


def _is_method(row: Choice) -> bool:
    return bool(row.shown[METHOD] != NOBODY)


def _told(test: Crossed) -> tuple[str, ...]:
    return (
        f"Old, cross, reverse and new: accuracy of {test.stem} with both images by the old model; "
        "enrolled by the old and asked by the new one; the reverse; both by the new one.",
        "Gain = cross − old, per seed. Compatible: yes where its interval is above 0, no where it "
        "is not above 0 anywhere, else not shown; intervals are over seeds on the same pairs, not "
        "over people, and not corrected for the number of rows.",
        f"Update gain = gain / (new of {NOBODY} − old), per seed: the share of what indexing the "
        "whole gallery again would win that comes without it. Self cost = new − new of "
        f"{NOBODY}, per seed; below 0 the new model pays for being compatible.",
        "Negative flips: pairs that are right with both images by the old model and wrong across, "
        "of all pairs.",
        "Rank 1: everybody's first image is enrolled and the others are searched for, by the old "
        "model (old), or by the new one with none, half or all of the gallery indexed again by it.",
        _old_seed(test.grid.records.study),
        f"{NOBODY} is trained without regard to the old model: a reference, left out of the "
        "comparison for bold. Its cross column is what happens without a method.",
    )


def _old_seed(study: Mapping[str, Any]) -> str:
    """What intervals cover of the old model, where it is trained by the study."""
    compat = (study.get("base") or {}).get("compat") or {}
    if not compat.get("changes"):
        return ""
    seed = compat.get("seed")
    if seed is None:
        return (
            "Every replicate has an old model of its own, which shares no draw with it: intervals "
            "are over old models too."
        )
    return (
        f"One old model, of seed {seed}, serves all replicates of a row: intervals are not over "
        "old models."
    )
