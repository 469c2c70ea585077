"""Places for labels beside their curves: where nothing else is, and as near as possible.

Positions are pixels. A label is a box of known size, joined to a point of its curve by a straight
leader. Of all free places the cheapest is taken: a short leader that crosses few curves and ends
where its curve is not close to another one. Labels choose one after another, in many orders, and
the cheapest outcome counts.
"""

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

Points = NDArray[np.float64]
"""`[N, 2]`; a row of NaN is a gap in a line."""
Point = tuple[float, float]

_PLACES_A_SIDE = 28
_ENDS = 20
_CORNERS = 45
_CLEAR = 9.0
_APART = 5.0
_STEPS = 24
_ORDERS = 120
_EDGE = 8.0
_SEEN_APART = 16.0
_COST_LENGTH = 2.0
_COST_CLOSE = 60.0
_COST_CROSSED = 400.0
_COST_CROSSED_QUIET = 30.0
_COST_HIDDEN = 1e5


@dataclass(frozen=True)
class Box:
    """A rectangle."""

    left: float
    bottom: float
    width: float
    height: float

    @property
    def right(self) -> float:
        """Right edge."""
        return self.left + self.width

    @property
    def top(self) -> float:
        """Upper edge."""
        return self.bottom + self.height

    def grown(self, by: float) -> "Box":
        """Larger on every side."""
        return Box(self.left - by, self.bottom - by, self.width + 2 * by, self.height + 2 * by)

    def holds(self, points_N2: Points) -> NDArray[np.bool_]:
        """`[N]`: which points lie inside."""
        x_N, y_N = points_N2.T
        return np.asarray(
            (x_N >= self.left) & (x_N <= self.right) & (y_N >= self.bottom) & (y_N <= self.top)
        )

    def nearest(self, points_N2: Points) -> Points:
        """`[N, 2]`: the point of the box next to each point."""
        return points_N2.clip([self.left, self.bottom], [self.right, self.top])


@dataclass(frozen=True)
class Place:
    """Where a label goes; the leader runs from its box at `start` to its curve at `end`."""

    box: Box
    start: Point
    end: Point
    cost: float


@dataclass(frozen=True)
class _Options:
    """Places for one label by itself, the cheapest first: O lower left corners, leaders, costs."""

    size: Point
    corner_O2: Points
    start_O2: Points
    end_O2: Points
    cost_O: NDArray[np.float64]

    def at(self, index: int) -> Place:
        corner, start, end = (
            (float(points_O2[index, 0]), float(points_O2[index, 1]))
            for points_O2 in (self.corner_O2, self.start_O2, self.end_O2)
        )
        return Place(Box(*corner, *self.size), start, end, float(self.cost_O[index]))

    def clash(self, taken: Place) -> NDArray[np.bool_]:
        """`[O]`: which of them are in the way of a label that has its place, or of its leader."""
        far_O2 = self.corner_O2 + self.size
        theirs, low_O2, high_O2 = taken.box, self.corner_O2 - _APART, far_O2 + _APART
        overlap_O = (
            (low_O2 < [theirs.right, theirs.top]) & (high_O2 > [theirs.left, theirs.bottom])
        ).all(axis=1)
        leader_N2 = np.linspace(taken.start, taken.end, _STEPS)[:, None]
        covered_O = ((leader_N2 > low_O2) & (leader_N2 < high_O2)).all(axis=2).any(axis=0)
        own_NO2 = np.linspace(self.start_O2, self.end_O2, _STEPS)
        wide = theirs.grown(_APART)
        inside_NO2 = (own_NO2 > [wide.left, wide.bottom]) & (own_NO2 < [wide.right, wide.top])
        straight = np.array([taken.start, taken.end])
        crossed_O = _crossings(self.start_O2, self.end_O2, straight) > 0
        return np.asarray(overlap_O | covered_O | inside_NO2.all(axis=2).any(axis=0) | crossed_O)


