"""How much of the spread between arms each setting of a search explains.

Values are those of the selection metric, less the mean of their cell. A setting divides them into
groups: its values, or thirds by rank of a number with many. The share of variance between groups,
corrected for their number (epsilon squared: Kelley, An unbiased correlation ratio measure,
Proceedings of the National Academy of Sciences 21, 1935), with n arms and k groups:

    share = 1 - (n - 1) / (n - k) sum (v - mean of its group)^2 / sum (v - mean)^2

0 where a setting says nothing, below 0 by chance. chance: the share that the largest twentieth of
random orders of the same values exceeds; a setting below it is not shown to matter. Shares are of
one setting alone: what two do only together is in neither, and shares of settings that a sampler
moved together are not to be added up. A setting of a branch is told among the arms that had it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from analysis.grid import Grid
from analysis.lines import InapplicableError
from analysis.settings import Tried, is_number, tried
from frlib.core.seeds import stream
from frlib.records import select

Numbers = NDArray[np.float64]
_LEAST = 8
"""Complete arms, below which nothing is said."""
_FEW = 4
"""Values of a number that are groups of their own."""
_THIRDS = 3
_ORDERS = 1_000
_CHANCE = 0.95


@dataclass(frozen=True)
class Explained:
    """share: of the variance that the setting explains alone; chance: what random orders reach."""

    setting: str
    share: float
    chance: float
    arms: int


def of_study(grid: Grid) -> list[Explained]:
    """Searched settings, the most important first."""
    name, _ = select.metric(grid.records.study)
    arms = [one for one in tried(grid, name) if one.arm.params]
    settings = sorted({setting for one in arms for setting in one.arm.params})
    if not settings:
        raise InapplicableError("nothing was searched")
    values = _within_cells(arms)
    found = []
    for setting in settings:
        has = np.array([setting in one.arm.params for one in arms])
        told = explained(
            setting,
            [one.arm.params[setting] for one in arms if setting in one.arm.params],
            values[has],
        )
        if told is not None:
            found.append(told)
    if not found:
        raise InapplicableError(
            f"no searched setting has two values, each more than once, in {_LEAST} or more "
            f"complete arms; {len(arms)} are complete"
        )
    return sorted(found, key=lambda one: -one.share)


def explained(setting: str, set_to: Sequence[Any], value_N: Numbers) -> Explained | None:
    """None with fewer than eight arms, a single group, or values that are all the same."""
    group = _groups(set_to)
    count = len(np.unique(group))
    if len(value_N) < _LEAST or count < 2 or count >= len(value_N) or not np.ptp(value_N):
        return None
    share = float(_shares(value_N[None], group)[0])
    draws = stream(0, "importance", setting)
    orders = _shares(draws.permuted(np.tile(value_N, (_ORDERS, 1)), axis=1), group)
    return Explained(setting, share, float(np.quantile(orders, _CHANCE)), len(value_N))


def _shares(value_BN: Numbers, group_N: NDArray[np.int64]) -> Numbers:
    """`[B]` epsilon squared, an order of the values a row."""
    arms = value_BN.shape[1]
    member_NK = group_N[:, None] == np.unique(group_N)
    size_K = member_NK.sum(axis=0)
    centred = value_BN - value_BN.mean(axis=1, keepdims=True)
    total = (centred**2).sum(axis=1)
    within = total - ((centred @ member_NK) ** 2 / size_K).sum(axis=1)
    found: Numbers = 1 - (arms - 1) / (arms - len(size_K)) * within / total
    return found


def _groups(set_to: Sequence[Any]) -> NDArray[np.int64]:
    if all(is_number(one) for one in set_to) and len(set(set_to)) > _FEW:
        value = np.array(set_to, dtype=np.float64)
        cuts = np.quantile(value, np.arange(1, _THIRDS) / _THIRDS)
        return np.searchsorted(cuts, value, side="left").astype(np.int64)
    names = [str(one) for one in set_to]
    return np.unique(names, return_inverse=True)[1].astype(np.int64)


def _within_cells(arms: Sequence[Tried]) -> Numbers:
    value = np.array([one.result.value for one in arms], dtype=np.float64)
    cells = np.array([one.arm.cell_key for one in arms])
    for cell in np.unique(cells):
        value[cells == cell] -= value[cells == cell].mean()
    return value
