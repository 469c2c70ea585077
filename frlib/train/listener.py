"""Who is told what happens inside an epoch. Called on every worker alike."""

from collections.abc import Mapping
from typing import Protocol


class Listener(Protocol):
    """Records, for one."""

    def point(self, row: Mapping[str, float], *, epoch: int, step: int) -> None:
        """A point of the run's curves, every `log_every` steps."""
        ...

    def event(self, name: str, message: str) -> None:
        """Something that a reader of this run should know."""
        ...


class Deaf:
    """Nobody."""

    def point(self, row: Mapping[str, float], *, epoch: int, step: int) -> None:
        """Nothing."""

    def event(self, name: str, message: str) -> None:
        """Nothing."""
