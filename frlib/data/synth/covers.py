"""Things in front of a face: glasses, dark glasses, a cap, a scarf, a bar; one at most."""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from frlib.data.synth.canvas import Canvas, Pose, Value
from frlib.data.synth.people import Columns

Colour = Sequence[Value]


def put_on(canvas: Canvas, how: Columns, chance: float) -> None:
    """Paint the cover of every picture that drew one; the five kinds are equally likely."""
    kinds: tuple[Callable[[Canvas, Columns, Colour], None], ...] = (
        _glasses, _dark_glasses, _cap, _scarf, _bar,
    )  # fmt: skip
    covered = how["covered"].ravel() < chance
    kind = np.minimum((how["cover_kind"].ravel() * len(kinds)).astype(np.int64), len(kinds) - 1)
    for number, paint in enumerate(kinds):
        rows = np.flatnonzero(covered & (kind == number))
        if len(rows):
            part = _pick(canvas, rows)
            some = {name: column[rows] for name, column in how.items()}
            paint(part, some, [some[f"cover_{c}"] for c in "rgb"])
            canvas.rgb[:, rows] = part.rgb


def _pick(canvas: Canvas, rows: NDArray[np.int64]) -> Canvas:
    pose = canvas.pose
    some = Pose(
        pose.cos[rows], pose.sin[rows], pose.zoom[rows], pose.shift_x[rows], pose.shift_y[rows]
    )
    return Canvas(
        some, canvas.size, canvas.u[rows], canvas.v[rows], canvas.rgb[:, rows], canvas.soft[rows]
    )


def _lenses(canvas: Canvas, how: Columns) -> list[tuple[Value, Value, Value, Value]]:
    turn, nod = 0.16 * how["yaw"], 0.16 * how["pitch"]
    rx, ry = 0.16 + 0.05 * how["cover_1"], 0.11 + 0.05 * how["cover_2"]
    return [(sign * 0.245 + turn, nod - 0.11, rx, ry) for sign in (-1.0, 1.0)]


def _glasses(canvas: Canvas, how: Columns, colour: Colour) -> None:
    for x, y, rx, ry in _lenses(canvas, how):
        rim = canvas.ellipse(x, y, rx + 0.025, ry + 0.025)
        rim -= canvas.ellipse(x, y, rx, ry)
        np.maximum(rim, 0, out=rim)
        canvas.paint(rim, [0.5 * tone for tone in colour])


def _dark_glasses(canvas: Canvas, how: Columns, colour: Colour) -> None:
    for x, y, rx, ry in _lenses(canvas, how):
        canvas.paint(canvas.ellipse(x, y, rx, ry), [0.22 * tone for tone in colour])


def _cap(canvas: Canvas, how: Columns, colour: Colour) -> None:
    line = -0.34 - 0.2 * how["cover_1"]
    crown = canvas.ellipse(0.0, -0.25, 0.66 + 0.04 * how["cover_2"], 0.78 + 0.04 * how["cover_3"])
    crown *= 1 - canvas.below(line)
    canvas.paint(crown, colour)
    turn = 0.4 * how["yaw"]
    canvas.paint(canvas.ellipse(turn, line, 0.5, 0.06), [0.7 * t for t in colour])


def _scarf(canvas: Canvas, how: Columns, colour: Colour) -> None:
    canvas.paint(canvas.below(0.22 + 0.35 * how["cover_1"]), colour)


def _bar(canvas: Canvas, how: Columns, colour: Colour) -> None:
    x, y = 1.2 * how["cover_1"] - 0.6, 1.4 * how["cover_2"] - 0.7
    slope = 4 * how["cover_3"] - 2
    length = np.sqrt(1 + slope * slope)
    canvas.paint(canvas.ellipse(x, y, 0.75 / length, 0.11 * length, tilt=slope), colour)
