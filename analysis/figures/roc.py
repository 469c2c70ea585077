"""ROC over a logarithmic false-accept rate, and DET on normal-deviate axes, of several runs.

From scores of pairs, larger = more alike: exact points, a step for every impostor. Bands are 95 %
intervals of the genuine rate with the threshold as given: by people where the table names them
(`frlib.stats.people.share_interval`), else exact binomial. Where fewer than ten impostors are
accepted a line is dashed; that region of the run with most impostors is shaded.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from numpy.typing import NDArray
from scipy import special

from analysis.figures import style
from analysis.figures.style import COLOURS, INK, SHADE
from frlib.core.errors import ConfigError, DataError
from frlib.stats.intervals import binomial_interval
from frlib.stats.people import people, share_interval
from frlib.stats.support import ENOUGH

Numbers = NDArray[np.float64]

DPI = 160
TICKS = (1e-6, 1e-5, 1e-4, 1e-3, 0.01, 0.05, 0.2, 0.5, 0.8, 0.95)
_BAND_POINTS = 80
_LONG_NAME = 40
"""Letters of a name beyond which names stand below each other."""


@dataclass(frozen=True, eq=False)
class Curve:
    """One run: K points with `accepted` impostors each, and intervals at some of them.

    far, tar: `[K]` rising. at, low, high: `[B]` false-accept rates and the ends there.
    """

    name: str
    far: Numbers
    tar: Numbers
    accepted: NDArray[np.int64]
    impostors: int
    genuine: int
    at: Numbers
    low: Numbers
    high: Numbers
    by_people: bool


def read(paths: Sequence[Path]) -> dict[str, pa.Table]:
    """Run -> its scores: by the column `run` where there is one, else by the file's place.

    Files are parquet with `same` and `score`, and perhaps `left_person` and `right_person`.
    `DataError` names the file that cannot be read, lacks a column or repeats a run.
    """
    found: dict[str, pa.Table] = {}
    for path, name in zip(paths, _names(paths), strict=True):
        try:
            table = pq.read_table(path)
        except (OSError, pa.ArrowException) as error:
            raise DataError(f"{path}: cannot be read as parquet ({error})") from error
        missing = {"same", "score"} - set(table.column_names)
        if missing:
            raise DataError(
                f"{path}: has no column {', '.join(sorted(missing))}; found "
                f"{', '.join(table.column_names)}. Expected scores of pairs, as `frlib eval run "
                "--out` keeps them"
            )
        parts = {name: table}
        if "run" in table.column_names:
            runs = np.asarray(table["run"].to_pylist(), dtype=str)
            parts = {str(run): table.filter(pa.array(runs == run)) for run in np.unique(runs)}
        for run, part in parts.items():
            if run in found:
                raise DataError(f"{path}: the run {run!r} was given before; name each file once")
            found[run] = part
    return found


def curve(name: str, table: pa.Table) -> Curve:
    """`DataError` where a score is not finite, or one kind of pair is missing."""
    score = np.asarray(table["score"].to_numpy(), dtype=np.float64)
    same = np.asarray(table["same"].to_numpy(), dtype=bool)
    if not np.isfinite(score).all() or same.all() or not same.any():
        raise DataError(
            f"{name}: {int(same.sum()):,} genuine of {len(same):,} pairs, "
            f"{int((~np.isfinite(score)).sum()):,} scores not finite; a curve needs both kinds of "
            "pairs, each with a finite score"
        )
    genuine, impostors = np.sort(score[same]), np.sort(score[~same])
    threshold = np.concatenate(([np.inf], np.unique(score)[::-1]))
    accepted = len(impostors) - np.searchsorted(impostors, threshold)
    hits = len(genuine) - np.searchsorted(genuine, threshold)
    far, tar = accepted / len(impostors), hits / len(genuine)
    chosen = np.unique(np.geomspace(1, len(impostors), _BAND_POINTS).astype(np.int64))
    places = np.unique(np.searchsorted(accepted, chosen, side="right") - 1)
    places = places[accepted[places] > 0]
    of = None
    if {"left_person", "right_person"} <= set(table.column_names):
        left, right = (table[f"{side}_person"].to_numpy()[same] for side in ("left", "right"))
        of = people(left, right)
    ends = [
        binomial_interval(int(hits[at]), len(genuine))
        if of is None
        else share_interval(score[same] >= threshold[at], of)
        for at in places
    ]
    return Curve(
        name=name,
        far=far,
        tar=tar,
        accepted=accepted,
        impostors=len(impostors),
        genuine=len(genuine),
        at=far[places],
        low=np.array([one.low for one in ends]),
        high=np.array([one.high for one in ends]),
        by_people=of is not None,
    )


def draw(tables: Mapping[str, pa.Table]) -> Figure:
    """The figure, 12 by 6 inches; `ConfigError` for no run or more than there are colours."""
    if not 0 < len(tables) <= len(COLOURS):
        raise ConfigError(f"{len(tables)} runs; one figure shows 1 to {len(COLOURS)}")
    curves = [curve(name, table) for name, table in tables.items()]
    figure = Figure(figsize=(12, 6.2), dpi=100, facecolor="white")
    FigureCanvasAgg(figure)
    left, right = figure.subplots(1, 2)
    figure.subplots_adjust(left=0.065, right=0.985, top=0.90, bottom=0.24, wspace=0.2)
    _roc(left, curves)
    _det(right, curves)
    figure.legend(
        *left.get_legend_handles_labels(),
        loc="lower left",
        bbox_to_anchor=(0.055, 0.055),
        ncols=1 if max(len(one.name) for one in curves) > _LONG_NAME else min(3, len(curves)),
        fontsize=10,
        frameon=False,
    )
    how = {"by people" if one.by_people else "exact binomial" for one in curves}
    drawn = " or ".join(sorted(how))
    note = (
        f"Bands: 95 % of the genuine rate, threshold as given, {drawn}. Dashed, shaded: rests on "
        f"fewer than {ENOUGH} accepted impostors."
    )
    figure.text(0.065, 0.025, note, fontsize=9.5, color=INK)
    return figure


def write(tables: Mapping[str, pa.Table], path: Path) -> Path:
    """Draw and write it, whole or not at all. Equal tables, equal bytes."""
    return style.save(draw(tables), path, DPI)


def _names(paths: Sequence[Path]) -> list[str]:
    """What tells the files apart: the stem, or the place where stems repeat."""
    stems = [path.stem for path in paths]
    if len(set(stems)) == len(stems):
        return stems
    return [path.with_suffix("").as_posix() for path in paths]


def _roc(axes: Axes, curves: Sequence[Curve]) -> None:
    lowest = min(0.5 / one.impostors for one in curves)
    axes.set_xscale("log")
    axes.set_xlim(lowest, 1)
    _shade(axes, lowest, curves, lambda rate: rate)
    for colour, one in zip(COLOURS, curves, strict=False):
        label = f"{one.name} ({one.genuine:,} + {one.impostors:,} pairs)"
        _line(axes, one, np.maximum(one.far, lowest), one.tar, colour, label)
        axes.fill_between(one.at, one.low, one.high, color=colour, alpha=0.16, lw=0)
    floor = min(float(one.low.min()) for one in curves)
    axes.set_ylim(max(0.0, floor - 0.03), 1.005)
    _dress(axes, "ROC", "false-accept rate", "true-accept rate")


def _det(axes: Axes, curves: Sequence[Curve]) -> None:
    lowest = min(0.5 / one.impostors for one in curves)
    bottom = min(0.5 / one.genuine for one in curves)
    _shade(axes, lowest, curves, special.ndtri)
    for colour, one in zip(COLOURS, curves, strict=False):
        far, miss = one.far.clip(lowest, 0.6), (1 - one.tar).clip(bottom, 0.95)
        _line(axes, one, special.ndtri(far), special.ndtri(miss), colour, one.name)
        ends = [special.ndtri((1 - end).clip(bottom, 0.95)) for end in (one.high, one.low)]
        at = special.ndtri(one.at.clip(lowest, 0.6))
        axes.fill_between(at, *ends, color=colour, alpha=0.16, lw=0)
    worst = max(float(1 - one.low.min()) for one in curves)
    axes.set_xlim(special.ndtri(lowest), special.ndtri(0.5))
    axes.set_ylim(special.ndtri(bottom), special.ndtri(min(0.95, max(worst, 0.05))))
    for axis, low, high in ((axes.xaxis, lowest, 0.5), (axes.yaxis, bottom, 0.95)):
        ticks = [rate for rate in TICKS if low <= rate <= high]
        axis.set_ticks(special.ndtri(ticks), [f"{rate:g}" for rate in ticks])
    _dress(axes, "DET", "false-accept rate", "false-reject rate")


def _shade(axes: Axes, lowest: float, curves: Sequence[Curve], place: Any) -> None:
    edge = min(1.0, ENOUGH / max(one.impostors for one in curves))
    axes.axvspan(float(place(lowest)), float(place(min(edge, 0.999))), color=SHADE, zorder=0, lw=0)


def _line(axes: Axes, one: Curve, x: Numbers, y: Numbers, colour: str, label: str) -> None:
    """Dashed up to the first point that enough impostors support, solid from there."""
    first = int(np.searchsorted(one.accepted, 0, side="right")) - 1
    enough = int(np.searchsorted(one.accepted, ENOUGH))
    few = slice(first, enough + 1)
    axes.step(x[few], y[few], where="post", color=colour, lw=1.4, ls=(0, (3, 2)))
    axes.step(x[enough:], y[enough:], where="post", color=colour, lw=2.0, label=label)


def _dress(axes: Axes, title: str, x: str, y: str) -> None:
    axes.set_title(title, fontsize=13, fontweight="bold", color=INK, loc="left")
    axes.set_xlabel(x, fontsize=11.5, color=INK)
    axes.set_ylabel(y, fontsize=11.5, color=INK)
    style.bare(axes, 10)
