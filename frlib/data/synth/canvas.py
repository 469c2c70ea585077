"""Soft shapes on a batch of pictures, all at once.

Legend: n pictures, R rows, S columns. Everything is float32; parameters are `[n, 1, 1]`. Per pixel
only +, -, *, /, min and max are used, which IEEE 754 rounds the same way everywhere: a picture has
the same bits alone and in a batch.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

Plane = NDArray[np.floating[Any]]
Value = Plane | float


@dataclass(frozen=True)
class Pose:
    """Where a face is in its picture: (u, v) = turn(x, y) * zoom - shift. All `[n, 1, 1]`."""

    cos: Plane
    sin: Plane
    zoom: Plane
    shift_x: Plane
    shift_y: Plane

    def coordinates(self, size: int) -> tuple[Plane, Plane]:
        """Face coordinates u, v of every pixel centre, each `[n, S, S]`."""
        x = ((np.arange(size, dtype=np.float32) + np.float32(0.5)) * np.float32(2 / size)) - 1
        across, down = x[None, None, :], x[None, :, None]
        u = (across * self.cos + down * self.sin) * self.zoom - self.shift_x
        v = (down * self.cos - across * self.sin) * self.zoom - self.shift_y
        return u, v

    def height(self, u: Value, v: Value) -> Plane:
        """Picture ordinate in [-1, 1] of a point of the face, `[n, 1, 1]`."""
        return ((u + self.shift_x) * self.sin + (v + self.shift_y) * self.cos) / self.zoom


@dataclass(frozen=True)
class Canvas:
    """`u, v`: `[n, R, S]` face coordinates. `rgb`: `[3, n, R, S]`, painted in place.

    soft: half the width of an edge, in face units. top: first row of the full picture held here.
    """

    pose: Pose
    size: int
    u: Plane
    v: Plane
    rgb: Plane
    soft: Plane
    top: int = 0

    def band(self, x: Value, y: Value, reach: Value) -> "Canvas":
        """The rows that anything within `reach` of (x, y) can touch; a view, so painting shows."""
        height = self.pose.height(x, y)
        far = reach / self.pose.zoom
        first = int((float((height - far).min()) + 1) * self.size / 2) - 1
        last = int((float((height + far).max()) + 1) * self.size / 2) + 2
        first = min(max(first, 0), self.size - 1)
        rows = slice(first, min(max(last, first + 1), self.size))
        return replace(
            self, u=self.u[:, rows], v=self.v[:, rows], rgb=self.rgb[:, :, rows],
            top=self.top + first,
        )  # fmt: skip

    def reach(self, rx: Value, ry: Value, tilt: Value = 0.0, bend: Value = 0.0) -> Plane:
        """How far from its centre an ellipse of these or smaller radii leaves colour, `[n, 1, 1]`.

        The soft edge ends at q = 1 + 2 soft / radius, at most 3 as no radius is drawn below `soft`.
        """
        rx, ry = np.maximum(rx, self.soft), np.maximum(ry, self.soft)
        return 1.75 * (rx + ry + np.abs(tilt) * rx) + 3.1 * np.abs(bend) * rx * rx

    def rows_of(self, plane: Plane) -> Plane:
        """The rows of a full `[n, S, S]` plane that this canvas holds; a view."""
        return plane[:, self.top : self.top + self.u.shape[1]]

    def distance(
        self, x: Value, y: Value, rx: Value, ry: Value, tilt: Value = 0.0, bend: Value = 0.0
    ) -> Plane:
        """Squared distance from (x, y) in radii, `[n, R, S]`: 1 on the rim.

        tilt: slope of the long axis; bend: curvature of the long axis, positive ends turn up.
        """
        across = self.u - x
        down = self.v - y
        if not isinstance(tilt, float):
            down -= tilt * across
        if not isinstance(bend, float):
            down += (bend * across) * across
        across *= 1 / rx
        down *= 1 / ry
        across *= across
        down *= down
        across += down
        return across

    def inside(self, q: Plane, radius: Value) -> Plane:
        """Coverage in [0, 1] from a squared distance in radii; `radius`: the smaller one."""
        gain = radius / (4 * self.soft)
        q *= -gain
        q += gain + 0.5
        return clip01(q)

    def ellipse(
        self, x: Value, y: Value, rx: Value, ry: Value, tilt: Value = 0.0, bend: Value = 0.0
    ) -> Plane:
        """Coverage of a tilted, bent ellipse, `[n, R, S]`.

        One thinner than an edge is drawn as wide as an edge and fainter, as a camera would.
        """
        wide, high = np.maximum(rx, self.soft), np.maximum(ry, self.soft)
        coverage = self.inside(self.distance(x, y, wide, high, tilt, bend), np.minimum(wide, high))
        coverage *= np.maximum(rx / wide, 0) * np.maximum(ry / high, 0)
        return coverage

    def below(self, line: Value) -> Plane:
        """Coverage of what lies under the line v = `line`."""
        edge = self.v - line
        edge *= 0.5 / self.soft
        edge += 0.5
        return clip01(edge)

    def bump(self, x: Value, y: Value, rx: Value, ry: Value) -> Plane:
        """A smooth hill, 1 at (x, y) and 0 from the rim outwards: max(0, 1 - q)^2."""
        q = self.distance(x, y, rx, ry)
        np.subtract(1, q, out=q)
        np.maximum(q, 0, out=q)
        q *= q
        return q

    def paint(self, alpha: Plane, colour: Sequence[Value]) -> None:
        """Lay a colour (three values in [0, 1]) over the picture."""
        for plane, tone in zip(self.rgb, colour, strict=True):
            change = tone - plane
            change *= alpha
            plane += change

    def shade(self, alpha: Plane, strength: Value) -> None:
        """Darken by `strength` (a share of the light; negative brightens) where `alpha` is 1."""
        factor = alpha * -strength
        factor += 1
        np.multiply(self.rgb, factor, out=self.rgb)


def clip01(values: Plane) -> Plane:
    """Clip to [0, 1] in place."""
    np.maximum(values, 0, out=values)
    np.minimum(values, 1, out=values)
    return values
