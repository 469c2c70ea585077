"""Population based training: an arm of the worst share ends, and a better one's child goes on.

After every `every` epochs of the first replicate, among the n >= least arms of the cell that have
reached this epoch by then,

    k = floor(exploit * n)
    stop if the arm ranks below n - k; its child goes on as one of the best k, drawn at random

from that parent's state at this epoch, with each searched real number of the head and the optimiser
multiplied by one of `factors` or, with probability `resample`, drawn anew. The draws depend on the
seed of the search, the cell, the arm and the epoch. A child has its parent's epochs behind it and
is judged as others from there on, so settings may change several times along a line of children.

A cell makes at most `children` times as many children as arms have reached the first of these
epochs, which children never do; then arms of the worst share end with none in their place. So they
do where no such number is searched: whole numbers, which are often shapes, and all else of an arm
stay as they began.
"""

import math
from collections import defaultdict
from collections.abc import Mapping
from typing import Literal

from pydantic import model_validator

from frlib.core.config import setting
from frlib.core.paper import Paper
from frlib.core.seeds import stream
from frlib.core.space import Scalar
from frlib.pruning._changes import Explore
from frlib.pruning._rule import Child, Design, Past, Pruning, Seen, Stop
from frlib.pruning._standing import Standing

BEARS = True
"""Its stops leave children behind, which go on from what is kept at `measured_at`."""
_ROUNDING = 1e-9
PAPER = Paper(
    key="jaderberg2017population",
    title="Population",
    where="algorithm 1, with truncation selection",
    url="https://arxiv.org/abs/1711.09846",
)


class Config(Pruning):
    """When arms are compared, who is replaced, and how a child differs from its parent."""

    name: Literal["population"] = "population"
    every: int = setting(5, ge=1, doc="from one comparison to the next", unit="epochs")
    exploit: float = setting(
        0.2, gt=0, le=0.5, doc="worst share, replaced, and best share, continued"
    )
    least: int = setting(5, ge=2, doc="arms that there must be to compare with, itself included")
    factors: tuple[float, ...] = setting(
        (0.8, 1.2), min_length=1, doc="what settings are multiplied by, one at random"
    )
    resample: float = setting(0.25, ge=0, le=1, doc="probability that a setting is drawn anew")
    children: float = setting(1.0, ge=0, doc="most children of a cell, for each of its arms")

    @model_validator(mode="after")
    def _positive(self) -> "Config":
        if any(factor <= 0 for factor in self.factors):
            raise ValueError(f"factors={self.factors}: expected numbers above 0")
        return self


def measured_at(config: Config, epochs: int) -> tuple[int, ...]:
    """Every `every` epochs, before the last."""
    return tuple(range(config.every, epochs, config.every))


def build(config: Config, design: Design) -> "_Population":
    """The rule for a study."""
    return _Population(config, design)


class _Population:
    def __init__(self, config: Config, design: Design) -> None:
        self._config = config
        self._design = design
        self._explore = Explore(config.factors, config.resample)
        self._epochs = measured_at(config, design.epochs)
        self._standings: dict[tuple[str, int], Standing] = defaultdict(Standing)
        self._params: dict[tuple[str, str], Mapping[str, Scalar]] = {}
        self._children: dict[str, int] = defaultdict(int)

    def enter(self, past: Past) -> None:
        self._params[past.cell, past.arm] = past.params
        self._children[past.cell] += past.replaced
        for epoch in self._epochs:
            if epoch in past.course:
                rank = self._design.rank(past.course[epoch])
                self._standings[past.cell, epoch].add(past.arm, rank)

    def judge(self, seen: Seen) -> Stop | None:
        if seen.step not in self._epochs:
            return None
        standing = self._standings[seen.cell, seen.step]
        if seen.arm in standing:
            return None
        rank = self._design.rank(seen.value)
        standing.add(seen.arm, rank)
        self._params[seen.cell, seen.arm] = seen.params
        n, place = len(standing), standing.place(rank)
        k = math.floor(self._config.exploit * n + _ROUNDING)
        if n < self._config.least or place <= n - k or seen.protected:
            return None
        cutoff = self._design.value(standing.best(n - k)[0])
        child = self._child(seen, standing, k)
        after = f"{child.parent} goes on with {_shown(child.changes)}" if child else "no child"
        return Stop(
            rule="population",
            rung=seen.step,
            value=seen.value,
            cutoff=cutoff,
            n=n,
            message=f"population: after {seen.step} epochs it ranked {place} of {n} "
            f"({seen.value:.4f}, needed {cutoff:.4f}); {after}",
            child=child,
        )

    def _child(self, seen: Seen, standing: Standing, k: int) -> Child | None:
        begun = len(self._standings[seen.cell, self._config.every])
        if self._children[seen.cell] + 1 > self._config.children * begun:
            return None
        rng = stream(self._design.seed, "population", seen.cell, seen.arm, seen.step)
        parent = standing.best(1 + int(rng.integers(k)))[1]
        changes = self._explore(self._design.space, self._params[seen.cell, parent], rng)
        if not changes:
            return None
        self._children[seen.cell] += 1
        return Child(parent=parent, epoch=seen.step, changes=changes)


def _shown(changes: Mapping[str, Scalar]) -> str:
    return ", ".join(f"{path}={value:.4g}" for path, value in changes.items())
