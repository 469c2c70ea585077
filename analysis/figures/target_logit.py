"""Target logit curves: what each head makes of the target cosine, and the slope it lets through.

A figure of one table, `frlib.heads.curves.targets`; see there for the columns. Heads with the same
curve share a line and are named together. Where more than the angle matters, a band spans the
range. A head that is new to the table finds its panel by its margin, or under "Other margins".
"""

import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.text import Text
from numpy.typing import NDArray

from analysis.figures import style
from analysis.figures.labels import Box, Place, Points, place
from analysis.figures.style import COLOURS, GREY, INK

Numbers = NDArray[np.float64]

DPI = 200
ADDED, TIMES, LENGTH, CHANCE = (
    "Additive\nto the angle, to the cosine",
    "Multiplicative\nfactor, exponent or weight",
    "Adaptive to quality\nread from the length |x|",
    "Adaptive, other sources\ndraw, hard negatives, learning",
)
OTHER = "Other\nmargins"
FAMILIES = {
    "arc": ADDED,
    "cos": ADDED,
    "combined": ADDED,
    "sphere": TIMES,
    "exp": TIMES,
    "circle": TIMES,
    "magnitude": LENGTH,
    "adaptive": LENGTH,
    "elastic": CHANCE,
    "learned": CHANCE,
}
DASHES: tuple[Any, ...] = ("-", (0, (5, 1.6)), (0, (2.2, 1.2)), (0, (6, 1.5, 1.5, 1.5)))
SMALL = 9.0
GAP = 2.0
WIDER = 1.3
LEFT, RIGHT = 0.055, 0.99
VALUES, SLOPES = (-2.65, 1.08), (-1.6, 4.2)
VALUE_JUMP, SLOPE_JUMP = (0.05, 4.0), (0.4, 12.0)
"""A line has a gap where it moves by more than the first number plus the second a radian."""


@dataclass(frozen=True)
class Curve:
    """One line of the figure: `values` and `slopes` are `[V, T]`, variants by angles."""

    titles: tuple[tuple[str, str], ...]
    margin: str
    settings: str
    variant: str
    middle: int
    theta_deg: Numbers
    values: Numbers
    slopes: Numbers

    @property
    def is_plain(self) -> bool:
        """Whether there is no margin at all."""
        cos = np.cos(np.radians(self.theta_deg))
        return np.allclose(self.values, cos) and np.allclose(self.slopes, 1)

    @property
    def family(self) -> str:
        """The panel."""
        family = FAMILIES.get(self.margin, OTHER)
        return CHANCE if self.variant and family in (ADDED, TIMES) else family

    @property
    def names(self) -> tuple[str, ...]:
        """Heads that are nothing but this target; or the first one, if none is."""
        bare = tuple(title for title, elsewhere in self.titles if not elsewhere)
        return bare or (self.titles[0][0],)

    @property
    def companions(self) -> tuple[str, ...]:
        """`+ relabel: BoundaryFace`: heads with the same target, by the slot that differs."""
        by_slot: dict[str, list[str]] = {}
        for title, elsewhere in self.titles:
            if title not in self.names:
                by_slot.setdefault(elsewhere, []).append(title)
        return tuple(f"+ {slot}: {', '.join(titles)}" for slot, titles in by_slot.items())

    def is_same(self, other: "Curve") -> bool:
        """Whether both are one line."""
        return (
            self.variant == other.variant
            and self.values.shape == other.values.shape
            and np.allclose(self.values, other.values, rtol=0, atol=1e-9)
            and np.allclose(self.slopes[:, 1:-1], other.slopes[:, 1:-1], rtol=1e-6, atol=1e-9)
        )


def curves(table: Mapping[str, NDArray[Any]]) -> list[Curve]:
    """The lines of the figure, in the order of the table."""
    found: list[Curve] = []
    for preset in dict.fromkeys(table["preset"].tolist()):
        new = _curve({key: column[table["preset"] == preset] for key, column in table.items()})
        twin = next((index for index, one in enumerate(found) if one.is_same(new)), None)
        if twin is None:
            found.append(new)
        else:
            found[twin] = replace(found[twin], titles=(*found[twin].titles, *new.titles))
    return found


