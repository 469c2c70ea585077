"""Places for labels beside their curves: where nothing else is, and as near as possible.

Positions are pixels. A label is a box of known size, joined to a point of its curve by a straight
leader. Of all free places the cheapest is taken: a short leader that crosses few curves and ends
where its curve is not close to another one. All orders in which labels can choose are tried.
"""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

Points = NDArray[np.float64]
"""`[N, 2]`; a row of NaN is a gap in a line."""
Point = tuple[float, float]

_PLACES_A_SIDE = 28
_ENDS = 20
_CORNERS = 90
_CLEAR = 5.0
_EDGE = 8.0
_SEEN_APART = 16.0
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

    def meets(self, other: "Box") -> bool:
        """Whether they overlap."""
        return (
            self.left < other.right
            and other.left < self.right
            and self.bottom < other.top
            and other.bottom < self.top
        )

    def is_cut_by(self, start: Point, end: Point) -> bool:
        """Whether a straight line passes through."""
        corners = [(self.left, self.bottom), (self.right, self.top)]
        others = [(self.left, self.top), (self.right, self.bottom)]
        return self.grown(0.5).meets(Box(*end, 0, 0)) or any(
            _cross(start, end, *diagonal) for diagonal in (corners, others)
        )


@dataclass(frozen=True)
class Place:
    """Where a label goes; the leader runs from its box at `start` to its curve at `end`."""

    box: Box
    start: Point
    end: Point
    cost: float

    def clashes(self, other: "Place") -> bool:
        """Whether two labels or their leaders are in each other's way."""
        wide, theirs = self.box.grown(_CLEAR), other.box.grown(_CLEAR)
        return (
            wide.meets(other.box)
            or wide.is_cut_by(other.start, other.end)
            or theirs.is_cut_by(self.start, self.end)
            or _cross(self.start, self.end, other.start, other.end)
        )


def place(
    area: Box, sizes: Sequence[Point], curves: Sequence[Points], quiet: Sequence[Points] = ()
) -> list[Place]:
    """A place in `area` for the label of each curve; `quiet` are lines that have none.

    Where there is no room for all, some lie on others: `cost` is 100,000 and more for each.
    """
    options = [_options(area, size, index, curves, quiet) for index, size in enumerate(sizes)]
    best: dict[int, Place] = {}
    lowest = float("inf")
    for order in itertools.permutations(range(len(curves))):
        found: dict[int, Place] = {}
        for index in order:
            taken = list(found.values())
            free = (one for one in options[index] if not any(map(one.clashes, taken)))
            hidden = replace(options[index][0], cost=options[index][0].cost + _COST_HIDDEN)
            found[index] = next(free, hidden)
        total = sum(one.cost for one in found.values())
        if total < lowest:
            best, lowest = found, total
    return [best[index] for index in range(len(curves))]


def _options(
    area: Box, size: Point, index: int, curves: Sequence[Points], quiet: Sequence[Points]
) -> list[Place]:
    """Places for one label by itself, the cheapest first."""
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
    found = []
    for left in np.linspace(area.left, area.right - size[0], _PLACES_A_SIDE):
        for bottom in np.linspace(area.bottom, area.top - size[1], _PLACES_A_SIDE):
            box = Box(float(left), float(bottom), *size)
            starts_E2 = box.nearest(ends_E2)
            cost_E = close_E + np.linalg.norm(ends_E2 - starts_E2, axis=1)
            covered = int(box.grown(_CLEAR).holds(drawn_N2).sum())
            if covered:
                cost_E += _COST_HIDDEN + covered
            else:
                for line_N2, price in lines:
                    cost_E += price * _crossings(starts_E2, ends_E2, line_N2)
            at = int(cost_E.argmin())
            start, end = (_point(points_E2[at]) for points_E2 in (starts_E2, ends_E2))
            found.append(Place(box, start, end, float(cost_E[at])))
    return sorted(found, key=lambda one: one.cost)


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


def _cross(a: Point, b: Point, c: Point, d: Point) -> bool:
    """Whether the straight lines a-b and c-d cross."""

    def turn(p: Point, q: Point, r: Point) -> float:
        return (q[0] - p[0]) * (r[1] - p[1]) - (q[1] - p[1]) * (r[0] - p[0])

    return turn(a, b, c) * turn(a, b, d) < 0 and turn(c, d, a) * turn(c, d, b) < 0


def _point(pair: Points) -> Point:
    return float(pair[0]), float(pair[1])
