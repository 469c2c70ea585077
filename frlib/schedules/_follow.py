"""Either kind of rule as one object, so that the training loop has one way to run it."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import ModuleType
from typing import Any, Protocol

from frlib.core import discover


class Named(Protocol):
    """A schedule's config; `name` says which module it is of."""

    @property
    def name(self) -> str:
        """Module name of the rule."""
        ...


class Rule(Protocol):
    """A rule in one run.

    Before it asks for the factor of step i, the loop has handed in the losses of steps 0 .. i - 2
    at least, in order and each once. That of step i - 1 may be on its way: it has no influence.
    """

    @property
    def observes(self) -> bool:
        """Whether the losses are wanted; if not, nobody gathers them."""
        ...

    def factor(self, step: int) -> float:
        """Factor of the base rate for 0-based optimiser step `step`."""
        ...

    def observe(self, loss: float) -> None:
        """Take the loss of the next step, the mean over the whole batch of all workers."""
        ...

    def numbers(self) -> dict[str, float | int]:
        """All that a checkpoint must keep, as plain JSON types."""
        ...

    def restore(self, numbers: Mapping[str, Any]) -> None:
        """Go on exactly where `numbers` was taken."""
        ...


@dataclass(frozen=True)
class Plain:
    """A rule whose factor depends on the step alone: it observes and keeps nothing."""

    module: ModuleType
    total_steps: int
    steps_per_epoch: int
    config: Named
    observes: bool = False

    def factor(self, step: int) -> float:
        """What the module says."""
        return float(self.module.factor(step, self.total_steps, self.steps_per_epoch, self.config))

    def observe(self, loss: float) -> None:
        """Nothing to learn from it."""

    def numbers(self) -> dict[str, float | int]:
        """None."""
        return {}

    def restore(self, numbers: Mapping[str, Any]) -> None:
        """Nothing to go back to."""


def follow(total_steps: int, steps_per_epoch: int, config: Named) -> Rule:
    """The rule that `config` names, at the start of a run of `total_steps` steps."""
    module = discover.load("frlib.schedules", config.name)
    if hasattr(module, "follow"):
        rule: Rule = module.follow(total_steps, steps_per_epoch, config)
        return rule
    return Plain(module, total_steps, steps_per_epoch, config)