def place(
    area: Box, sizes: Sequence[Point], curves: Sequence[Points], quiet: Sequence[Points] = ()
) -> list[Place]:
    """A place in `area` for the label of each curve; `quiet` are lines that have none.

    Where there is no room for all, some lie on others: `cost` is 100,000 and more for each.
    """
    options = [_options(area, size, index, curves, quiet) for index, size in enumerate(sizes)]

    @cache
    def clash(one: int, at: int, other: int) -> NDArray[np.bool_]:
        return options[other].clash(options[one].at(at))

    best: dict[int, Place] = {}
    lowest = float("inf")
    for order in _orders(len(curves)):
        chosen: dict[int, int] = {}
        hidden = 0
        for index in order:
            free_O = np.ones(len(options[index].cost_O), dtype=bool)
            for one, at in chosen.items():
                free_O &= ~clash(one, at, index)
            hidden += not free_O.any()
            chosen[index] = int(free_O.argmax())
        places = {index: options[index].at(at) for index, at in chosen.items()}
        total = sum(one.cost for one in places.values()) + hidden * _COST_HIDDEN
        if total < lowest:
            best, lowest = places, total
    return [best[index] for index in range(len(curves))]


def _orders(count: int) -> list[tuple[int, ...]]:
    """All orders of a few labels, a fair part of those of many."""
    if math.factorial(count) <= _ORDERS:
        return list(itertools.permutations(range(count)))
    draw = np.random.default_rng(0)
    return [tuple(draw.permutation(count).tolist()) for _ in range(_ORDERS)]


def _options(
    area: Box, size: Point, index: int, curves: Sequence[Points], quiet: Sequence[Points]
) -> _Options:
    others = [curve for at, curve in enumerate(curves) if at != index]
    inside_N2 = curves[index][area.grown(-_EDGE).holds(curves[index])]
    ends_E2 = inside_N2[:: max(1, len(inside_N2) // _ENDS)]
    close_E = np.zeros(len(ends_E2))
    for other_N2 in others:
        apart_E = np.nanmin(np.linalg.norm(ends_E2[:, None] - other_N2, axis=2), axis=1)
        close_E = np.maximum(close_E, _COST_CLOSE * (_SEEN_APART - apart_E).clip(min=0))
    drawn_N2 = np.concatenate([*curves, *quiet])
    lines = [(_thinned(line), _COST_CROSSED) for line in others]
    lines += [(_thinned(line), _COST_CROSSED_QUIET) for line in quiet]
    rows = []
    for left in np.linspace(area.left, area.right - size[0], _PLACES_A_SIDE):
        for bottom in np.linspace(area.bottom, area.top - size[1], _PLACES_A_SIDE):
            box = Box(float(left), float(bottom), *size)
            starts_E2 = box.nearest(ends_E2)
            cost_E = close_E + _COST_LENGTH * np.linalg.norm(ends_E2 - starts_E2, axis=1)
            covered = int(box.grown(_CLEAR).holds(drawn_N2).sum())
            if covered:
                cost_E += _COST_HIDDEN + covered
            else:
                for line_N2, price in lines:
                    cost_E += price * _crossings(starts_E2, ends_E2, line_N2)
            at = int(cost_E.argmin())
            rows.append((left, bottom, *starts_E2[at], *ends_E2[at], cost_E[at]))
    table = np.array(rows)
    table = table[table[:, 6].argsort(kind="stable")]
    return _Options(size, table[:, 0:2], table[:, 2:4], table[:, 4:6], table[:, 6])


def _thinned(line_N2: Points) -> Points:
    """Fewer corners, but all the gaps."""
    keep_N: NDArray[np.bool_] = np.isnan(line_N2[:, 1])
    keep_N[:: max(1, len(line_N2) // _CORNERS)] = True
    keep_N[-1] = True
    return line_N2[keep_N]


def _crossings(starts_S2: Points, ends_S2: Points, line_N2: Points) -> NDArray[np.float64]:
    """`[S]`: how often each straight line crosses a broken one. Gaps are not crossed."""
    a_N2, b_N2 = line_N2[:-1], line_N2[1:]
    start_S12, end_S12 = starts_S2[:, None], ends_S2[:, None]
    one = _side(start_S12, end_S12, a_N2) * _side(start_S12, end_S12, b_N2)
    two = _side(a_N2, b_N2, start_S12) * _side(a_N2, b_N2, end_S12)
    return np.asarray(((one < 0) & (two < 0)).sum(axis=1), dtype=np.float64)


def _side(a: Points, b: Points, c: Points) -> Points:
    """On which side of the line through a and b c lies: the sign."""
    u, v = b - a, c - a
    side: Points = u[..., 0] * v[..., 1] - u[..., 1] * v[..., 0]
    return side
