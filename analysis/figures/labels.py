"""Places for labels beside their curves: where nothing else is, and as near as possible.

Positions are pixels. A label is a box of known size, joined to a point of its curve by a straight
leader. Of all free places the cheapest is taken: a short leader that crosses few curves and ends
where its curve is not close to another one.
"""

import itertools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Points = NDArray[np.float64]
"""`[N, 2]`; a row of NaN is a gap in a line."""

_PLACES_A_SIDE = 40
_CLEAR = 5.0
_SEEN_APART = 14.0
_COST_CLOSE = 12.0
_COST_CROSSED = 250.0
_COST_CROSSED_QUIET = 30.0


@dataclass(frozen=True)
class Box:
    """A rectangle."""

    left: float
    bottom: float
    width: float
    height: float

    def grown(self, by: float) -> "Box":
        """Larger on every side."""
        return Box(self.left - by, self.bottom - by, self.width + 2 * by, self.height + 2 * by)

    def holds(self, points_N2: Points) -> NDArray[np.bool_]:
        """`[N]`: which points lie inside."""
        away_N2 = points_N2 - [self.left, self.bottom]
        inside_N2: NDArray[np.bool_] = (away_N2 >= 0) & (away_N2 <= [self.width, self.height])
        return inside_N2.all(axis=1)

    def nearest(self, points_N2: Points) -> Points:
        """`[N, 2]`: the point of the box next to each point."""
        low = np.array([self.left, self.bottom])
        return np.clip(points_N2, low, low + [self.width, self.height])

    def meets(self, other: "Box") -> bool:
        """Whether they overlap."""
        return (
            self.left < other.left + other.width
            and other.left < self.left + self.width
            and self.bottom < other.bottom + other.height
            and other.bottom < self.bottom + self.height
        )


@dataclass(frozen=True)
class Place:
    """Where a label goes; the leader runs from its box at `start` to its curve at `end`."""

    box: Box
    start: tuple[float, float]
    end: tuple[float, float]
    cost: float

    def clashes(self, other: "Place") -> bool:
        """Whether two labels or their leaders are in each other's way."""
        return (
            self.box.grown(_CLEAR).meets(other.box)
            or bool(self.box.grown(_CLEAR).holds(other.leader()).any())
            or bool(other.box.grown(_CLEAR).holds(self.leader()).any())
            or bool(_crossings(np.array([self.start]), np.array([self.end]), other.leader())[0])
        )

    def leader(self) -> Points:
        """Points along it."""
        return np.linspace(self.start, self.end, 30)


def place(
    area: Box,
    sizes: Sequence[tuple[float, float]],
    curves: Sequence[Points],
    quiet: Sequence[Points] = (),
) -> list[Place]:
    """A place in `area` for the label of each curve; `quiet` are lines that have none.

    Where it is too full for all, the labels that find no room are put where they are cheapest.
    """
    options = [_options(area, size, index, curves, quiet) for index, size in enumerate(sizes)]
    best: list[Place] = []
    for order in itertools.permutations(range(len(curves))):
        found: dict[int, Place] = {}
        for index in order:
            free = (one for one in options[index] if not any(map(one.clashes, found.values())))
            found[index] = next(free, options[index][0])
        if not best or _total(found.values()) < _total(best):
            best = [found[index] for index in range(len(curves))]
    return best


def _total(places: Iterable[Place]) -> float:
    return sum(one.cost for one in places)


def _options(
    area: Box,
    size: tuple[float, float],
    index: int,
    curves: Sequence[Points],
    quiet: Sequence[Points],
) -> list[Place]:
    """Places for one label by itself, the cheapest first."""
    others = [curve for at, curve in enumerate(curves) if at != index]
    ends_E2 = _ends(area, curves[index])
    close_E = np.zeros(len(ends_E2))
    for other_N2 in others:
        apart_E = np.nanmin(np.linalg.norm(ends_E2[:, None] - other_N2, axis=2), axis=1)
        close_E = np.maximum(close_E, _COST_CLOSE * (_SEEN_APART - apart_E).clip(min=0))
    drawn_N2 = np.concatenate([*curves, *quiet])
    found, fallback = [], []
    for left in np.linspace(area.left, area.left + area.width - size[0], _PLACES_A_SIDE):
        for bottom in np.linspace(area.bottom, area.bottom + area.height - size[1], _PLACES_A_SIDE):
            box = Box(float(left), float(bottom), *size)
            covered = int(box.grown(_CLEAR).holds(drawn_N2).sum())
            starts_E2 = box.nearest(ends_E2)
            cost_E = close_E + np.linalg.norm(ends_E2 - starts_E2, axis=1)
            if covered:
                fallback.append((covered, box))
                continue
            for lines, price in ((others, _COST_CROSSED), (quiet, _COST_CROSSED_QUIET)):
                for line_N2 in lines:
                    cost_E = cost_E + price * _crossings(starts_E2, ends_E2, line_N2)
            at = int(cost_E.argmin())
            start, end = starts_E2[at], ends_E2[at]
            found.append(Place(box, (start[0], start[1]), (end[0], end[1]), float(cost_E[at])))
    if found:
        return sorted(found, key=lambda one: one.cost)
    covered, box = min(fallback, key=lambda pair: pair[0])
    start = box.nearest(ends_E2[:1])[0]
    return [Place(box, (start[0], start[1]), (ends_E2[0, 0], ends_E2[0, 1]), 1e6 + covered)]


def _ends(area: Box, curve_N2: Points) -> Points:
    """Points of a curve where a leader may end."""
    inside_N2 = curve_N2[area.holds(curve_N2)]
    return inside_N2[:: max(1, len(inside_N2) // 40)]


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
