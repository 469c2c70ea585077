"""Signs that a run goes wrong while its numbers are still finite.

* `loss spike`: a point of the loss curve lies above the median of the `PAST` points before it by
  more than `WIDTHS` median absolute deviations, and by more than a quarter.
* `collapse`: embeddings of different images of a batch are alike: their mean cosine is above
  `ALIKE` at two points in a row.
"""

from collections import deque
from math import isfinite
from statistics import median

PAST, WIDTHS, SHARE, ALIKE = 20, 6.0, 1.25, 0.95
_FEW = 5


class Health:
    """Watches the points of a run, in order."""

    def __init__(self) -> None:
        self._losses: deque[float] = deque(maxlen=PAST)
        self._alike = 0

    def signs(self, step: int, loss: float, alike: float) -> list[tuple[str, str]]:
        """(name, message) of what a point shows. loss: mean since the last point."""
        found = []
        if len(self._losses) >= _FEW:
            usual = median(self._losses)
            width = median(abs(value - usual) for value in self._losses)
            if loss > usual + WIDTHS * width and loss > SHARE * usual:
                found.append(
                    (
                        "loss spike",
                        f"step {step}: loss {loss:.4g}, median of the {len(self._losses)} points "
                        f"before {usual:.4g}",
                    )
                )
        if isfinite(loss):
            self._losses.append(loss)
        self._alike = self._alike + 1 if alike > ALIKE else 0
        if self._alike == 2:
            found.append(
                (
                    "collapse",
                    f"step {step}: embeddings of a batch have a mean cosine of {alike:.3f}: the "
                    "network tells nobody apart. Lower optimiser.lr or the head's margin",
                )
            )
        return found
