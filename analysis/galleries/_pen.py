"""The marks of a gallery on a Pillow picture. Places are of the upper left corner, in pixels."""

from collections.abc import Sequence

import numpy as np
from PIL import Image, ImageDraw

from analysis.galleries._curve import Point, traced
from analysis.galleries._gallery import Curve, Mark, Outcome, Pixels
from analysis.galleries._marks import (
    FILL,
    FLAGGED,
    MISSED,
    OUTCOME_COLOURS,
    PAPER,
    PROPOSED,
    RULE,
    SOFT,
    STROKES,
)
from analysis.galleries._text import font_of

LINE = 19
"""Height of a line of small text."""
_SMOOTH = 4
_SMOOTHLY = Image.Resampling.LANCZOS
_DASH = 10
_FRAMES: dict[Mark, str] = {"flagged": FLAGGED, "missed": MISSED, "kept": RULE}


class Pen:
    """Draws on one picture. Curves and signs are drawn larger and scaled down, to be smooth."""

    def __init__(self, picture: Image.Image) -> None:
        self._picture = picture
        self._draw = ImageDraw.Draw(picture)
        self.small, self.tiny = font_of(14), font_of(11)

    def text(self, x: int, y: int, text: str, colour: str = SOFT, size: int = 14) -> None:
        """One line."""
        self._draw.text((x, y), text, colour, font_of(size))

    def lines(self, x: int, y: int, lines: Sequence[str], colour: str = SOFT) -> None:
        """Small text, line below line."""
        for number, line in enumerate(lines):
            self.text(x, y + LINE * number, line, colour)

    def rule(self, y: int, left: int, right: int) -> None:
        """A thin line across."""
        self._draw.line((left, y, right, y), RULE)

    def frame(self, x: int, y: int, side: int, mark: Mark, width: int) -> None:
        """A square frame, dashed for what was missed."""
        box = (x, y, x + side - 1, y + side - 1)
        self._draw.rectangle(box, FILL, PAPER if mark == "missed" else _FRAMES[mark], width)
        if mark != "missed":
            return
        edge = side - width
        dash = min(_DASH, side // 4)
        for at in range(0, side, 2 * dash):
            end = min(at + dash, side) - 1
            for across in (0, edge):
                row = (x + at, y + across, x + end, y + across + width - 1)
                column = (x + across, y + at, x + across + width - 1, y + end)
                self._draw.rectangle(row, MISSED)
                self._draw.rectangle(column, MISSED)

    def image(self, x: int, y: int, side: int, pixels: Pixels) -> None:
        """An image, scaled."""
        shown = Image.fromarray(np.ascontiguousarray(pixels))
        self._picture.paste(shown.resize((side, side), _SMOOTHLY), (x, y))

    def badge(self, x: int, y: int, text: str, mark: Mark) -> None:
        """A word on a ground of the mark's colour, 20 pixels high."""
        width = max(20, round(self.small.getlength(text)) + 10)
        self._draw.rounded_rectangle((x, y, x + width, y + 19), 3, _FRAMES[mark])
        self._draw.text((x + width / 2, y + 10), text, PAPER, self.small, anchor="mm")

    def bar(self, x: int, y: int, width: int, share: float) -> None:
        """A share of 0..1, 7 pixels high."""
        self._draw.rectangle((x, y, x + width, y + 6), FILL, RULE)
        if share > 0:
            self._draw.rectangle((x, y, x + round(width * share), y + 6), SOFT)

    def arrow(self, left: int, right: int, y: int) -> None:
        """To the right."""
        self._draw.line((left, y, right - 6, y), PROPOSED, 2)
        self._draw.polygon(((right, y), (right - 9, y - 6), (right - 9, y + 6)), PROPOSED)

    def stem(self, x: int, top: int, bottom: int) -> None:
        """A thick line down, before what is proposed."""
        self._draw.line((x, top, x, bottom), PROPOSED, 3)

    def sign(self, x: int, y: int, side: int, outcome: Outcome) -> None:
        """An outcome's sign in a disc."""
        large = side * _SMOOTH
        disc = Image.new("RGB", (large, large), OUTCOME_COLOURS[outcome])
        mask = Image.new("L", (large, large), 0)
        ImageDraw.Draw(mask).ellipse((0, 0, large - 1, large - 1), 255)
        pen = ImageDraw.Draw(disc)
        for stroke in STROKES[outcome]:
            pen.line([(a * large, b * large) for a, b in stroke], PAPER, large // 8, "curve")
        size = (side, side)
        self._picture.paste(disc.resize(size, _SMOOTHLY), (x, y), mask.resize(size, _SMOOTHLY))

    def curve(
        self, x: int, y: int, size: tuple[int, int], curve: Curve, bounds: tuple[float, float]
    ) -> None:
        """A curve in a box with its ends of value to the left and of the epochs below."""
        width, height = size
        drawn = traced(curve, bounds, width, height)
        edge = 4
        outer = (width + 2 * edge, height + 2 * edge)
        large = Image.new("RGB", (outer[0] * _SMOOTH, outer[1] * _SMOOTH), PAPER)
        pen = ImageDraw.Draw(large)

        def placed(points: Sequence[Point]) -> list[Point]:
            return [((a + edge) * _SMOOTH, (b + edge) * _SMOOTH) for a, b in points]

        pen.line(placed([(0, drawn.zero), (width, drawn.zero)]), RULE, _SMOOTH)
        pen.line(placed([(0, 0), (0, height)]), RULE, _SMOOTH)
        for run in drawn.runs:
            pen.line(placed(run), PROPOSED, 2 * _SMOOTH, "curve")
        for point in placed(drawn.points):
            pen.circle(point, 2.5 * _SMOOTH, PROPOSED)
        self._picture.paste(large.resize(outer, _SMOOTHLY), (x - edge, y - edge))
        for value, at in zip(bounds, (y + height, y), strict=True):
            self._draw.text((x - 8, at), f"{value:.2f}", SOFT, self.tiny, anchor="rm")
        self._draw.text((x, y + height + 6), "epoch 0", SOFT, self.tiny)
        right = (x + width, y + height + 6)
        self._draw.text(right, str(curve.of - 1), SOFT, self.tiny, anchor="ra")
