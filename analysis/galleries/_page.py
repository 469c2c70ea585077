"""A gallery as one HTML page that needs nothing else: pictures inside, no script, no network."""

import base64
import io
from html import escape

import numpy as np
from PIL import Image

from analysis.galleries._curve import told, traced
from analysis.galleries._gallery import Card, Curve, Gallery, Outcome, Pixels, Section, Tile
from analysis.galleries._marks import BAR, MARKS, OUTCOMES, STROKES
from analysis.galleries._page_style import STYLE

_QUALITY = 88
_POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"
_CURVE = (220.0, 56.0)


def page(gallery: Gallery) -> str:
    """The page. Every text of the gallery is escaped."""
    sections = "\n".join(
        _section(gallery, section, number) for number, section in enumerate(gallery.sections, 1)
    )
    body = f"{_legend()}\n{_table(gallery)}\n{sections}" if sections else _said(gallery.empty)
    return f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="{_POLICY}">
<title>{escape(gallery.title)}</title>
<style>{STYLE}</style>
</head>
<body>
<header>
<h1>{escape(gallery.title)}</h1>
<p class="sub">{escape(gallery.subtitle)}</p>
</header>
<main>
{body}
</main>
<footer>{_said(gallery.footer)}</footer>
</body>
</html>
"""


def _said(text: str) -> str:
    return f"<p>{escape(text)}</p>"


def _breakable(name: str) -> str:
    """A name that may go on in the next line where its words end."""
    return escape(name).replace("_", "_<wbr>")


def _legend() -> str:
    marks = "".join(
        f'<li><span class="swatch {mark}" aria-hidden="true"></span>{escape(says)}</li>'
        for mark, says in MARKS.items()
    )
    outcomes = "".join(
        f"<li>{_sign(outcome)}{escape(says)}</li>" for outcome, says in OUTCOMES.items()
    )
    bar = '<span class="bar" aria-hidden="true"><i style="width:70%"></i></span>'
    return (
        f'<section class="legend" aria-labelledby="legend"><h2 id="legend">Legend</h2>'
        f"<ul>{marks}<li>{bar}{escape(BAR)}</li></ul><ul>{outcomes}</ul></section>"
    )


def _table(gallery: Gallery) -> str:
    heads = "".join(f'<th scope="col">{escape(heading)}</th>' for heading in gallery.headings)
    rows = "".join(
        f'<tr><th scope="row"><a href="#class-{number}">{_breakable(section.name)}</a></th>'
        + "".join(f"<td>{escape(count)}</td>" for count in section.counts)
        + "</tr>"
        for number, section in enumerate(gallery.sections, 1)
    )
    return (
        '<section aria-labelledby="classes"><h2 id="classes">Classes on this page</h2>'
        '<div class="wide" role="region" aria-labelledby="classes" tabindex="0"><table>'
        f"<caption>{escape(gallery.caption)}</caption>"
        f'<thead><tr><th scope="col">class</th>{heads}</tr></thead>'
        f"<tbody>{rows}</tbody></table></div></section>"
    )


def _section(gallery: Gallery, section: Section, number: int) -> str:
    tiles = "".join(_tile(tile, number) for tile in section.tiles)
    cards = "".join(_card(gallery, card, number) for card in section.cards)
    entries = f'<div class="cards">{cards}</div>' if cards else ""
    return (
        f'<section class="class" aria-labelledby="class-{number}">'
        f'<h2 id="class-{number}">{escape(section.name)}</h2>'
        f'<p class="sub">{escape(section.says)}</p>'
        f'<ol class="strip">{tiles}</ol>{entries}</section>'
    )


def _tile(tile: Tile, section: int) -> str:
    picture = _picture(tile.pixels, tile.alt)
    sign = _sign(tile.outcome) if tile.outcome != "unknown" else ""
    if tile.mark == "missed":
        sign = '<span class="tag" aria-hidden="true">missed</span>'
    frame = f'<span class="frame {tile.mark}">{picture}{sign}</span>'
    if tile.number:
        badge = f'<span class="badge" aria-hidden="true">{tile.number}</span>'
        frame = (
            f'<a href="#card-{section}-{tile.number}"><span class="frame {tile.mark}">'
            f"{picture}{badge}{sign}</span></a>"
        )
    width = f"{100 * tile.share:.0f}%"
    bar = f'<span class="bar" aria-hidden="true"><i style="width:{width}"></i></span>'
    share = f'<span class="share">{tile.share:.2f}</span>'
    return f'<li>{frame}<div class="measure">{bar}{share}</div></li>'


def _card(gallery: Gallery, card: Card, section: int) -> str:
    name = f"card-{section}-{card.number}"
    beside = "".join(_picture(pixels, alt) for pixels, alt in card.beside)
    proposal = (
        '<span class="arrow" aria-hidden="true"></span>'
        f'<figure class="beside"><div>{beside}</div><figcaption>{escape(gallery.beside)} '
        f"<strong>{escape(card.proposal)}</strong></figcaption></figure>"
        if card.proposal
        else '<p class="none">No other label is proposed.</p>'
    )
    terms = "".join(f"<dt>{escape(term)}</dt><dd>{escape(text)}</dd>" for term, text in card.lines)
    curves = "".join(_curve(curve, gallery.bounds(curve.what)) for curve in card.curves)
    picture = _picture(card.pixels, card.alt)
    return f"""
