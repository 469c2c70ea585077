"""Reads HTML in tests: tags with attributes, ids, texts; every tag must be closed by its own."""

from html.parser import HTMLParser

_VOID = {"meta", "img", "wbr", "link", "br"}
_DRAWN = {"polyline", "circle", "line", "path"}


class Read(HTMLParser):
    """A page. tags: in order. texts: what stands between them."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []
        self._open: list[str] = []
        self.feed(text)
        self.close()
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in _VOID:
            self._open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag in _DRAWN, tag
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.texts.append(data)

    def of(self, tag: str) -> list[dict[str, str | None]]:
        """Attributes of every tag of that name."""
        return [attributes for name, attributes in self.tags if name == tag]

    @property
    def ids(self) -> list[str]:
        """In order, as often as they stand there."""
        return [found for _, one in self.tags if (found := one.get("id"))]
