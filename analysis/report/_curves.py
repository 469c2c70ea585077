"""Learning curves of an arm as small pictures in the page: a line a seed, over epochs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape

import numpy as np
import pandas as pd
from numpy.typing import NDArray

_WIDTH, _HEIGHT = 240.0, 76.0
_MARGIN = (58.0, 8.0, 10.0, 20.0)
"""Left, top, right, bottom: what the numbers at the axes take."""
_LOOKS = 4
"""Looks of lines in the style of the page; further seeds begin again."""


@dataclass(frozen=True, eq=False)
class Line:
    """One replicate. epochs, values: `[N]`, by epoch."""

    seed: int
    epochs: NDArray[np.float64]
    values: NDArray[np.float64]


class Curves:
    """Every metric of a few names over the epochs of all arms; later attempts stand for epochs."""

    def __init__(self, metrics: pd.DataFrame, names: Sequence[str]) -> None:
        rows = metrics[metrics["name"].isin(list(names)) & np.isfinite(metrics["value"])]
        rows = rows.sort_values(["attempt", "step"], kind="stable")
        key = ["arm", "name", "seed", "epoch"]
        rows = rows.drop_duplicates(key, keep="last").sort_values(key, kind="stable")
        self._lines: dict[tuple[str, str], list[Line]] = {}
        for (arm, name, seed), mine in rows.groupby(["arm", "name", "seed"], sort=False):
            line = Line(
                int(seed),
                mine["epoch"].to_numpy(np.float64),
                mine["value"].to_numpy(np.float64),
            )
            self._lines.setdefault((str(arm), str(name)), []).append(line)

    def of(self, arm: str, name: str) -> list[Line]:
        """The lines of one arm, by seed; none where the metric has no two epochs on record."""
        found = self._lines.get((arm, name), [])
        return found if any(len(one.epochs) > 1 for one in found) else []


def drawn(lines: Sequence[Line], name: str) -> str:
    """A figure with its words for those who do not see it; empty without lines."""
    if not lines:
        return ""
    epochs = np.concatenate([one.epochs for one in lines])
    values = np.concatenate([one.values for one in lines])
    box = _Box(float(epochs.min()), float(epochs.max()), float(values.min()), float(values.max()))
    left, top, right, bottom = _MARGIN
    width, height = left + _WIDTH + right, top + _HEIGHT + bottom
    paths = "".join(
        f'<polyline class="seed{at % _LOOKS}" points="{box.points(one)}"/>'
        for at, one in enumerate(lines)
    )
    floor = top + _HEIGHT
    return (
        f'<figure class="curve"><svg role="img" aria-label="{escape(told(lines, name))}" '
        f'viewBox="0 0 {width:g} {height:g}" width="{width:g}" height="{height:g}">'
        f'<path class="frame" d="M{left:g} {top:g}V{floor:g}H{left + _WIDTH:g}"/>{paths}'
        f'<text class="end" x="{left - 4:g}" y="{top + 8:g}">{box.high:.4g}</text>'
        f'<text class="end" x="{left - 4:g}" y="{floor:g}">{box.low:.4g}</text>'
        f'<text x="{left:g}" y="{floor + 14:g}">epoch {box.first:g}</text>'
        f'<text class="end" x="{left + _WIDTH:g}" y="{floor + 14:g}">{box.last:g}</text></svg>'
        f"<figcaption>{escape(name)}</figcaption></figure>"
    )


def told(lines: Sequence[Line], name: str) -> str:
    """The lines in words."""
    each = "; ".join(
        f"seed {one.seed} from {one.values[0]:.4g} to {one.values[-1]:.4g}" for one in lines
    )
    last = max(float(one.epochs[-1]) for one in lines)
    return f"{name} over epochs until {last:g}: {each}"


def legend(seeds: Mapping[int, int] | Sequence[int]) -> str:
    """Which look is which seed."""
    return "".join(
        f'<li><svg viewBox="0 0 28 8" width="28" height="8" aria-hidden="true">'
        f'<polyline class="seed{at % _LOOKS}" points="0,4 28,4"/></svg> seed {seed}</li>'
        for at, seed in enumerate(seeds)
    )


@dataclass(frozen=True)
class _Box:
    first: float
    last: float
    low: float
    high: float

    def points(self, line: Line) -> str:
        left, top, _, _ = _MARGIN
        x = left + _WIDTH * _share(line.epochs, self.first, self.last)
        y = top + _HEIGHT * (1 - _share(line.values, self.low, self.high))
        return " ".join(f"{a:.1f},{b:.1f}" for a, b in zip(x.tolist(), y.tolist(), strict=True))


def _share(values: NDArray[np.float64], low: float, high: float) -> NDArray[np.float64]:
    return np.full_like(values, 0.5) if high == low else (values - low) / (high - low)
