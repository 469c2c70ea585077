"""What was done to the pixels of samples: kind, strength and a seed for each row."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class Flaws:
    """kinds: `[N]` int8, 0: untouched. strengths: `[N]` float32. seeds: `[N]` uint32."""

    kinds: NDArray[np.int8]
    strengths: NDArray[np.float32]
    seeds: NDArray[np.uint32]

    def __len__(self) -> int:
        return len(self.kinds)

    def take(self, rows: NDArray[np.int64]) -> "Flaws":
        """The flaws of these rows."""
        return Flaws(self.kinds[rows], self.strengths[rows], self.seeds[rows])

    def digested(self) -> bytes:
        """Bytes that are equal for equal flaws, whatever the machine."""
        return b"".join(
            np.ascontiguousarray(column, dtype=column.dtype.newbyteorder("<")).tobytes()
            for column in (self.kinds, self.strengths, self.seeds)
        )
