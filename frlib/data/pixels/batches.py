"""Batches of pixels by manifest row, wherever the pixels of each row come from."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from frlib.data import flaws
from frlib.data.flaws import Flaws


class Part(Protocol):
    """Pixels of one source."""

    def fetch(
        self, places: NDArray[np.int64], out: NDArray[np.uint8], at: NDArray[np.int64]
    ) -> None:
        """Put the pixels at `places` of this part into `out[at]`, RGB. `DataError` if it cannot."""

    def close(self) -> None:
        """Let go of threads, files and locks."""


@dataclass(frozen=True, eq=False)
class Pixels:
    """Pixels of a manifest's rows. Open it in the process that uses it; it is not for sending.

    parts: one for every source. sources, places: `[N]`, in which part each row's pixels are, and
    where in it. flaws: put into the pixels of each row; None for none. Usable as a context manager.
    """

    size: int
    parts: tuple[Part, ...]
    sources: NDArray[np.int16]
    places: NDArray[np.int64]
    flaws: Flaws | None = None

    def __len__(self) -> int:
        return len(self.places)

    def batch(
        self, rows: NDArray[np.int64], out: NDArray[np.uint8] | None = None
    ) -> NDArray[np.uint8]:
        """`[B]` rows of the manifest -> `[B, size, size, 3]` RGB, in `out` if that is given."""
        if out is None:
            out = np.empty((len(rows), self.size, self.size, 3), dtype=np.uint8)
        places, sources = self.places[rows], self.sources[rows]
        for number, part in enumerate(self.parts):
            at = np.flatnonzero(sources == number)
            if len(at):
                part.fetch(places[at], out, at)
        if self.flaws is not None:
            flaws.apply(out, self.flaws.take(rows))
        return out

    def close(self) -> None:
        """Let go of threads, files and locks; no batch can be asked for afterwards."""
        for part in self.parts:
            part.close()

    def __enter__(self) -> "Pixels":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
