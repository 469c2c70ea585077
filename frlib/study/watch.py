"""What a study tells its audience while it runs."""

from collections.abc import Mapping
from typing import Protocol

from frlib.core.space import Scalar


class Watcher(Protocol):
    """Called in the driver."""

    def epoch(
        self, arm: str, cell: Mapping[str, Scalar], step: int, value: float, seed: int
    ) -> None:
        """An arm has done `step` epochs over its replicates; `value`: its selection metric."""

    def ended(
        self, arm: str, cell: Mapping[str, Scalar], status: str, message: str, value: float
    ) -> None:
        """An arm is over: `complete`, `stopped`, `failed`, or `unfinished` for the next run."""
