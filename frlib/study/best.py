"""The best arm of a cell so far, by the means over the replicates that are complete."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from frlib.stats.intervals import Interval, mean_interval

Values = Mapping[str, Mapping[int, float]]
"""arm -> seed -> final value of the selection metric in that replicate."""


@dataclass(frozen=True)
class Best:
    """An arm and the mean of its complete replicates, with the 95 % interval of Student's t."""

    arm: str
    interval: Interval

    def __str__(self) -> str:
        shown = f"{self.interval.value:.4f}"
        if self.interval.n > 1:
            shown += f" ± {self.interval.half_width:.4f}"
        return f"{shown} (n = {self.interval.n})"


def best(values: Values, mode: Literal["max", "min"]) -> Best | None:
    """Of arms that have a finite mean; None where none has. It is the best so far, no verdict."""
    found = [Best(arm, mean_interval(list(own.values()))) for arm, own in values.items() if own]
    finite = [one for one in found if one.interval.value == one.interval.value]
    if not finite:
        return None
    sign = 1 if mode == "max" else -1
    return max(finite, key=lambda one: (sign * one.interval.value, one.interval.n, one.arm))
