"""What a study tells its audience while it runs, and how the audience asks it to stop."""

from collections.abc import Mapping
from typing import Protocol

from frlib.core.space import Scalar


class Watcher(Protocol):
    """Called in the driver."""

    def began(self, arm: str, cell: Mapping[str, Scalar], params: Mapping[str, Scalar]) -> None:
        """An arm has started, or goes on; `params`: its values of the searched fields."""

    def epoch(
        self, arm: str, cell: Mapping[str, Scalar], step: int, value: float, seed: int
    ) -> None:
        """An arm has done `step` epochs over its replicates; `value`: its selection metric."""

    def ended(
        self, arm: str, cell: Mapping[str, Scalar], status: str, message: str, value: float
    ) -> None:
        """An arm is over: `complete`, `stopped`, `failed`, or `unfinished` for the next run."""

    def stopping(self) -> bool:
        """Whether to stop: no arm is begun, and every running one ends after its next epoch.

        Such an arm has no verdict and keeps its checkpoints. Cheap: it is asked at every result.
        """
