"""Methods less a reference under the same conditions, over seeds and the people that were tested.

From the verdicts on single pairs of the test, paired by seed and pair (`frlib.stats.crossed`).
Where records name no people (older ones, and sets of pairs whose people nobody knows) the folds of
the list stand for them, which is right where folds share no person, as in lists of LFW's kind; of a
list in one fold pairs are drawn as if independent.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analysis.grid import ALPHA, LEVEL, Grid
from analysis.lines import InapplicableError, conditions, method
from frlib.records.select import Choice
from frlib.stats.crossed import Crossed, over_clusters, over_people
from frlib.stats.paired import holm
from frlib.stats.people import People, people

_SEED = 0
_PEOPLE = ["left_person", "right_person"]
_FOLDS, _SEEDS = 5, 3
"""Fewer folds are too few to draw, and fewer seeds to claim anything from."""


@dataclass(frozen=True)
class Difference:
    """found: in shares of pairs. p: after Holm's correction over all under the same conditions.

    by: what was drawn beside seeds.
    """

    method: str
    under: str
    reference: str
    found: Crossed
    p: float
    by: str

    @property
    def is_shown(self) -> bool:
        """Whether the difference is significant after the correction."""
        return self.p < ALPHA


def of_study(grid: Grid, metric: str) -> list[Difference]:
    """Every row less the first row under its conditions, in the order of the study.

    metric: `benchmark/variant/accuracy`. The level of the intervals is 95 %, not corrected.
    """
    benchmark, _, rest = metric.partition("/")
    variant, _, last = rest.rpartition("/")
    if last != "accuracy":
        raise InapplicableError(f"{metric} is not the accuracy of a list of pairs")
    blocks: dict[str, list[Choice]] = {}
    for row in grid.rows:
        if row.arm is not None:
            blocks.setdefault(conditions(row.shown, grid.axes), []).append(row)
    scores = grid.records.pair_scores(benchmark, variant)
    by_arm = dict(iter(scores.groupby("arm")))
    found = [one for at, rows in blocks.items() for one in _block(grid, at, rows, by_arm)]
    if not found:
        raise InapplicableError(
            "no two rows under the same conditions have verdicts on the same pairs of "
            f"{metric} with {_SEEDS} seeds in common"
        )
    return found


def _block(
    grid: Grid, at: str, rows: list[Choice], by_arm: dict[str, pd.DataFrame]
) -> list[Difference]:
    first, *others = rows
    told = [(row, _less(row, first, by_arm)) for row in others]
    known = [(row, *found) for row, found in told if found is not None]
    adjusted = holm([found.p for _, found, _ in known])
    return [
        Difference(
            method(row.shown, grid.axes),
            at,
            method(first.shown, grid.axes),
            found,
            float(p),
            by,
        )
        for (row, found, by), p in zip(known, adjusted, strict=True)
    ]


def _less(
    row: Choice, other: Choice, by_arm: dict[str, pd.DataFrame]
) -> tuple[Crossed, str] | None:
    """None where they do not share three seeds with the same pairs."""
    mine, theirs = (_verdicts(one, by_arm) for one in (row, other))
    if mine is None or theirs is None or not mine.columns.equals(theirs.columns):
        return None
    seeds = mine.index.intersection(theirs.index)
    if len(seeds) < _SEEDS:
        return None
    value: NDArray[np.float64] = mine.loc[seeds].to_numpy() - theirs.loc[seeds].to_numpy()
    who = people_of(mine.columns)
    if who is not None:
        return over_people(value, who, seed=_SEED, level=LEVEL), "people"
    fold = mine.columns.get_level_values("fold").to_numpy()
    has_folds = len(np.unique(fold)) >= _FOLDS
    found = over_clusters(value, fold if has_folds else None, seed=_SEED, level=LEVEL)
    return found, "folds" if has_folds else "pairs"


def _verdicts(row: Choice, by_arm: dict[str, pd.DataFrame]) -> pd.DataFrame | None:
    """Seeds x (fold, pair, same, people): 1 where it was right. Unknown people are -1."""
    rows = by_arm.get(row.arm.digest) if row.arm else None
    if rows is None:
        return None
    told = {name: rows[name].fillna(-1).astype(int) for name in _PEOPLE}
    wide = rows.assign(correct=rows["correct"].astype(float), **told).pivot(
        index="seed", columns=["fold", "pair", "same", *_PEOPLE], values="correct"
    )
    return wide.sort_index(axis="columns").dropna()


def people_of(pairs: pd.MultiIndex) -> People | None:
    """Those of the columns of verdicts; None where unknown, or where the list says otherwise."""
    left, right, same = (pairs.get_level_values(name).to_numpy() for name in (*_PEOPLE, "same"))
    if (left < 0).any() or not np.array_equal(left == right, same):
        return None
    return people(left, right)
