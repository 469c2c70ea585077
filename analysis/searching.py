"""Searches played in the records of a full grid: what they answer when they have spent so much.

The answer of a search is the best complete arm so far by the selection metric, and the cell's
default as long as there is none. With v the mean of that metric over replicates,

    regret = |v(best arm of the grid) - v(answer)|

and spending is counted in recorded seconds of training, as a share of what the whole grid took.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analysis.columns import axis_title, axis_value
from frlib.core.errors import RecordError
from frlib.records import contests, select
from frlib.records.read import Records
from frlib.records.select import Choice

END = float("inf")
"""Spending without limit: as a search ends."""
NEAR = 0.002
"""As near to the grid's best as is asked for: 0.2 points."""
_ROUNDING = 1e-9


@dataclass(frozen=True)
class Answer:
    """Of one search by some spending. arms: that have ended.

    share: of the grid's seconds, less than was allowed where the search ended before.
    """

    arm: str
    regret: float
    arms: int
    share: float


@dataclass(frozen=True, eq=False)
class Searches:
    """A cell and the searches in it. values: complete arm -> mean of the selection metric.

    best: the arm of the grid with the best value. arms, seconds: of the whole grid. default_share:
    of these seconds, what the default arm took. rows: as in `frlib.records.contests`.
    """

    row: Choice
    values: Mapping[str, float]
    best: str
    default: str
    default_share: float
    arms: int
    seconds: float
    rows: pd.DataFrame

    @property
    def strategies(self) -> tuple[str, ...]:
        """In the order in which they were played."""
        return tuple(self._ends)

    @property
    def cell(self) -> str:
        """Its values on all axes, as a reader sees them."""
        shown = self.row.shown.items()
        return ", ".join(f"{axis_title(axis)} {axis_value(axis, value)}" for axis, value in shown)

    def regret(self, arm: str) -> float:
        """At least 0; NaN where the arm has no value."""
        return abs(self.values[self.best] - self.values.get(arm, float("nan")))

    def answers(self, strategy: str, share: float) -> list[Answer]:
        """One a repeat, when so much is spent."""
        found = []
        for seconds, best in self._ends[strategy]:
            limit = share * self.seconds * (1 + _ROUNDING)
            arms = int(np.searchsorted(seconds, limit, side="right"))
            arm = (best[arms - 1] if arms else "") or self.default
            end = float(seconds[-1]) / self.seconds
            found.append(Answer(arm, self.regret(arm), arms, min(share, end)))
        return found

    @cached_property
    def _ends(self) -> dict[str, list[tuple[NDArray[np.float64], list[str]]]]:
        """Strategy -> of each repeat, seconds and best arm when an arm ended."""
        found: dict[str, list[tuple[NDArray[np.float64], list[str]]]] = {}
        for (strategy, _), mine in self.rows.groupby(["strategy", "repeat"], sort=False):
            path = (mine["seconds"].to_numpy(np.float64), [str(arm) for arm in mine["best"]])
            found.setdefault(str(strategy), []).append(path)
        return found


def searches(records: Records) -> list[tuple[Choice, Searches | None]]:
    """The cells of a study, in its order; None where no search has been played.

    `RecordError` where the file of searches is damaged, or arms that were searched are gone.
    """
    played = contests.read(records.folder)
    rows = played.rows.to_pandas()
    return [
        (row, _of(row, played.grids[key], rows[rows["cell"] == key], records) if key else None)
        for row in select.choose(records)
        for key in [next((arm.cell_key for arm in row.arms if arm.cell_key in played.grids), "")]
    ]


def _of(row: Choice, grid: contests.Grid, rows: pd.DataFrame, records: Records) -> Searches | None:
    arms = {arm.digest: arm for arm in row.arms if arm.digest in grid.arms}
    if len(arms) < len(grid.arms):
        raise RecordError(
            f"{records.folder / contests.NAME}: {len(grid.arms) - len(arms)} of {len(grid.arms)} "
            "arms that were searched are not on record any more; `frlib study run "
            f"{records.study['name']}` trains them and plays the searches again"
        )
    name, higher = select.metric(records.study)
    means = records.final(name).groupby("arm")["value"].mean()
    values = {
        digest: float(means[digest])
        for digest, arm in arms.items()
        if arm.status == "complete" and np.isfinite(means.get(digest, np.nan))
    }
    if not values:
        return None
    sign = -1.0 if higher else 1.0
    best = min(values, key=lambda one: (sign * values[one], one != grid.default, one))
    return Searches(
        row=row,
        values=values,
        best=best,
        default=grid.default,
        default_share=grid.default_seconds / grid.seconds,
        arms=len(arms),
        seconds=grid.seconds,
        rows=rows,
    )
