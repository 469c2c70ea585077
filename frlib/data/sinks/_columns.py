"""Images as Arrow record batches of `image`, `identity`, `path`."""

from collections.abc import Callable

import pyarrow as pa

from frlib.data.sink import Item

SCHEMA = pa.schema(
    [
        pa.field("image", pa.binary(), nullable=False),
        pa.field("identity", pa.string(), nullable=False),
        pa.field("path", pa.string(), nullable=False),
    ]
)
_MOST_BYTES = 256 << 20


class Columns:
    """Collects images and hands on a batch at `rows` images or 256 MiB, whichever comes first."""

    def __init__(self, rows: int, write: Callable[[pa.RecordBatch], None]) -> None:
        self._rows, self._write = rows, write
        self._clear()

    def _clear(self) -> None:
        self._images: list[bytes] = []
        self._identities: list[str] = []
        self._paths: list[str] = []
        self._bytes = 0

    def add(self, item: Item) -> None:
        """One more image."""
        self._images.append(item.data)
        self._identities.append(item.identity)
        self._paths.append(item.id)
        self._bytes += len(item.data)
        if len(self._images) == self._rows or self._bytes >= _MOST_BYTES:
            self.flush()

    def flush(self) -> None:
        """Hand on what is left."""
        if self._images:
            columns = [
                pa.array(self._images, pa.binary()),
                pa.array(self._identities, pa.string()),
                pa.array(self._paths, pa.string()),
            ]
            self._write(pa.record_batch(columns, schema=SCHEMA))
            self._clear()
