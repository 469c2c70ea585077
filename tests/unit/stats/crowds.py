"""Made pairs of people whose qualities show in all of their pairs."""

import numpy as np

EFFECT = 0.7


def dense(n=40, genuine=6):
    """Every two people once, and some genuine pairs of everybody."""
    left, right = np.triu_indices(n, 1)
    own = np.repeat(np.arange(n), genuine)
    return np.r_[own, left], np.r_[own, right]


def sparse(n=600):
    """No two pairs of a kind share a person."""
    own = np.arange(n // 2)
    return np.r_[own, np.arange(0, n, 2)], np.r_[own, np.arange(1, n, 2)]


def shown(draw, left, right):
    """A quality of every person in all its pairs, and noise of each pair."""
    person = EFFECT * draw.normal(size=max(left.max(), right.max()) + 1)
    return (person[left] + person[right]) / 2 + draw.normal(size=len(left))


def sd(left, right):
    return np.sqrt(1 + EFFECT**2 * np.where(left == right, 1, 0.5))
