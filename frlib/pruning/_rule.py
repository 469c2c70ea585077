"""What every rule is: it hears of arms as they go on, and says which one ends, and why.

An arm's *step* counts epochs over its replicates in turn; its *value* after a step is the selection
metric, averaged over the finished replicates and the running one. Arms are compared with arms of
their own cell alone. The metric is measured on held-out training people, never on a benchmark.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, Protocol

from frlib.core.config import Config
from frlib.core.space import Distribution, Scalar

Course = Mapping[int, float]
"""Step -> value, of every step an arm has done itself (a child's first steps are its parent's)."""


class Pruning(Config):
    """Base of the rules' configs."""

    name: str


@dataclass(frozen=True, kw_only=True)
class Design:
    """What a rule must know of a study. epochs: of a replicate. mode: which values are better.

    space: what may be searched in some cell, by path. seed: of the search.
    """

    epochs: int
    replicates: int
    mode: Literal["max", "min"]
    space: Mapping[str, Distribution] = field(default_factory=dict)
    seed: int = 0

    def rank(self, value: float) -> float:
        """More is better, and a value that is not a number is worst."""
        return self.value(value) if math.isfinite(value) else -math.inf

    def value(self, rank: float) -> float:
        """The value of this rank: turned round where less is better."""
        return rank if self.mode == "max" else -rank


@dataclass(frozen=True, kw_only=True)
class Past:
    """An arm on record. finals, params: as in `Seen`. replaced: a child has taken its place."""

    arm: str
    cell: str
    course: Course
    finals: tuple[float, ...]
    params: Mapping[str, Scalar] = field(default_factory=dict)
    replaced: bool = False


@dataclass(frozen=True, kw_only=True)
class Seen:
    """An arm after one more epoch.

    finals: last values of its finished replicates by their turn, the one that ends at this step
    included. protected: the cell's default, which is compared with but never stopped. params: its
    values of the searched fields, as they are at this epoch.
    """

    arm: str
    cell: str
    step: int
    value: float
    finals: tuple[float, ...]
    protected: bool
    params: Mapping[str, Scalar] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Child:
    """An arm that takes the place of a stopped one: as `parent`, with `changes` from `epoch` on."""

    parent: str
    epoch: int
    changes: Mapping[str, Scalar]


@dataclass(frozen=True, kw_only=True)
class Stop:
    """Why an arm was stopped after `rung` epochs: its value, what was needed, among how many."""

    rule: str
    rung: int
    value: float
    cutoff: float
    n: int
    message: str
    child: Child | None = None


class Rule(Protocol):
    """Keeps what it has heard in memory; a restart tells it again through `enter`.

    What it says next depends on which steps of which arms it has heard of, and not on their order.
    """

    def enter(self, past: Past) -> None:
        """Put back what an arm on record has shown, each arm once. Stops nothing."""

    def judge(self, seen: Seen) -> Stop | None:
        """Take one more epoch of an arm in, and say whether it ends there.

        Epochs of a running arm are told in order. One that was told before, by `enter` or because
        the arm goes on from an earlier checkpoint, changes nothing and stops nothing.
        """
