"""What is refused of a zip archive: damage, and what could harm whoever reads it.

Paths that leave their folder, encryption, sizes that no image has or that deflate cannot reach,
members that share bytes, names that occur twice.
"""

import re

import numpy as np
from numpy.typing import NDArray

from frlib.core.errors import DataError
from frlib.data.storage.places import Place

LARGEST = 64 << 20
"""Bytes an image may have when unpacked."""
_MOST_RATIO = 1032
"""Deflate cannot do better (zlib, "Maximum Compression Factor")."""
STORED, DEFLATED = 0, 8
_ENCRYPTED = 0x2041
_LOCAL = 30
"""Bytes of a member's header before its name."""
_UNSAFE = re.compile(r"(?:^|/)\.\.(?:/|$)|^/|//|\\|^[A-Za-z]:|[\x00-\x1f]")
_CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f]")
_SIGNS = ("\\", ":", "..", "//", "\n/", "\n\n")
"""One of these is in whatever `_UNSAFE` finds, if names stand in lines of their own."""


def damaged(place: Place, found: str, expected: str) -> DataError:
    """The error for bytes that are no zip archive."""
    return DataError(
        f"zip_shards: {place}: found {found}; expected {expected}. The archive is damaged or cut "
        "short: copy it again."
    )


def refuse_names(names: list[str], place: Place) -> None:
    """`DataError` for a path that is not plain and relative, and for one that occurs twice."""
    unsafe = _unsafe(names)
    if unsafe:
        raise _refused(
            place, "is no plain relative path", unsafe, "expected names such as identity/image.jpg"
        )
    if len(set(names)) != len(names):
        seen: set[str] = set()
        twice = [name for name in names if name in seen or seen.add(name)]  # type: ignore[func-returns-value]
        raise _refused(place, "occurs twice", twice, "expected one member of a name")


def refuse_overlap(
    columns: dict[str, NDArray[np.int64]], names: list[str], end: int, place: Place
) -> None:
    """`DataError` for a member that reaches into the next one, or the last into the directory."""
    order = np.argsort(columns["offset"], kind="stable")
    starts = columns["offset"][order]
    ends = starts + _LOCAL + columns["name"][order] + columns["stored"][order]
    over = np.flatnonzero(ends > np.append(starts[1:], end))
    if len(over):
        shared = [names[order[row]] for row in over.tolist()]
        raise _refused(place, "reaches into what follows it", shared, "expected bytes of its own")


def refuse_harm(
    entries: NDArray[np.void],
    columns: dict[str, NDArray[np.int64]],
    names: list[str],
    place: Place,
) -> None:
    """`DataError` for images that are encrypted, empty, or not what they could be."""
    size, stored, method = columns["size"], columns["stored"], entries["method"]
    inflated = (method == STORED) & (size != stored)
    inflated |= (method == DEFLATED) & (size > _MOST_RATIO * stored)
    rules = (
        ((entries["flags"] & _ENCRYPTED) != 0, "is encrypted", "expected plain members"),
        (
            (method != STORED) & (method != DEFLATED),
            "is compressed by an unknown method",
            "expected stored or deflated members",
        ),
        (size == 0, "has 0 bytes", "expected an image"),
        (
            size > LARGEST,
            "claims more bytes than any face image has",
            f"expected at most {LARGEST:,}",
        ),
        (
            inflated,
            "claims more bytes than its compressed ones can hold",
            f"expected at most {_MOST_RATIO} for one",
        ),
        (entries["disk"] != 0, "lies in another volume", "expected an archive in one file"),
    )
    for broken, what, why in rules:
        if broken.any():
            raise _refused(place, what, [names[row] for row in np.flatnonzero(broken)], why)


def _unsafe(names: list[str]) -> list[str]:
    """Names that are no plain relative path: looked for in all at once, then one by one."""
    joined = "\n".join(["", *names, ""])
    plain = joined.count("\n") == len(names) + 1 and not _CONTROL.search(joined)
    if plain and not any(sign in joined for sign in _SIGNS):
        return []
    return [name for name in names if not name or _UNSAFE.search(name)]


def _refused(place: Place, what: str, names: list[str], why: str) -> DataError:
    more = f" ({len(names):,} such members)" if len(names) > 1 else ""
    return DataError(
        f"zip_shards: {place}: {names[0]!r} {what}{more}; {why}. Do not use an archive of "
        "unknown origin, or make it again without these members."
    )
