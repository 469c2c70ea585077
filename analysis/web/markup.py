"""Pieces of HTML that all sections share. Texts are plain; they are escaped here."""

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from html import escape
from typing import Any

SHORT = 90
"""Letters of a value before the rest is folded away."""


def section(name: str, title: str, *parts: str) -> str:
    """A landmark with its heading; `name` is what links lead to."""
    body = "\n".join(part for part in parts if part)
    return (
        f'<section id="{name}" aria-labelledby="{name}-title">'
        f'<h2 id="{name}-title">{escape(title)}</h2>\n{body}</section>'
    )


def said(text: str, kind: str = "") -> str:
    """A paragraph."""
    return f'<p class="{kind}">{escape(text)}</p>' if kind else f"<p>{escape(text)}</p>"


def prose(text: str) -> str:
    """Paragraphs whose lines are joined; what is laid out by hand (indented, lists) stays so."""
    return "\n".join(
        f"<pre>{escape(one)}</pre>"
        if any(line.startswith(("* ", " ")) for line in one.splitlines())
        else f"<p>{_coded(' '.join(one.split()))}</p>"
        for one in text.strip("\n").split("\n\n")
        if one.strip()
    )


def _coded(text: str) -> str:
    """What stands between backticks is code."""
    return re.sub("`([^`]+)`", r"<code>\1</code>", escape(text))


def terms(pairs: Iterable[tuple[str, str]]) -> str:
    """A list of names and what they are; the second is HTML."""
    rows = "".join(f"<dt>{escape(name)}</dt><dd>{body}</dd>" for name, body in pairs if body)
    return f"<dl>{rows}</dl>" if rows else ""


def grid(
    name: str, caption: str, heads: Sequence[str], rows: Iterable[Sequence[str]], kind: str = ""
) -> str:
    """A table of HTML entries; the first of a row names it. It scrolls by itself where it is wide.

    kind: `sortable` lets a reader order its rows.
    """
    head = "".join(f'<th scope="col">{escape(one)}</th>' for one in heads)
    body = "\n".join(
        f'<tr><th scope="row">{first}</th>{"".join(f"<td>{one}</td>" for one in rest)}</tr>'
        for first, *rest in rows
    )
    return scrolled(
        name,
        f'<table class="{kind}"><caption id="{name}">{escape(caption)}</caption>'
        f"<thead><tr>{head}</tr></thead>\n<tbody>\n{body}\n</tbody></table>",
    )


def scrolled(label: str, body: str) -> str:
    """A region that scrolls sideways, with the keyboard too; `label`: id of what names it."""
    return f'<div class="wide" role="region" aria-labelledby="{label}" tabindex="0">{body}</div>'


def folded(summary: str, body: str, name: str = "") -> str:
    """Shut until it is opened; `summary` is HTML."""
    tag = f'<details id="{name}">' if name else "<details>"
    return f"{tag}<summary>{summary}</summary>\n{body}</details>"


def command(text: str) -> str:
    """What to type."""
    return f'<pre class="command"><code>{escape(text)}</code></pre>'


def valued(value: Any) -> str:
    """A value of a configuration; a long one is folded."""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    shown = f"<code>{breakable(text)}</code>"
    if len(text) <= SHORT:
        return shown
    named = f"{value['name']}, " if isinstance(value, dict) and "name" in value else ""
    return folded(escape(f"{named}{len(text):,} letters"), shown)


def breakable(text: str) -> str:
    """A name or path that may go on in the next line after its dots, slashes and underscores."""
    shown = escape(text)
    for mark in "/_.":
        shown = shown.replace(mark, f"{mark}<wbr>")
    return shown


def leaves(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """(`a.b`, value) of every leaf of plain JSON types; a list is a leaf."""
    if not isinstance(value, dict) or not value:
        yield path, value
        return
    for key, inside in value.items():
        yield from leaves(inside, f"{path}.{key}" if path else str(key))
