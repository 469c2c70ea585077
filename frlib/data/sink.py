"""What a written format is: images go in one by one, in order, and survive a kill.

A sink builds a set in a folder of its own. `commit` puts on disk what was added so far and gives a
mark in plain JSON types; a sink opened anew with that mark forgets whatever was written after it
and goes on, so that the files at the end are the same bytes as without the interruption.
"""

from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

Mark = dict[str, Any]
"""Where to go on. `rows`: how many images, from the first, are safe and need not be added again."""


class Item(NamedTuple):
    """One image as it is stored: `label` is the place of `identity` in the outline."""

    id: str
    identity: str
    label: int
    data: bytes


@dataclass(frozen=True, kw_only=True, eq=False)
class Outline:
    """What will be added, in order of (label, id).

    identities: C names, a class may be without images. class_sizes: `[C]` images each.
    """

    identities: tuple[str, ...]
    class_sizes: NDArray[np.int64]

    @property
    def num_images(self) -> int:
        """Images of all classes."""
        return int(self.class_sizes.sum())


class Sink(Protocol):
    """A set that is being written."""

    def add(self, item: Item) -> None:
        """One more image; `DataError` if the format cannot hold it."""
        ...

    def commit(self) -> Mark:
        """Everything up to `mark["rows"]` is on disk: flushed, and never written again."""
        ...

    def finish(self) -> None:
        """Write what stands at the end, and everything to disk; nothing is added after it."""
        ...

    def close(self) -> None:
        """Let go of the files: the last call, also after an error, when the rest may be lost."""
        ...
