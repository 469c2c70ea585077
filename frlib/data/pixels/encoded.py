"""Pixels decoded when they are asked for, by threads, straight into the batch.

For sets that no disk holds decoded: 112-pixel faces take 7 kB encoded and 38 kB decoded. The bytes
of every image are checked against the manifest the first time this process reads it. Rows come in
random order, so the source should be one with cheap random access (files, records, Arrow, zip): of
a parquet file a whole row group is read for every image that is not in the last few.
"""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
from numpy.typing import NDArray

from frlib.core.errors import DataError
from frlib.data import decode
from frlib.data.manifest import checksum
from frlib.data.reader import ByteReader, Reader

_FEWEST = 4


class Encoded:
    """Images of one source by place; a place is a position in `refs`.

    refs: `[n]` what the reader is asked for. checksums: `[n]` S32, of the stored bytes. threads:
    that decode one batch together.
    """

    def __init__(
        self,
        reader: Reader,
        refs: NDArray[np.int64],
        checksums: NDArray[np.bytes_],
        size: int,
        threads: int = 1,
    ) -> None:
        self._reader, self._refs, self._checksums = reader, refs, checksums
        self._bytes = reader if isinstance(reader, ByteReader) else None
        self._size, self._threads = size, threads
        self._checked = np.zeros(len(refs), dtype=bool)
        self._pool = ThreadPoolExecutor(threads, "decode") if threads > 1 else None

    def fetch(
        self, places: NDArray[np.int64], out: NDArray[np.uint8], at: NDArray[np.int64]
    ) -> None:
        """Decode into `out[at]`, in ascending order of ref."""
        order = np.argsort(self._refs[places], kind="stable")
        if self._pool is None or len(places) < 2 * _FEWEST:
            self._fill(places[order], out, at[order])
            return
        shares = np.array_split(order, min(self._threads, len(places) // _FEWEST))
        futures = [self._pool.submit(self._fill, places[s], out, at[s]) for s in shares]
        errors = [error for error in (future.exception() for future in futures) if error]
        if errors:
            raise errors[0]

    def close(self) -> None:
        """End the threads."""
        if self._pool is not None:
            self._pool.shutdown(cancel_futures=True)

    @property
    def colour(self) -> str:
        """Order of the stored channels, `RGB` or `BGR`; empty for a source that stores no bytes."""
        return "" if self._bytes is None else self._bytes.colour

    def encoded(self, place: int) -> bytes:
        """The stored bytes of one image, as the manifest knows them; else `DataError`."""
        reader, ref = self._bytes, int(self._refs[place])
        assert reader is not None, "only a source of encoded images has bytes"
        data = reader.read(ref)
        if not self._checked[place]:
            if checksum(data) != self._checksums[place]:
                raise DataError(
                    f"{reader.where(ref)}: its bytes changed since the source was scanned. Leave "
                    "the files alone while data is in use, then run again."
                )
            self._checked[place] = True
        return data

    def _fill(
        self, places: NDArray[np.int64], out: NDArray[np.uint8], at: NDArray[np.int64]
    ) -> None:
        reader = self._bytes
        if reader is None:
            out[at] = self._reader.images(self._refs[places], self._size)
            return
        colour = reader.colour
        for place, row in zip(places.tolist(), at.tolist(), strict=True):
            where = reader.where(int(self._refs[place]))
            decode.image(self.encoded(place), self._size, colour, where, out[row])