def draw(table: Mapping[str, NDArray[Any]]) -> Figure:
    """The figure: a slide of 13.3 by 7.5 inches, wider with more panels."""
    lines = curves(table)
    plain = next((one for one in lines if one.is_plain), None)
    families = {
        family: [one for one in lines if one.family == family and not one.is_plain]
        for family in (ADDED, TIMES, LENGTH, CHANCE, OTHER)
    }
    families = {family: members for family, members in families.items() if members}
    ratios = (WIDER, *[1.0] * (len(families) - 1))
    width = 13.333 * max(1.0, sum(ratios) / (WIDER + 3))
    figure = Figure(figsize=(width, 7.5), dpi=100, facecolor="white")
    FigureCanvasAgg(figure)
    grid = figure.add_gridspec(
        2,
        len(families),
        left=LEFT,
        right=RIGHT,
        top=0.81,
        bottom=0.185,
        width_ratios=ratios,
        height_ratios=(2.15, 1),
        hspace=0.07,
        wspace=0.06,
    )
    for at, (family, members) in enumerate(families.items()):
        upper, lower = figure.add_subplot(grid[0, at]), figure.add_subplot(grid[1, at])
        _panel(upper, lower, members, is_first=at == 0)
        first, second = family.split("\n")
        upper.set_title(second, fontsize=11.5, color=INK, loc="left", pad=7)
        upper.text(
            0,
            1.085,
            first,
            transform=upper.transAxes,
            fontsize=13.5,
            fontweight="bold",
            color=INK,
        )
        _label(upper, members, plain if at == 0 else None)
    _words(figure, lines)
    return figure


def write(table: Mapping[str, NDArray[Any]], path: Path) -> Path:
    """Draw and write it, whole or not at all; the suffix says how. Equal tables, equal bytes."""
    style.check(path)
    return style.save(draw(table), path, DPI)


def _curve(rows: Mapping[str, NDArray[Any]]) -> Curve:
    first = {key: column[0] for key, column in rows.items()}
    theta_deg = np.unique(rows["theta_deg"])
    place_V = rows["place"].reshape(-1, len(theta_deg))[:, 0]
    return Curve(
        titles=((str(first["title"]), str(first["elsewhere"])),),
        margin=str(first["margin"]),
        settings=str(first["settings"]),
        variant=str(first["variant"]),
        middle=int(np.abs(place_V - 0.5).argmin()),
        theta_deg=theta_deg,
        values=rows["value"].reshape(-1, len(theta_deg)),
        slopes=rows["slope"].reshape(-1, len(theta_deg)),
    )


def _panel(upper: Axes, lower: Axes, members: Sequence[Curve], *, is_first: bool) -> None:
    """Values above, slopes below; the plain cosine in grey."""
    theta_deg = members[0].theta_deg
    upper.plot(theta_deg, np.cos(np.radians(theta_deg)), color=GREY, lw=1.6, zorder=2)
    lower.axhline(1, color=GREY, lw=1.6, zorder=2)
    for at, one in enumerate(members):
        for axes, data_VT, jump in (
            (upper, one.values, VALUE_JUMP),
            (lower, one.slopes, SLOPE_JUMP),
        ):
            inner = slice(None) if axes is upper else slice(1, -1)
            angles_T, inner_VT = one.theta_deg[inner], data_VT[:, inner]
            if len(inner_VT) > 1:
                low_T, high_T = inner_VT.min(0), inner_VT.max(0)
                axes.fill_between(angles_T, low_T, high_T, color=_colour(at), alpha=0.17, lw=0)
                for end_T in (inner_VT[0], inner_VT[-1]):
                    axes.plot(*_broken(angles_T, end_T, jump).T, color=_colour(at), lw=0.8)
            line_N2 = _broken(angles_T, inner_VT[one.middle], jump)
            dashes, width = DASHES[at % len(DASHES)], 3.2 if at == 0 else 2.3
            axes.plot(*line_N2.T, color=_colour(at), lw=width, ls=dashes, zorder=3 + at)
    upper.set_ylim(*VALUES)
    lower.set_ylim(*SLOPES)
    straight = [title for one in members if np.allclose(one.slopes, 1) for title in one.names]
    if straight:
        text = textwrap.fill(f"{', '.join(straight)}: slope\u00a01", 34)
        lower.text(
            0.97, 0.93, text, transform=lower.transAxes, ha="right", va="top", fontsize=SMALL
        )
    for axes in (upper, lower):
        axes.set_xlim(0, 180)
        axes.set_xticks(range(0, 181, 45))
        style.bare(axes, 11)
        axes.tick_params(labelleft=is_first)
    upper.tick_params(labelbottom=False)
    lower.set_xticklabels([f"{angle}°" for angle in range(0, 181, 45)])
    first, *_, last = lower.get_xticklabels()
    first.set_horizontalalignment("left")
    last.set_horizontalalignment("right")
    lower.set_yticks((-1, 0, 1, 2, 3, 4))
    if is_first:
        upper.set_ylabel("target logit / s", fontsize=12.5, color=INK)
        lower.set_ylabel("slope over cos θ", fontsize=12.5, color=INK)


