"""Galleries of suspected samples: the page parses and is closed in itself, the picture adds up."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from analysis.galleries import corrections
from analysis.galleries._curve import told, traced
from analysis.galleries._marks import MARKS, OUTCOMES, STROKES
from analysis.galleries._page import page
from analysis.galleries._picture import WIDTH, draw
from analysis.galleries.corrections import Card, Curve, Gallery, Section, Tile
from frlib.core.errors import ConfigError
from tests.analysis.markup import Read

RED, BLUE, GREEN = (250, 10, 10), (10, 10, 250), (10, 250, 10)
EVIL = '<b>"x"</b>&'


def _image(colour: tuple[int, int, int], side: int = 16) -> np.ndarray:
    return np.full((side, side, 3), colour, dtype=np.uint8)


def _curve(*points: tuple[int, float], of: int = 5) -> Curve:
    epochs, values = zip(*points, strict=True)
    return Curve(epochs=np.array(epochs), values=np.array(values), what="a score", of=of)


def _card(number: int = 1, name: str = "bob") -> Card:
    return Card(
        number=number,
        pixels=_image(RED),
        alt=f"suspected {name}",
        proposal=name,
        beside=[(_image(BLUE), f"image of {name}")] * 2,
        curves=[_curve((1, 0.1), (2, 0.3), (4, 0.2))],
        outcome="right",
        verdict="wrong label, right proposal",
        lines=(("given", name), ("truth", "unknown")),
    )


def _section(name: str = "ann", tiles: int = 3, cards: int = 1) -> Section:
    marks = ("flagged", "missed", "kept")
    return Section(
        name=name,
        says=f"3 images of {name}",
        counts=("3", "1"),
        tiles=[
            Tile(
                pixels=_image(GREEN),
                alt=f"tile {k} of {name}",
                mark=marks[k % 3],
                share=k / max(tiles, 1),
                number=1 if k == 0 else 0,
                outcome="right" if k == 0 else "unknown",
            )
            for k in range(tiles)
        ],
        cards=[_card(k + 1, name) for k in range(cards)],
    )


def _gallery(*sections: Section, title: str = "Title") -> Gallery:
    return Gallery(
        title=title,
        subtitle="few words",
        beside="nearest images of",
        headings=("images", "flagged"),
        caption="What is counted.",
        sections=sections,
        footer="Sent nowhere.",
        empty="Nothing is flagged.",
    )


def test_page_when_read_then_every_image_is_inside_and_has_an_alternative_text() -> None:
    images = Read(page(_gallery(_section(), _section("bob")))).of("img")
    assert len(images) == 2 * (3 + 1 + 2)
    assert all(str(one["src"]).startswith("data:image/jpeg;base64,") for one in images)
    assert {one["alt"] for one in images} >= {"tile 0 of ann", "suspected bob", "image of bob"}
    assert all(one["alt"] for one in images)


def test_page_when_read_then_nothing_is_loaded_or_run() -> None:
    text = page(_gallery(_section()))
    found = Read(text)
    assert "http:" not in text and "https:" not in text and "url(" not in text
    assert not {"script", "link", "iframe", "form"} & {tag for tag, _ in found.tags}
    (policy,) = [meta for meta in found.of("meta") if "http-equiv" in meta]
    assert str(policy["content"]).startswith("default-src 'none'")


def test_page_when_texts_hold_markup_then_escaped_everywhere() -> None:
    section = _section(EVIL)
    card = replace(
        section.cards[0],
        verdict=EVIL,
        lines=((EVIL, EVIL),),
        curves=[replace(section.cards[0].curves[0], what=EVIL, note=EVIL)],
    )
    gallery = replace(
        _gallery(replace(section, counts=(EVIL,), cards=[card]), title=EVIL),
        subtitle=EVIL,
        beside=EVIL,
        headings=(EVIL,),
        caption=EVIL,
        footer=EVIL,
    )
    text = page(gallery)
    assert "<b>" not in text
    assert Read(text).texts.count(EVIL) >= 10
    assert "<b>" not in page(replace(gallery, sections=(), empty=EVIL))


def test_page_when_read_then_links_and_labels_lead_to_ids_that_occur_once() -> None:
    found = Read(page(_gallery(_section(), _section("bob"))))
    ids = [str(a["id"]) for _, a in found.tags if "id" in a]
    assert len(ids) == len(set(ids))
    links = [str(a["href"]) for a in found.of("a")]
    assert links and all(link.startswith("#") and link[1:] in ids for link in links)
    labels = {str(a["aria-labelledby"]) for _, a in found.tags if "aria-labelledby" in a}
    assert labels <= set(ids)
    assert [tag for tag, _ in found.tags if tag in ("h1", "h2", "h3")] == [
        *("h1", "h2", "h2"),
        *("h2", "h3") * 2,
    ]


def test_page_when_read_then_the_legend_explains_every_mark_and_curves_have_words() -> None:
    text = page(_gallery(_section()))
    said = Read(text).texts
    assert set(MARKS.values()) | set(OUTCOMES.values()) <= set(said)
    assert set(STROKES) == set(OUTCOMES)
    (curve,) = [a for a in Read(text).of("svg") if a.get("role") == "img"]
    assert curve["aria-label"] == "a score: in 3 of 5 epochs, epochs 1 to 4, 0.10 to 0.20"
    assert "unknown" in said


def test_page_when_a_name_is_long_then_the_table_breaks_it_between_words() -> None:
    assert ">George_<wbr>W_<wbr>Bush</a>" in page(_gallery(_section("George_W_Bush")))


def test_page_when_nothing_is_proposed_then_said_and_no_arrow() -> None:
    card = replace(_card(), proposal="", beside=())
    text = page(_gallery(replace(_section(), cards=[card])))
    assert "No other label is proposed." in text and 'class="arrow"' not in text


def test_page_when_there_is_nothing_then_said_without_legend() -> None:
    text = page(_gallery())
    assert "Nothing is flagged." in text and "Legend" not in text
    assert Read(text).of("img") == []


def test_draw_when_tiles_and_cards_are_given_then_as_large_as_they_ask_for() -> None:
    """Head 24 + 38 + 19 + 12, legend 4 x 24 + 12, foot 10 + 19 + 24; section 62 + 118 + 12."""
    bare = draw(_gallery(_section(cards=0)))
    assert bare.size == (WIDTH, 93 + 108 + 53 + 192)
    height = bare.height
    assert draw(_gallery(_section(tiles=12, cards=0))).height == height
    assert draw(_gallery(_section(tiles=13, cards=0))).height == height + 118
    assert draw(_gallery(_section(cards=1))).height == height + 40 + 108
    assert draw(_gallery(_section(cards=3))).height == height + 40 + 3 * 108
    assert draw(_gallery(_section(cards=0), _section(cards=0))).height == height + 192


def test_draw_when_images_are_given_then_all_are_there() -> None:
    pixels = np.asarray(draw(_gallery(_section(tiles=6, cards=2))))

    def count(colour: tuple[int, int, int]) -> float:
        return float((pixels == colour).all(axis=2).sum()) / 80**2

    assert 5.5 < count(GREEN) <= 6
    assert 1.8 < count(RED) <= 2
    assert count(BLUE) == 4


def test_draw_when_there_is_nothing_then_the_words_alone() -> None:
    assert draw(_gallery()).height < 250


def test_traced_when_epochs_are_missing_then_the_line_is_broken_there() -> None:
    drawn = traced(_curve((1, 0.5), (2, 1.0), (4, -0.5)), (-0.5, 1.0), 40, 30)
    assert drawn.points == [(10, 10), (20, 0), (40, 30)]
    assert drawn.runs == [[(10, 10), (20, 0)], [(40, 30)]]
    assert drawn.zero == 20


def test_traced_when_there_is_one_epoch_then_at_the_left() -> None:
    curve = _curve((0, 0.5), of=1)
    assert traced(curve, (0, 1), 40, 30).points == [(0, 15)]
    assert told(curve) == "a score: in 1 of 1 epochs, epoch 0, 0.50"


def test_bounds_when_there_are_several_curves_then_of_all_of_that_kind_and_zero() -> None:
    low = replace(_card(), curves=[_curve((0, -0.2)), replace(_curve((0, 9.0)), what="other")])
    gallery = _gallery(_section(), replace(_section(), cards=[low]))
    assert gallery.bounds("a score") == (-0.2, 0.3)
    assert gallery.bounds("other") == (0, 9)
    assert gallery.bounds("none") == (0, 1)


def test_write_when_done_then_in_the_format_of_the_suffix_and_nothing_beside(
    tmp_path: Path,
) -> None:
    gallery = _gallery(_section())
    for name in ("a.html", "b.png"):
        assert corrections.write(gallery, tmp_path / name) == tmp_path / name
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a.html", "b.png"]
    assert (tmp_path / "a.html").read_text() == page(gallery)
    with Image.open(tmp_path / "b.png") as opened:
        assert opened.format == "PNG" and opened.width == WIDTH


def test_check_when_another_kind_of_file_then_refused() -> None:
    with pytest.raises(ConfigError, match=r"written as \.html or \.png; found '\.jpg'"):
        corrections.check(Path("gallery.jpg"))
