"""Changed settings of a child: those of its parent, moved a little or drawn anew."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from frlib.core.space import Distribution, Leaf, Scalar, Uniform, walk

_CHANGEABLE = ("head.", "optimiser.")


@dataclass(frozen=True)
class Explore:
    """A value is drawn anew with probability `resample`, else multiplied by one of `factors`."""

    factors: tuple[float, ...]
    resample: float

    def __call__(
        self,
        space: Mapping[str, Distribution],
        params: Mapping[str, Scalar],
        rng: np.random.Generator,
    ) -> dict[str, Scalar]:
        """New values of what can be changed of `params`, inside of what may be searched.

        A value that a factor would not move, being 0 or at an edge, is drawn anew.
        """
        changes: dict[str, Scalar] = {}
        for path, leaf in sorted(_searched(space, params).items()):
            value = float(params[path])
            moved = min(max(value * float(rng.choice(self.factors)), leaf.low), leaf.high)
            is_drawn = rng.random() < self.resample or moved == value
            changes[path] = _draw(leaf, rng) if is_drawn else moved
        return changes


def is_changeable(path: str, leaf: Leaf) -> bool:
    """Whether a run can go on with another value: a real number of the head or the optimiser.

    Whole numbers are left alone: they are often shapes, such as the centres of a class.
    """
    return isinstance(leaf, Uniform) and path.startswith(_CHANGEABLE)


def _searched(
    space: Mapping[str, Distribution], params: Mapping[str, Scalar]
) -> dict[str, Uniform]:
    """What can be changed of `params`."""
    found: dict[str, Uniform] = {}

    def note(path: str, key: str, leaf: Leaf) -> Scalar:
        if isinstance(leaf, Uniform) and is_changeable(path, leaf):
            found[path] = leaf
        return params[path]

    walk({path: one for path, one in space.items() if path in params}, note)
    return found


def _draw(leaf: Uniform, rng: np.random.Generator) -> float:
    if leaf.log:
        drawn = math.exp(rng.uniform(math.log(leaf.low), math.log(leaf.high)))
        return min(max(drawn, leaf.low), leaf.high)
    return float(rng.uniform(leaf.low, leaf.high))
