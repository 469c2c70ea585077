"""Orders of samples, and suspicions from them, for rules whose verdict is a share of them."""

import numpy as np
from numpy.typing import NDArray


def places(order_N: NDArray[np.int64], groups_N: NDArray[np.int64]) -> NDArray[np.int64]:
    """`[N]` place of every sample among its group, from 0, in an order that goes group by group."""
    count = np.bincount(groups_N)
    found = np.empty(len(order_N), dtype=np.int64)
    found[order_N] = np.arange(len(order_N)) - (np.cumsum(count) - count)[groups_N[order_N]]
    return found


def mid_ranks(
    values_N: NDArray[np.float64], groups_N: NDArray[np.int64] | None = None
) -> NDArray[np.float64]:
    """`[N]` share of the samples of the same group below each value, half of its equals and itself.

    In (0, 1), mean 1/2. Equal values have equal ranks. Without groups all samples are one.
    """
    groups = np.zeros(len(values_N), dtype=np.int64) if groups_N is None else groups_N
    order = np.lexsort((values_N, groups))
    value, group = values_N[order], groups[order]
    is_new_group = np.ones(len(order), dtype=np.bool_)
    is_new_group[1:] = group[1:] != group[:-1]
    is_new = is_new_group.copy()
    is_new[1:] |= value[1:] != value[:-1]
    first, size = _runs(is_new)
    start, count = _runs(is_new_group)
    ranks = np.empty(len(order))
    ranks[order] = (first - start + size / 2) / count
    return ranks


def by_share(ranks_N: NDArray[np.float64], share: float) -> NDArray[np.float64]:
    """`[N]` r^(1/share − 1) of ranks r in (0, 1): probabilities whose mean is the share.

    They rise with the rank, so that they order the samples as the rule does, and claim as many
    wrong labels in all as the rule was told there are. A share of 0 gives 0 and one of 1 gives 1.
    """
    if share <= 0:
        return np.zeros(len(ranks_N))
    suspicion: NDArray[np.float64] = ranks_N ** (1 / share - 1)
    return suspicion


def highest(
    loss_N: NDArray[np.float64], groups_N: NDArray[np.int64], share: float
) -> NDArray[np.bool_]:
    """`[N]` whether a sample is among the ⌊share·n⌋ highest of the n of its group."""
    limit = np.floor(np.round(share * np.bincount(groups_N), 9))
    flagged: NDArray[np.bool_] = places(np.lexsort((-loss_N, groups_N)), groups_N) < limit[groups_N]
    return flagged


def _runs(is_first_N: NDArray[np.bool_]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """`[N]` where the run of each place begins, and its length."""
    starts = np.flatnonzero(is_first_N)
    lengths = np.diff(starts, append=len(is_first_N))
    return np.repeat(starts, lengths), np.repeat(lengths, lengths)
