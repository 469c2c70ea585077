"""Every point of a grid, in a seeded order: the search that leaves nothing to chance but its order.

Real numbers need a number of points. `search.arms_per_cell` limits how many are tried.
"""

from typing import Literal

from frlib.core.config import setting
from frlib.core.paper import Paper
from frlib.core.seeds import stream
from frlib.core.space import Scalar, Space, grid
from frlib.samplers._sampler import Sampler, Skill

PAPER = Paper(key="", title="Full grid", where="the definition", url="")
HANDLES: frozenset[Skill] = frozenset({"lists", "branches", "objectives", "limits"})


class Config(Sampler):
    """How fine a grid."""

    name: Literal["grid"] = "grid"
    points: int = setting(5, ge=1, doc="values of a number that has more (a list is taken whole)")


def points(config: Config, space: Space, seed: int) -> list[dict[str, Scalar]]:
    """All points, in an order that the seed decides."""
    every = grid(space, config.points)
    return [every[int(i)] for i in stream(seed, "grid").permutation(len(every))]