<article id="{name}" class="card" aria-labelledby="{name}-title">
<h3 id="{name}-title"><span class="badge">{card.number}</span>
<span class="verdict {card.outcome}">{_sign(card.outcome)}{escape(card.verdict)}</span></h3>
<div class="compare"><figure class="one"><span class="frame flagged">{picture}</span>
<figcaption>this image</figcaption></figure>
{proposal}</div>
<dl>{terms}</dl>{curves}
</article>"""


def _curve(curve: Curve, bounds: tuple[float, float]) -> str:
    width, height = _CURVE
    drawn = traced(curve, bounds, width, height)
    lines = "".join(
        f'<polyline points="{" ".join(f"{x:.1f},{y:.1f}" for x, y in run)}"/>'
        for run in drawn.runs
        if len(run) > 1
    )
    dots = "".join(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="2.4"/>' for x, y in drawn.points)
    low, high = bounds
    note = f' <span class="note">{escape(curve.note)}</span>' if curve.note else ""
    return (
        '<figure class="curve">'
        f'<svg role="img" aria-label="{escape(told(curve))}" viewBox="-36 -8 266 88">'
        f'<line class="zero" x1="0" x2="{width}" y1="{drawn.zero:.1f}" y2="{drawn.zero:.1f}"/>'
        f'<line class="axis" x1="0" x2="0" y1="0" y2="{height}"/>{lines}{dots}'
        f'<text class="y" x="-5" y="4">{high:.2f}</text>'
        f'<text class="y" x="-5" y="{height + 4}">{low:.2f}</text>'
        f'<text x="0" y="{height + 18}">epoch 0</text>'
        f'<text class="y" x="{width}" y="{height + 18}">{curve.of - 1}</text></svg>'
        f"<figcaption>{escape(curve.what)}, in {len(curve.epochs)} of {curve.of} epochs{note}"
        "</figcaption></figure>"
    )


def _sign(outcome: Outcome) -> str:
    lines = "".join(
        f'<polyline points="{" ".join(f"{24 * x:.1f},{24 * y:.1f}" for x, y in stroke)}"/>'
        for stroke in STROKES[outcome]
    )
    return f'<svg class="sign {outcome}" viewBox="0 0 24 24" aria-hidden="true">{lines}</svg>'


def _picture(pixels: Pixels, alt: str) -> str:
    image = Image.fromarray(np.ascontiguousarray(pixels))
    stored = io.BytesIO()
    image.save(stored, "JPEG", quality=_QUALITY, subsampling=0)
    data = base64.b64encode(stored.getvalue()).decode()
    return (
        f'<img src="data:image/jpeg;base64,{data}" width="{image.width}" height="{image.height}" '
        f'alt="{escape(alt)}">'
    )
