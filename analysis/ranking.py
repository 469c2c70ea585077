"""Methods of a study ranked over its benchmarks and conditions, one number each."""

import numpy as np

from analysis.grid import Grid, is_more_better
from analysis.lines import InapplicableError, conditions, method
from frlib.stats.critical import Critical, critical

_METHODS, _TASKS = 3, 5
"""Fewer methods, or fewer tasks, are no ranking over tasks."""


def of_study(grid: Grid, metric: str) -> Critical:
    """A task is a benchmark under conditions, its number the mean of its first reported metric
    that has the last part of the name of `metric`.

    Methods that lack a task that most have are left out, then tasks that a method still lacks.
    """
    last = metric.rpartition("/")[2]
    scores = _scores(grid, last)
    tasks = list(dict.fromkeys(task for of_method in scores.values() for task in of_method))
    whole = max((len(of_method) for of_method in scores.values()), default=0)
    kept = {name: found for name, found in scores.items() if 2 * len(found) > whole}
    shared = [task for task in tasks if all(task in found for found in kept.values())]
    if len(kept) < _METHODS or len(shared) < _TASKS:
        raise InapplicableError(
            f"{_counted(len(kept), 'method')} with {_counted(len(shared), 'result')} (benchmarks x "
            "conditions) of "
            f"{last} in common; "
            f"{_METHODS} methods and {_TASKS} results are needed to rank them"
        )
    rows = {name: [found[task] for task in shared] for name, found in kept.items()}
    return critical(rows, is_more_better(metric))


def _counted(number: int, thing: str) -> str:
    return f"{number} {thing}{'' if number == 1 else 's'}"


def _scores(grid: Grid, last: str) -> dict[str, dict[str, float]]:
    """Method -> task -> number."""
    metrics: dict[str, str] = {}
    for name in grid.matching(tuple(grid.records.study["report"])):
        if name.rpartition("/")[2] == last:
            metrics.setdefault(name.partition("/")[0], name)
    found: dict[str, dict[str, float]] = {}
    for row in grid.rows:
        under = conditions(row.shown, grid.axes)
        mine = found.setdefault(method(row.shown, grid.axes), {})
        for name in metrics.values():
            sample = list(grid.sample(row, name).values())
            if sample:
                mine[f"{name} {under}"] = float(np.mean(sample))
    return {name: mine for name, mine in found.items() if mine}
