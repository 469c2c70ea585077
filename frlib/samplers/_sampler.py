"""What all samplers are told."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from frlib.core.config import Config

if TYPE_CHECKING:
    from optuna.search_space import IntersectionSearchSpace

Skill = Literal["lists", "branches", "objectives", "limits"]
"""lists: learns which of a list is good. branches: spaces that depend on what was chosen.
objectives: several at once. limits: learns from points that broke a limit."""


class Sampler(Config):
    """Base of the samplers' configs."""

    name: str


@dataclass(frozen=True, kw_only=True)
class Need:
    """What a sampler is built for.

    seed: of this proposal. study_seed: the same for all proposals of a cell. arms: how many there
    will be. has_branches: whether the space is conditional. common: parameters that all trials of
    the cell have, counted on from one proposal to the next.
    """

    seed: int
    study_seed: int
    arms: int
    has_branches: bool
    common: "IntersectionSearchSpace | None" = None


def startup(asked: int, need: Need) -> int:
    """Points drawn at random before a model is used: as asked, or a third of all, 3 to 10."""
    return asked or min(10, max(3, need.arms // 3))
