"""Rules that clean a training set: what retraining wins back under each noise, and what was found.

Recovery is defined in `analysis.recovery`; its reference is the set that nobody cleaned, at the
same noise. What a rule found is scored on the noisy set before training (`frlib.cleaning.score`).
The oracle reads the truth: it is shown, and competes for no mark.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pandas as pd

from analysis import answers, columns, scored
from analysis.answers import Place
from analysis.beside import BENCHMARK, beside
from analysis.columns import Filled
from analysis.grid import Grid
from analysis.recovery import Baseline
from analysis.table import Cell, Table, missing
from frlib.records.read import Records
from frlib.records.select import Choice

TITLE = "Denoise-Bench"
RULE, FLIPS, OUTLIERS, TAIL = (
    "clean",
    "noise.closed.ratio",
    "noise.open.ratio",
    "noise.long_tail.imbalance",
)
NOBODY, BOUND, LIST = "none", "Oracle", "BoundaryFace list"
"""Labels of rules, as `frlib.train.clean` and the modules of `frlib.denoise` give them."""
ANSWERS = {NOBODY: "ArcFace", LIST: "BoundaryFace (λ=π)"}
"""Rule -> the published method that stands beside it."""
BASELINE = Baseline({RULE: NOBODY}, {FLIPS: 0.0, OUTLIERS: 0.0, TAIL: 1.0}, "the uncleaned set")


def build(records: Records, published: pd.DataFrame | None) -> Table:
    """Rows: noise x rule, each in the study's order.

    `RecordError` when the study has no axis of rules or of label flips.
    """
    grid = Grid.of(records)
    columns.require_axes(grid, "denoise_bench", RULE, FLIPS)
    grid = replace(grid, rows=tuple(grid.rows[i] for one in grid.groups(RULE) for i in one))
    names = grid.matching(tuple(records.study["report"]))
    filled = [
        *_axes(grid),
        *columns.settings(grid),
        BASELINE.column(grid, names[0]),
        *(Filled(columns.metric_column(name), _marked(grid, name)) for name in names),
        *(
            scored.scores(grid, *told, _marked(grid, f"cleaning/{told[0]}"), _unjudged)
            for told in scored.SCORES
        ),
        scored.flagged(grid, _unjudged),
        columns.cost(grid),
        columns.seeds(grid),
        *_published(grid, published),
    ]
    heads, rows = columns.assemble(filled)
    caption = columns.caption(grid, RULE, _told(names[0], published is not None))
    return Table("denoise_bench", f"{TITLE}: {records.study['name']}", caption, heads, rows)


def _axes(grid: Grid) -> list[Filled]:
    """The noise, then the rule."""
    return sorted(columns.axes(grid), key=lambda one: one.column.key == RULE)


def _marked(grid: Grid, name: str) -> list[Cell]:
    """One metric of all rows; the best of those that may not read the truth is marked."""
    return grid.cells(name, RULE, lambda row: BOUND not in str(row.shown[RULE]))


def _unjudged(row: Choice) -> Cell:
    if row.arm is None:
        return missing(row.missing)
    nobody = row.shown[RULE] == NOBODY
    return missing(
        "nothing is cleaned in this row" if nobody else f"{scored.FLAGGED} was not recorded"
    )


def _published(grid: Grid, published: pd.DataFrame | None) -> list[Filled]:
    if published is None:
        return []
    source = published["source"].iloc[0]

    def find(_: Choice, shown: Mapping[str, Any]) -> Cell:
        if shown.get(TAIL, 1.0) != 1.0:
            return missing(f"no long tail is published ({source})")
        label = ANSWERS.get(str(shown[RULE]))
        if label is None:
            return missing(f"nothing is published that answers this rule ({source})")
        place = Place(shown[FLIPS], float(shown.get(OUTLIERS, 0.0)), BENCHMARK)
        return answers.value(published, label, place)

    return beside(grid, BASELINE, find)


def _told(metric: str, is_published: bool) -> tuple[str, ...]:
    return (
        "Every rule judges a model that was trained on the noisy set; what it leaves is trained on "
        "from random weights, and accuracy is of that model. Time is of that training alone.",
        f"Recovery = (cleaned − uncleaned) / (uncleaned without any noise − uncleaned), of "
        f"{metric}, per seed: 1 is the result without noise, 0 that of cleaning nothing. On a long "
        "tail no cleaning wins back what the tail costs.",
        "Long tail: images of the largest class over those of the smallest.",
        f"{BOUND} reads the truth: a bound, left out of the comparison for bold.",
        scored.MEANING,
        f"Published: {BENCHMARK} accuracy of models trained elsewhere on other data, of ArcFace "
        "beside the uncleaned set and of BoundaryFace beside its list. Published BoundaryFace "
        "corrects while it trains; it is no list with retraining after it. Compare the order, not "
        "the level."
        if is_published
        else "",
    )
