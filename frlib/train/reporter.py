"""How a run tells its surroundings that an epoch is over. Ray's forms live in `frlib.rayrun`."""

from collections.abc import Mapping
from typing import Protocol


class Reporter(Protocol):
    """Called on every worker at the end of every epoch, equally often."""

    def __call__(self, row: Mapping[str, float]) -> None:
        """Take one row of named numbers; `epoch` is always among them."""


def silent(row: Mapping[str, float]) -> None:
    """The reporter of a run nobody listens to."""
