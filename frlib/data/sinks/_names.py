"""Names of files and folders from ids and identities: safe anywhere, and never two alike.

Characters that a path cannot hold or that would lead elsewhere (`/`, `\\`, `:`, a leading dot,
control characters, blanks at either end) are written as `%` and the hexadecimal digits of their
UTF-8 bytes. Other names, of whatever script, stay as they are.
"""

import re
from collections.abc import Collection, Sequence

from frlib.core.errors import DataError
from frlib.data.sink import Item, Mark, Outline
from frlib.data.sources.image_folder import SUFFIXES

_PLAIN = re.compile(r"[A-Za-z0-9_-](?:[A-Za-z0-9_. #()+,=@~-]*[A-Za-z0-9_.#()+,=@~-])?")
_LONGEST = 255
_SIGNATURES = (
    (b"\xff\xd8\xff", ".jpg"),
    (b"\x89PNG\r\n\x1a\n", ".png"),
    (b"BM", ".bmp"),
)


def safe(text: str, what: str) -> str:
    """`text` as one component of a path; `what` starts the message if it can be none."""
    if len(text) <= _LONGEST and _PLAIN.fullmatch(text):
        return text
    last = len(text) - 1
    name = "".join(
        char if _stays(char, place, last) else _escaped(char) for place, char in enumerate(text)
    )
    size = len(name.encode(errors="surrogatepass"))
    if not name or size > _LONGEST:
        raise DataError(
            f"{what}: {text[:80]!r} gives a name of {size} bytes; expected 1 to {_LONGEST}. "
            "Rename it in the source, or write a format without files of that name (parquet)."
        )
    return name


def stored_names(identities: Sequence[str]) -> tuple[str, ...]:
    """Every identity as the name of a folder; `DataError` if two give the same."""
    names = tuple(safe(name, "identity") for name in identities)
    require_distinct(identities, names)
    return names


def require_distinct(identities: Sequence[str], names: Sequence[str]) -> None:
    """`DataError` that names two identities which would be stored under one name."""
    first: dict[str, str] = {}
    for identity, name in zip(identities, names, strict=True):
        if first.setdefault(name, identity) != identity:
            raise DataError(
                f"identities {first[name]!r} and {identity!r} would both be stored as {name!r}; "
                "expected a name each. Rename one in the source."
            )


def suffix_of(data: bytes, what: str) -> str:
    """The suffix for these bytes; `DataError` for a format that no folder is read with."""
    for signature, suffix in _SIGNATURES:
        if data.startswith(signature):
            return suffix
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return ".webp"
    raise DataError(
        f"{what} starts with {data[:8].hex(' ')} and its id has no suffix; expected JPEG, PNG, BMP "
        "or WebP. Is it an image? Repair or remove it in the source."
    )


class Names:
    """`folder/file` of every image in turn. `whole`: the file is named by the whole id.

    Otherwise by the last component of the id. `suffixes`: the suffix of the image's format is
    appended to a name without one. Images come class by class: only the files of the class at hand
    are remembered.
    """

    def __init__(
        self, outline: Outline, mark: Mark | None, *, whole: bool = False, suffixes: bool = True
    ) -> None:
        self._folders = stored_names(outline.identities)
        self._whole, self._suffixes = whole, suffixes
        self._label = mark["label"] if mark else -1
        self._files: set[str] = set(mark["files"]) if mark else set()

    def mark(self) -> Mark:
        """What `__init__` goes on from."""
        return {"label": self._label, "files": sorted(self._files)}

    def of(self, item: Item) -> tuple[str, str]:
        """Folder and file; `DataError` if the identity has such a file already."""
        if item.label != self._label:
            self._label, self._files = item.label, set()
        file = self._file(item)
        if file in self._files:
            raise DataError(
                f"image {item.id!r}: identity {item.identity!r} has a file {file!r} already; "
                "expected a name each. Name files by the whole id: --set to.files=id"
            )
        self._files.add(file)
        return self._folders[item.label], file

    def _file(self, item: Item) -> str:
        text = item.id if self._whole else item.id.rpartition("/")[2]
        name = safe(text, f"image {item.id!r}")
        if not self._suffixes or _has_suffix(name, SUFFIXES):
            return name
        return safe(name + suffix_of(item.data, f"image {item.id!r}"), f"image {item.id!r}")


def _has_suffix(name: str, known: Collection[str]) -> bool:
    stem, dot, end = name.rpartition(".")
    return bool(stem and dot) and f".{end.lower()}" in known


def _stays(char: str, place: int, last: int) -> bool:
    if char in "/\\:" or not char.isprintable():
        return False
    if char == ".":
        return place > 0
    return not char.isspace() or 0 < place < last


def _escaped(char: str) -> str:
    return "".join(f"%{byte:02X}" for byte in char.encode(errors="surrogatepass"))
