"""Texts in pictures: the font, and what fits into a width."""

from typing import Any

from PIL import ImageFont


def font_of(size: int) -> Any:
    """Pillow's own font; it knows Latin letters."""
    return ImageFont.load_default(size)


def wrapped(text: str, font: Any, width: int) -> list[str]:
    """The text in lines of at most `width` pixels, broken between words."""
    lines: list[str] = []
    for word in text.split():
        if lines and font.getlength(f"{lines[-1]} {word}") <= width:
            lines[-1] += f" {word}"
        else:
            lines.append(word)
    return lines


def cut(text: str, font: Any, width: int) -> str:
    """The text, or as much of its two ends as fits with dots between."""
    if font.getlength(text) <= width:
        return text
    kept = len(text) - 1
    while kept > 2 and font.getlength(_ends(text, kept)) > width:
        kept -= 1
    return _ends(text, kept)


def _ends(text: str, kept: int) -> str:
    tail = kept // 3
    return f"{text[: kept - tail]}...{text[len(text) - tail :]}"
