"""A gallery as one picture, for slides and papers; the page says the same with more words."""

from PIL import Image

from analysis.galleries._gallery import Card, Gallery, Section, Tile
from analysis.galleries._marks import BAR, INK, MARKS, OUTCOME_COLOURS, OUTCOMES, PAPER
from analysis.galleries._pen import LINE, Pen
from analysis.galleries._text import cut, font_of, wrapped

WIDTH = 1180
_MARGIN, _TILE, _FRAME, _GAP = 24, 80, 4, 6
_SIDE = _TILE + 2 * _FRAME
_STEP = _SIDE + _GAP
_ROOM = WIDTH - 2 * _MARGIN
_PER_ROW = (_ROOM + _GAP) // _STEP
_HEADING, _COLUMNS, _LEGEND = 62, 40, 24
_STRIP, _CARD = _SIDE + 30, _SIDE + 20
_BESIDE_X, _CURVE_X, _WORDS_X = 156, 560, 800
_MOST_BESIDE = 4
_CURVE = (200, 60)


def draw(gallery: Gallery) -> Image.Image:
    """The picture, 1180 pixels wide and as high as it must be. Of a card are shown four images of
    the proposed class and the first curve."""
    small = font_of(14)
    subtitle = wrapped(gallery.subtitle, small, _ROOM)
    footer = wrapped(gallery.footer, small, _ROOM)
    legend = _MARGIN + 38 + LINE * len(subtitle) + 12
    first = legend + _LEGEND * (len(MARKS) + 1 if gallery.sections else 1) + 12
    end = first + sum(_height(section) for section in gallery.sections)
    picture = Image.new("RGB", (WIDTH, end + 10 + LINE * len(footer) + _MARGIN), PAPER)
    pen = Pen(picture)
    pen.text(_MARGIN, _MARGIN, gallery.title, INK, 24)
    pen.lines(_MARGIN, _MARGIN + 38, subtitle)
    if gallery.sections:
        _legend(pen, legend)
    else:
        pen.text(_MARGIN, legend, gallery.empty, INK)
    y = first
    for section in gallery.sections:
        _section(pen, gallery, section, y)
        y += _height(section)
    pen.rule(end, _MARGIN, WIDTH - _MARGIN)
    pen.lines(_MARGIN, end + 10, footer)
    return picture


def _legend(pen: Pen, y: int) -> None:
    middle = WIDTH // 2
    for number, (mark, says) in enumerate(MARKS.items()):
        pen.frame(_MARGIN, y + _LEGEND * number, 18, mark, 3)
        pen.text(_MARGIN + 28, y + _LEGEND * number, says, INK)
    last = y + _LEGEND * len(MARKS)
    pen.bar(_MARGIN, last + 6, 20, 0.7)
    pen.text(_MARGIN + 28, last, BAR, INK)
    for number, (outcome, says) in enumerate(OUTCOMES.items()):
        pen.sign(middle, y + _LEGEND * number, 18, outcome)
        pen.text(middle + 26, y + _LEGEND * number, says, INK)


def _section(pen: Pen, gallery: Gallery, section: Section, y: int) -> None:
    pen.rule(y, _MARGIN, WIDTH - _MARGIN)
    pen.text(_MARGIN, y + 10, cut(section.name, font_of(18), _ROOM), INK, 18)
    pen.text(_MARGIN, y + 35, cut(section.says, pen.small, _ROOM))
    y += _HEADING
    for number, tile in enumerate(section.tiles):
        row, column = divmod(number, _PER_ROW)
        _tile(pen, tile, _MARGIN + _STEP * column, y + _STRIP * row)
    y += _STRIP * _rows(section)
    if section.cards:
        _columns(pen, gallery, section, y)
        for number, card in enumerate(section.cards):
            _card(pen, gallery, card, y + _COLUMNS + _CARD * number)


def _tile(pen: Pen, tile: Tile, x: int, y: int) -> None:
    pen.frame(x, y, _SIDE, tile.mark, _FRAME)
    pen.image(x + _FRAME, y + _FRAME, _TILE, tile.pixels)
    if tile.number:
        pen.badge(x, y, str(tile.number), "flagged")
    if tile.mark == "missed":
        pen.badge(x, y + _SIDE - 20, "missed", "missed")
    elif tile.outcome != "unknown":
        pen.sign(x + _SIDE - 20, y + _SIDE - 20, 20, tile.outcome)
    pen.bar(x, y + _SIDE + 8, 50, tile.share)
    pen.text(x + 56, y + _SIDE + 2, f"{tile.share:.2f}")


def _columns(pen: Pen, gallery: Gallery, section: Section, y: int) -> None:
    """What is in which column of the cards below, in two lines at most."""
    proposal = f"{gallery.beside} the proposed class"
    heads = (
        (_MARGIN, "flagged"),
        (_BESIDE_X, proposal if any(card.proposal for card in section.cards) else ""),
        (_CURVE_X, next((card.curves[0].what for card in section.cards if card.curves), "")),
        (_WORDS_X, "truth"),
    )
    ends = (*(x for x, _ in heads[1:]), WIDTH)
    for (x, text), end in zip(heads, ends, strict=True):
        lines = wrapped(text, pen.small, end - x - 20)[:2]
        pen.lines(x, y + LINE * (2 - len(lines)) - 6, lines)


def _card(pen: Pen, gallery: Gallery, card: Card, y: int) -> None:
    pen.frame(_MARGIN, y, _SIDE, "flagged", _FRAME)
    pen.image(_MARGIN + _FRAME, y + _FRAME, _TILE, card.pixels)
    pen.badge(_MARGIN, y, str(card.number), "flagged")
    if card.proposal:
        pen.arrow(_MARGIN + _SIDE + 8, _BESIDE_X - 14, y + _SIDE // 2)
        pen.stem(_BESIDE_X - 6, y, y + _SIDE - 1)
    for number, (pixels, _) in enumerate(card.beside[:_MOST_BESIDE]):
        pen.image(_BESIDE_X + (_TILE + _GAP) * number, y + _FRAME, _TILE, pixels)
    if card.curves:
        curve = card.curves[0]
        pen.curve(_CURVE_X, y + 6, _CURVE, curve, gallery.bounds(curve.what))
    width = WIDTH - _MARGIN - _WORDS_X
    pen.sign(_WORDS_X, y, 18, card.outcome)
    verdict = cut(card.verdict, pen.small, width - 26)
    pen.text(_WORDS_X + 26, y, verdict, OUTCOME_COLOURS[card.outcome])
    told = [cut(f"{term}  {text}", pen.small, width) for term, text in card.lines]
    pen.lines(_WORDS_X, y + LINE + 2, told[: _SIDE // LINE - 1], INK)


def _rows(section: Section) -> int:
    return -(-len(section.tiles) // _PER_ROW)


def _height(section: Section) -> int:
    cards = _COLUMNS + _CARD * len(section.cards) if section.cards else 0
    return _HEADING + _STRIP * _rows(section) + cards + 12
