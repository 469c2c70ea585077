"""Compositions against label noise: what each wins back, and whether it beats BoundaryFace.

Recovery is defined in `analysis.recovery`; its reference is ArcFace on the set that nobody cleaned.
Every row is compared with BoundaryFace at the same noise, which corrects while it trains and whose
set nobody cleaned, and with ArcFace on what the oracle leaves, which reads the truth and drops what
is wrong: a bound for rules that drop, and no method.
"""

from dataclasses import replace

import pandas as pd

from analysis import columns, comparing, scored
from analysis.columns import METHOD, Filled
from analysis.comparing import Rival
from analysis.grid import Grid
from analysis.recovery import Baseline
from analysis.table import Cell, Table, missing
from frlib.records.read import Records
from frlib.records.select import Choice

TITLE = "What is won back from label noise"
RULE, NOISE = "clean", "noise.closed.ratio"
NOBODY, REFERENCE, RIVAL = "none", "ArcFace", "BoundaryFace (λ=π)"
ORACLE, BOUND = "Oracle, drop", "the oracle"
BASELINE = Baseline({METHOD: REFERENCE, RULE: NOBODY}, {NOISE: 0.0}, REFERENCE)
SHOWN = ("precision", "recall", "relabel_accuracy", "harm")


def build(records: Records, published: pd.DataFrame | None) -> Table:
    """Rows: noise x composition, each in the study's order.

    `RecordError` when the study has no axes of heads, of cleaning or of label flips.
    """
    grid = Grid.of(records)
    columns.require_axes(grid, "recovery", METHOD, RULE, NOISE)
    along = (METHOD, RULE)
    rows = tuple(row for group in comparing.groups(grid, along) for row in group)
    grid = replace(grid, rows=rows)
    names = grid.matching(tuple(records.study["report"]))
    filled = [
        *sorted(columns.axes(grid), key=lambda one: one.column.key in along),
        *columns.settings(grid),
        BASELINE.column(grid, names[0]),
        *(
            Filled(columns.metric_column(name), [grid.cell(r, name) for r in rows])
            for name in names
        ),
        *(one for name in names for one in comparing.columns(grid, name, _OVER_RIVAL)),
        *comparing.columns(grid, names[0], _OVER_ORACLE, BOUND),
        *(
            scored.scores(
                grid, *told, [grid.cell(r, f"cleaning/{told[0]}") for r in rows], _unjudged
            )
            for told in scored.SCORES
            if told[0] in SHOWN
        ),
        columns.cost(grid),
        columns.seeds(grid),
    ]
    heads, entries = columns.assemble(filled)
    extra = (
        f"Recovery = (composition − {REFERENCE} under noise) / ({REFERENCE} without noise − "
        f"{REFERENCE} under noise), of {names[0]}, per seed.",
        f"Difference: the row less {RIVAL} at the same noise, seed by seed, or less {REFERENCE} on "
        f"what {BOUND} leaves; p is of a two-sided paired t test, Holm-corrected over all rows of "
        "a noise.",
        "Time is of the last training alone.",
        scored.MEANING,
    )
    title = f"{TITLE}: {records.study['name']}"
    return Table("recovery", title, columns.caption(grid, "", extra), heads, entries)


def _unjudged(row: Choice) -> Cell:
    if row.arm is None:
        return missing(row.missing)
    nobody = row.shown[RULE] == NOBODY
    return missing("nothing is cleaned in this row" if nobody else "not recorded")


def _over(method: str, rule: str, words: str) -> Rival:
    def rival(group: list[Choice], _: Choice) -> Choice | None:
        found = (one for one in group if (one.shown[METHOD], one.shown[RULE]) == (method, rule))
        return next(found, None)

    return Rival((METHOD, RULE), rival, lambda _: words)


_OVER_RIVAL = _over(RIVAL, NOBODY, RIVAL)
_OVER_ORACLE = _over(REFERENCE, ORACLE, BOUND)
