"""Two studies side by side: what their cells of the same name differ in, seed by seed.

Studies with equal seeds share noise draws, initial weights and order, so that differences are
paired; p-values are of two-sided paired t tests, Holm-corrected over all rows.
"""

from collections.abc import Iterator

import numpy as np
import pandas as pd

from analysis.columns import axis_title, axis_value
from analysis.grid import LEVEL, Grid
from frlib.core.errors import RecordError
from frlib.records.read import Records
from frlib.records.select import Choice
from frlib.stats.intervals import mean_interval
from frlib.stats.paired import holm, paired_t


def differences(a: Records, b: Records, name: str) -> pd.DataFrame:
    """A row a cell that both have, in the order of `a`; its axes are the index.

    a, b: means over shared seeds. difference: b less a, with `half_width` of its 95 % interval, n
    (shared seeds) and p; NaN where there are fewer than two. `RecordError` if no cell is in both,
    or none has a shared seed.
    """
    one, other = Grid.of(a), Grid.of(b)
    shared = list(_shared(one, other))
    rows = [row for first, second in shared if (row := _row(one, first, other, second, name))]
    if not rows:
        why = f"no cell has {name} for a seed of both" if shared else "they have no cell in common"
        raise RecordError(
            f"studies {a.study['name']} and {b.study['name']}: {why}. "
            "`frlib study diff` says what they differ in"
        )
    found = pd.DataFrame(rows)
    found["p"] = holm(found["p"].to_numpy(dtype=float))
    return found.set_index([axis_title(axis) for axis in one.axes])


def _shared(a: Grid, b: Grid) -> Iterator[tuple[Choice, Choice]]:
    theirs = {tuple(sorted(row.shown.items())): row for row in b.rows}
    for row in a.rows:
        other = theirs.get(tuple(sorted(row.shown.items())))
        if other is not None:
            yield row, other


def _row(
    a: Grid, first: Choice, b: Grid, second: Choice, name: str
) -> dict[str, str | float | int] | None:
    mine, theirs = a.sample(first, name), b.sample(second, name)
    seeds = sorted(set(mine) & set(theirs))
    if not seeds:
        return None
    before, after = (np.array([one[seed] for seed in seeds]) for one in (mine, theirs))
    interval = mean_interval(after - before, LEVEL)
    return {
        **{axis_title(axis): axis_value(axis, first.shown.get(axis)) for axis in a.axes},
        "a": float(before.mean()),
        "b": float(after.mean()),
        "difference": interval.value,
        "half_width": interval.half_width if interval.n > 1 else np.nan,
        "n": interval.n,
        "p": paired_t(after, before).p if interval.n > 1 else np.nan,
    }
