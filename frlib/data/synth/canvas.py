"""Soft shapes on a batch of pictures, all at once.

Legend: n pictures, R rows, S columns. Parameters are `[n, 1, 1]` float32. Per pixel only +, -, *, /, min
and max are used, which IEEE 754 rounds the same way everywhere: a picture has the same bits alone and in
a batch, and on every machine.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

F32 = NDArray[np.float32]
Value = F32 | float


@dataclass(frozen=True)
class Pose:
    """Where a face is in its picture: (u, v) = turn(x, y) * zoom - shift. All `[n, 1, 1]`."""

    cos: F32
    sin: F32
    zoom: F32
    shift_x: F32
    shift_y: F32

    def coordinates(self, size: int) -> tuple[F32, F32]:
        """Face coordinates u, v of every pixel centre, each `[n, S, S]`."""
        x = ((np.arange(size, dtype=np.float32) + np.float32(0.5)) * np.float32(2 / size)) - 1
        across, down = x[None, None, :], x[None, :, None]
        u = (across * self.cos + down * self.sin) * self.zoom - self.shift_x
        v = (down * self.cos - across * self.sin) * self.zoom - self.shift_y
        return u, v

    def height(self, u: Value, v: Value) -> F32:
        """Picture ordinate in [-1, 1] of a point of the face, `[n, 1, 1]`."""
        return ((u + self.shift_x) * self.sin + (v + self.shift_y) * self.cos) / self.zoom


@dataclass(frozen=True)
class Canvas:
    """`u, v`: `[n, R, S]` face coordinates. `rgb`: `[3, n, R, S]`, painted in place.

    soft: half-width of an edge in face units. `top`: first row of the full picture held here.
    """

    pose: Pose
    size: int
    u: F32
    v: F32
    rgb: F32
    soft: F32
    top: int = 0

    def band(self, points: Sequence[tuple[Value, Value]], reach: float) -> "Canvas":
        """The rows that anything within `reach` of the points can touch; a view, so painting shows."""
        heights = [self.pose.height(u, v) for u, v in points]
        far = reach / float(self.pose.zoom.min()) + 2 * float(self.soft.max())
        low = min(float(h.min()) for h in heights) - far
        high = max(float(h.max()) for h in heights) + far
        first = min(max(int((low + 1) * self.size / 2) - 1, 0), self.size - 1)
        last = min(max(int((high + 1) * self.size / 2) + 2, first + 1), self.size)
        rows = slice(first, last)
        return Canvas(
            self.pose, self.size, self.u[:, rows], self.v[:, rows], self.rgb[:, :, rows], self.soft,
            self.top + first,
        )  # fmt: skip

    def distance(
        self, x: Value, y: Value, rx: Value, ry: Value, tilt: Value = 0.0, bend: Value = 0.0
    ) -> F32:
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

    def inside(self, q: F32, radius: Value) -> F32:
        """Coverage in [0, 1] from a squared distance in radii; `radius` gives the edge its width."""
        gain = radius / (4 * self.soft)
        q *= -gain
        q += gain + 0.5
        return clip01(q)

    def ellipse(
        self, x: Value, y: Value, rx: Value, ry: Value, tilt: Value = 0.0, bend: Value = 0.0
    ) -> F32:
        """Coverage of a tilted, bent ellipse, `[n, R, S]`."""
        return self.inside(self.distance(x, y, rx, ry, tilt, bend), np.minimum(rx, ry))

    def below(self, line: Value) -> F32:
        """Coverage of what lies under the line v = `line`."""
        edge = self.v - line
        edge *= 0.5 / self.soft
        edge += 0.5
        return clip01(edge)

    def bump(self, x: Value, y: Value, rx: Value, ry: Value) -> F32:
        """A smooth hill, 1 at (x, y) and 0 from the rim outwards: max(0, 1 - q)^2."""
        q = self.distance(x, y, rx, ry)
        np.subtract(1, q, out=q)
        np.maximum(q, 0, out=q)
        q *= q
        return q

    def paint(self, alpha: F32, colour: Sequence[Value]) -> None:
        """Lay a colour (three values in [0, 1]) over the picture."""
        for plane, tone in zip(self.rgb, colour, strict=True):
            change = tone - plane
            change *= alpha
            plane += change

    def shade(self, alpha: F32, strength: Value) -> None:
        """Darken by `strength` (a share of the light; negative brightens) where `alpha` is 1."""
        factor = alpha * -strength
        factor += 1
        np.multiply(self.rgb, factor, out=self.rgb)


def clip01(values: F32) -> F32:
    """Clip to [0, 1] in place."""
    np.maximum(values, 0, out=values)
    np.minimum(values, 1, out=values)
    return values

