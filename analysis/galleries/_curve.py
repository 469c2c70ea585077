"""Curves over epochs as points in a box, for whatever draws them; and what they say in words."""

from dataclasses import dataclass

from analysis.galleries._gallery import Curve

Point = tuple[float, float]


@dataclass(frozen=True)
class Traced:
    """points: of every value. runs: points of epochs that follow one another, to be joined.

    zero: height of the value 0. In the units of the box, y downwards.
    """

    points: list[Point]
    runs: list[list[Point]]
    zero: float


def traced(curve: Curve, bounds: tuple[float, float], width: float, height: float) -> Traced:
    """Epoch 0 at the left edge, the last that was trained at the right one; bounds low to high."""
    low, high = bounds
    last = max(curve.of - 1, 1)

    def y_of(value: float) -> float:
        return height * (high - value) / (high - low)

    points: list[Point] = []
    runs: list[list[Point]] = []
    before = None
    for epoch, value in zip(curve.epochs.tolist(), curve.values.tolist(), strict=True):
        point = (width * epoch / last, y_of(value))
        if before is None or epoch > before + 1:
            runs.append([])
        points.append(point)
        runs[-1].append(point)
        before = epoch
    return Traced(points, runs, y_of(0))


def told(curve: Curve) -> str:
    """For those who do not see the curve."""
    epochs, values = curve.epochs.tolist(), curve.values.tolist()
    when = f"epoch {epochs[0]}" if len(epochs) == 1 else f"epochs {epochs[0]} to {epochs[-1]}"
    change = f"{values[0]:.2f}" if len(values) == 1 else f"{values[0]:.2f} to {values[-1]:.2f}"
    return f"{curve.what}: in {len(epochs)} of {curve.of} epochs, {when}, {change}"
