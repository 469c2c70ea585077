"""Pictures inside the page, as data URIs."""

import base64
from html import escape

_TYPES = {"svg": "image/svg+xml", "png": "image/png", "jpeg": "image/jpeg"}


def embedded(data: bytes, kind: str, alt: str) -> str:
    """An image element that loads nothing."""
    return (
        f'<img alt="{escape(alt)}" '
        f'src="data:{_TYPES[kind]};base64,{base64.b64encode(data).decode()}">'
    )


def figure(title: str, picture: str, caption: str) -> str:
    """A picture with what it shows in words below it."""
    return (
        f'<figure class="drawing"><h3>{escape(title)}</h3>{picture}'
        f"<figcaption>{escape(caption)}</figcaption></figure>"
    )