def _label(axes: Axes, members: Sequence[Curve], plain: Curve | None) -> None:
    """Names beside the curves, joined to them by thin lines."""
    figure = axes.get_figure()
    assert isinstance(figure, Figure)
    named = [(one, _colour(at)) for at, one in enumerate(members)]
    if plain is not None:
        named.append((plain, GREY))
    texts = [_texts(axes, one, colour) for one, colour in named]
    sizes = [_size(pair) for pair in texts]
    frame = axes.get_window_extent()
    area = Box(frame.x0, frame.y0, frame.width, frame.height).grown(-4)
    lines = [_pixels(axes, one, one.values[one.middle]) for one, _ in named]
    quiet = [
        _pixels(axes, one, edge)
        for one in members
        if len(one.values) > 1
        for edge in (one.values.min(0), one.values.max(0))
    ]
    if plain is None:
        one = members[0]
        quiet.append(_pixels(axes, one, np.cos(np.radians(one.theta_deg))))
    for pair, colour, found in zip(
        texts, (c for _, c in named), place(area, sizes, lines, quiet), strict=True
    ):
        _put(axes, pair, colour, found)


def _texts(axes: Axes, one: Curve, colour: str) -> tuple[Text, Text]:
    """Name; companions, range, and where it ends if that is out of sight."""
    details = [one.variant] if one.variant else []
    end = float(one.values[one.middle, -1])
    if end < VALUES[0]:
        details.append(f"ends at {end:.1f}".replace("-", "−"))
    details += one.companions
    small = "\n".join(
        textwrap.fill(text, 27, subsequent_indent="   ", break_long_words=False) for text in details
    )
    name = "cos θ: " + ", ".join(one.names) if one.is_plain else ", ".join(one.names)
    return (
        axes.text(0, 0, name, fontsize=11.5, fontweight="bold", color=colour, zorder=20, va="top"),
        axes.text(0, 0, small, fontsize=SMALL, color=INK, zorder=20, va="top", linespacing=1.15),
    )


def _size(pair: tuple[Text, Text]) -> tuple[float, float]:
    boxes = [text.get_window_extent() for text in pair if text.get_text()]
    return max(box.width for box in boxes), sum(box.height for box in boxes) + GAP


def _put(axes: Axes, pair: tuple[Text, Text], colour: str, found: Place) -> None:
    name, small = pair
    to_axes = axes.transAxes.inverted().transform
    box, height = found.box, name.get_window_extent().height
    for text, top in ((name, box.height), (small, box.height - height - GAP)):
        text.set_transform(axes.transAxes)
        x, y = to_axes((box.left, box.bottom + top))
        text.set_position((float(x), float(y)))
    (x0, y0), (x1, y1) = to_axes(found.start), to_axes(found.end)
    axes.add_line(
        Line2D([x0, x1], [y0, y1], transform=axes.transAxes, color=colour, lw=0.9, zorder=19)
    )
    axes.plot(x1, y1, "o", transform=axes.transAxes, color=colour, ms=5, zorder=19)


def _words(figure: Figure, lines: Sequence[Curve]) -> None:
    """Title, what the axis is, notes."""
    count = sum(len(one.titles) for one in lines)
    title = f"Target logit curves of {count} heads, and the slope through which they train"
    figure.text(LEFT, 0.975, title, fontsize=18, fontweight="bold", color=INK, va="top")
    subtitle = (
        "Above: the target cosine after the margin. Below: how much of the gradient reaches the "
        "cosine (1: all of it, as without a margin)."
    )
    figure.text(LEFT, 0.914, subtitle, fontsize=12, color=INK, va="top")
    axis = "angle θ between embedding and class centre"
    figure.text((LEFT + RIGHT) / 2, 0.111, axis, ha="center", fontsize=12.5, color=INK)
    settings = [f"{', '.join(one.names)}: {_short(one.settings)}" for one in lines if one.settings]
    notes = (
        "Grey: no margin. Bands: the range named, thick line its middle. +: same target, another "
        "choice in that slot. Slopes follow the gradient convention of the released code: 1 where "
        "the margin is detached.",
        f"Defaults. {'; '.join(settings)}.",
    )
    text = "\n".join(textwrap.fill(note, 225) for note in notes)
    figure.text(LEFT, 0.094, text, fontsize=7.8, color="#555555", va="top", linespacing=1.3)


def _short(settings: str) -> str:
    for long, short in (("radian", "rad"), (" embedding length", ""), (" and cosine", "")):
        settings = settings.replace(long, short)
    return settings


def _colour(at: int) -> str:
    return COLOURS[at % len(COLOURS)]


def _pixels(axes: Axes, one: Curve, value_T: Numbers) -> Points:
    line_N2 = _broken(one.theta_deg, value_T, VALUE_JUMP)
    return np.asarray(axes.transData.transform(line_N2), dtype=np.float64)


def _broken(theta_deg: Numbers, y_T: Numbers, jump: tuple[float, float]) -> Points:
    """`[N, 2]`: a line, with a gap where it jumps."""
    most_T = jump[0] + jump[1] * np.diff(np.radians(theta_deg))
    at = np.flatnonzero(np.abs(np.diff(y_T)) > most_T) + 1
    return np.stack([np.insert(theta_deg, at, np.nan), np.insert(y_T, at, np.nan)], axis=1)
