"""What a source's reader can be asked for. A ref is the number a manifest keeps for a sample."""

from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray


@runtime_checkable
class Reader(Protocol):
    """Pixels by ref, always in RGB whatever order the source stores. Safe to call from threads."""

    def images(self, refs: NDArray[np.int64], size: int) -> NDArray[np.uint8]:
        """`[n]` refs -> `[n, size, size, 3]` RGB."""
        ...


@runtime_checkable
class ByteReader(Reader, Protocol):
    """A source of encoded images: its bytes can be checked against the manifest before decoding."""

    @property
    def colour(self) -> str:
        """Channel order of the stored pixels, `RGB` or `BGR`."""
        ...

    def read(self, ref: int) -> bytes:
        """The encoded image as stored."""
        ...

    def where(self, ref: int) -> str:
        """Source and sample id, for messages."""
        ...


@runtime_checkable
class BatchReader(ByteReader, Protocol):
    """A byte reader that is faster at many refs than at one, above all if they ascend."""

    def read_many(self, refs: NDArray[np.int64]) -> list[bytes]:
        """`[n]` refs, n > 0 -> the n encoded images as stored, in the same order."""
        ...
