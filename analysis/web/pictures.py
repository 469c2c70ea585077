"""Pictures inside the page, as data URIs."""

import base64
from html import escape

from analysis.web.markup import scrolled

_TYPES = {"svg": "image/svg+xml", "png": "image/png", "jpeg": "image/jpeg"}


def embedded(data: bytes, kind: str, alt: str) -> str:
    """An image element that loads nothing."""
    return (
        f'<img alt="{escape(alt)}" '
        f'src="data:{_TYPES[kind]};base64,{base64.b64encode(data).decode()}">'
    )


def figure(name: str, title: str, picture: str, caption: str) -> str:
    """A picture with what it shows in words below it; it scrolls by itself on a phone."""
    return (
        f'<figure class="drawing"><h3 id="{name}">{escape(title)}</h3>{scrolled(name, picture)}'
        f"<figcaption>{escape(caption)}</figcaption></figure>"
    )
