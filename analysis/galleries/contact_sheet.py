"""Contact sheets: rows of faces, on the left what they are to be compared with, a caption beside.

    title
    subtitle
    heading      left heading              right heading
                 [tile] [tile] [tile]  |   [tile] [tile]     kind
                                                             caption lines

Pixels come in as arrays, so a sheet knows nothing of data sets. Written as PNG.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from analysis.galleries._text import cut, font_of, wrapped
from frlib.core import safeio
from frlib.core.errors import ConfigError

COLOURS = {
    "closed": "#c0392b",
    "asymmetric": "#b7791f",
    "open": "#6b3fa0",
    "duplicate": "#1f6fb2",
    "merged": "#0f7f7a",
    "long_tail": "#555555",
    "blur": "#2e7d32",
    "low_resolution": "#2e7d32",
    "occlusion": "#2e7d32",
    "misaligned": "#2e7d32",
}
"""Frame and caption by kind; a kind not listed is grey."""
_OTHER = "#555555"
_INK, _SOFT, _RULE, _PAPER = "#1a1a1a", "#6a6a6a", "#d5d5d5", "#ffffff"
_TILE, _GAP, _MARGIN, _MIDDLE = 96, 6, 24, 44
_FRAME = 4
_CAPTION, _BESIDE = 330, 24
_LINE = 20


@dataclass(frozen=True, kw_only=True)
class Row:
    """Tiles `[S, S, 3]` uint8 RGB: `left` to compare with, `right` framed in the kind's colour."""

    left: Sequence[NDArray[np.uint8]]
    right: Sequence[NDArray[np.uint8]]
    kind: str
    lines: Sequence[str]


@dataclass(frozen=True, kw_only=True)
class Section:
    """Rows of one kind under their headings."""

    heading: str
    left: str
    right: str
    rows: Sequence[Row]


def write(sections: Sequence[Section], title: str, subtitle: str, path: Path) -> Path:
    """Draw the sheet into a PNG file, whole or not at all; returns the path."""
    check(path)
    picture = draw(sections, title, subtitle)
    with safeio.atomic(path) as aside:
        picture.save(aside, "PNG", optimize=True)
    return path


def check(path: Path) -> None:
    """`ConfigError` if a sheet cannot be written there, before any work is done for it."""
    if path.suffix.lower() != ".png":
        raise ConfigError(f"{path}: a contact sheet is written as .png")


def draw(sections: Sequence[Section], title: str, subtitle: str) -> Image.Image:
    """The sheet as an image; as wide as its widest row asks for."""
    shown = [section for section in sections if section.rows]
    left = max((len(row.left) for one in shown for row in one.rows), default=1)
    rights = [max(len(row.right) for row in one.rows) for one in shown]
    right_x = _MARGIN + _width(left) + _MIDDLE
    width = max(right_x + _width(max(rights, default=1)) + _BESIDE + _CAPTION + _MARGIN, 760)
    title_font, font, small = font_of(24), font_of(16), font_of(14)
    subtitles = wrapped(subtitle, small, width - 2 * _MARGIN)
    row_height = _TILE + 2 * _FRAME + _GAP
    head = _MARGIN + 34 + _LINE * len(subtitles) + 8
    heights = [64 + row_height * len(one.rows) for one in shown]
    picture = Image.new("RGB", (width, head + sum(heights) + _MARGIN), _PAPER)
    pen = ImageDraw.Draw(picture)
    pen.text((_MARGIN, _MARGIN), title, _INK, title_font)
    for number, line in enumerate(subtitles):
        pen.text((_MARGIN, _MARGIN + 36 + _LINE * number), line, _SOFT, small)
    y = head
    for section, right in zip(shown, rights, strict=True):
        caption_x = right_x + _width(right) + _BESIDE
        pen.line((_MARGIN, y + 4, width - _MARGIN, y + 4), _RULE)
        pen.text((_MARGIN, y + 14), section.heading, _INK, font)
        pen.text((_MARGIN, y + 38), section.left, _SOFT, small)
        pen.text((right_x, y + 38), section.right, _SOFT, small)
        y += 64
        for row in section.rows:
            colour = COLOURS.get(row.kind, _OTHER)
            _tiles(picture, row.left, _MARGIN, y, None)
            _tiles(picture, row.right, right_x, y, colour)
            pen.text((caption_x, y + 6), row.kind.replace("_", " "), colour, font)
            room = (_TILE - 26) // _LINE + 1
            for number, line in enumerate(row.lines[:room]):
                text = cut(line, small, _CAPTION)
                pen.text((caption_x, y + 28 + _LINE * number), text, _INK, small)
            y += row_height
    return picture


def _width(tiles: int) -> int:
    return tiles * (_TILE + 2 * _FRAME + _GAP) - _GAP


def _tiles(
    picture: Image.Image, tiles: Sequence[NDArray[np.uint8]], x: int, y: int, colour: str | None
) -> None:
    pen = ImageDraw.Draw(picture)
    for tile in tiles:
        if colour:
            side = _TILE + 2 * _FRAME - 1
            pen.rectangle((x, y, x + side, y + side), fill=colour)
        shown = Image.fromarray(np.ascontiguousarray(tile))
        if shown.size != (_TILE, _TILE):
            shown = shown.resize((_TILE, _TILE), Image.Resampling.BILINEAR)
        picture.paste(shown, (x + _FRAME, y + _FRAME))
        x += _TILE + 2 * _FRAME + _GAP
