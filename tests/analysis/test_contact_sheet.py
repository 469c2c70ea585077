"""Contact sheets: where tiles are, in which colour, and what is refused."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from analysis.galleries import contact_sheet
from analysis.galleries.contact_sheet import COLOURS, Row, Section
from frlib.core.errors import ConfigError

RED, BLUE = (250, 10, 10), (10, 10, 250)


def _tile(colour: tuple[int, int, int], side: int = 32) -> np.ndarray:
    return np.full((side, side, 3), colour, dtype=np.uint8)


def _section(kind: str = "closed", left: int = 2, right: int = 1, rows: int = 2) -> Section:
    row = Row(left=[_tile(RED)] * left, right=[_tile(BLUE)] * right, kind=kind, lines=("given  a",))
    return Section(heading="Heading", left="before", right="after", rows=[row] * rows)


def _count(picture: Image.Image, colour: tuple[int, int, int]) -> int:
    return int((np.asarray(picture) == colour).all(axis=2).sum())


def test_draw_when_tiles_are_given_then_all_are_there_left_before_right() -> None:
    picture = contact_sheet.draw([_section()], "Title", "subtitle")
    assert _count(picture, RED) == 4 * 96 * 96
    assert _count(picture, BLUE) == 2 * 96 * 96
    pixels = np.asarray(picture)
    reds, blues = ((pixels == colour).all(axis=2).any(axis=0) for colour in (RED, BLUE))
    assert np.flatnonzero(reds).max() < np.flatnonzero(blues).min()


@pytest.mark.parametrize("kind", ["closed", "open", "merged", "blur"])
def test_draw_when_of_a_kind_then_the_right_tiles_are_framed_in_its_colour(kind: str) -> None:
    picture = contact_sheet.draw([_section(kind, right=2, rows=1)], "", "")
    colour = tuple(int(COLOURS[kind][i : i + 2], 16) for i in (1, 3, 5))
    assert _count(picture, colour) >= 2 * (104**2 - 96**2)


def test_draw_when_tiles_have_another_size_then_scaled() -> None:
    row = Row(left=[_tile(RED, 112), _tile(RED, 7)], right=[], kind="new_kind", lines=())
    section = Section(heading="", left="", right="", rows=[row])
    assert _count(contact_sheet.draw([section], "", ""), RED) == 2 * 96 * 96


def test_draw_when_a_section_is_wider_then_the_sheet_is() -> None:
    narrow, wide = (contact_sheet.draw([_section(left=n)], "", "").width for n in (1, 6))
    assert wide > narrow


def test_draw_when_a_caption_is_long_then_cut_inside_the_sheet() -> None:
    row = Row(left=[_tile(RED)], right=[_tile(BLUE)], kind="open", lines=("x" * 300,))
    section = Section(heading="", left="", right="", rows=[row])
    pixels = np.asarray(contact_sheet.draw([section], "", ""))
    assert (pixels[:, -20:] == 255).all() or (pixels[:, -20:] == 213).any()
    assert (pixels[100:, -20:] == 255).all()


def test_draw_when_there_is_nothing_then_the_title_alone() -> None:
    empty = Section(heading="Heading", left="", right="", rows=[])
    assert contact_sheet.draw([empty], "Title", "none").height < 150


def test_write_when_done_then_a_png_and_nothing_beside_it(tmp_path: Path) -> None:
    path = contact_sheet.write([_section()], "Title", "words " * 80, tmp_path / "sheet.png")
    with Image.open(path) as opened:
        assert opened.format == "PNG"
    assert [p.name for p in tmp_path.iterdir()] == ["sheet.png"]


def test_check_when_another_kind_of_file_then_refused() -> None:
    with pytest.raises(ConfigError, match=r"written as \.png"):
        contact_sheet.check(Path("sheet.jpg"))
