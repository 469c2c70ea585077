"""How arms are found inside a cell."""

from typing import TYPE_CHECKING

from pydantic import Field

from frlib.core import discover
from frlib.core.config import Choice, Config, setting
from frlib.core.space import Branches, OneOf, Space, leaves
from frlib.study.selection import Selection

if TYPE_CHECKING:
    from frlib import samplers

    Sampler = samplers.Sampler
else:
    Sampler = Choice["frlib.samplers"]


class Limits(Config):
    """What no run may exceed; 0 means no limit. An arm that does is stopped, and it is said why.

    Memory is foreseen before an arm starts, time from its first epochs.
    """

    memory_gib: float = setting(0.0, ge=0, doc="of one worker", unit="GiB")
    seconds: float = setting(0.0, ge=0, doc="of one run, where it runs", unit="s")

    @property
    def any(self) -> bool:
        """Whether there is one."""
        return bool(self.memory_gib or self.seconds)


class Search(Config):
    """How many arms a cell may try, and who proposes them. The first is the cell's default.

    warm_start: recorded studies of the same store. Their arms that are arms of a cell here are
    taken over, records and all; of others that lie in the cell's space and agree with it on the
    axes, the best `warm_points` are tried first.
    """

    arms_per_cell: int = setting(1, ge=1, doc="arms tried in each cell; 1: the default only")
    sampler: Sampler = Field("tpe", validate_default=True)
    seed: int = setting(0, doc="seed of the sampler")
    warm_start: tuple[str, ...] = setting((), doc="earlier studies to begin with")
    warm_points: int = setting(3, ge=0, doc="of each, points tried first in a cell")
    limits: Limits = Limits()

    def check(self, space: Space, selection: Selection) -> None:
        """`ValueError` where the sampler cannot do what is asked of it."""
        if self.arms_per_cell == 1:
            return
        wanted = {
            "branches": any(isinstance(d, Branches) for d in space.values()),
            "objectives": bool(selection.against),
            "limits": self.limits.any,
        }
        handled = discover.load("frlib.samplers", self.sampler.name).HANDLES
        if not any(not isinstance(leaf, OneOf) for _, _, leaf in leaves(space)):
            wanted["lists"] = bool(space)
        lacking = [
            skill for skill, is_wanted in wanted.items() if is_wanted and skill not in handled
        ]
        if lacking:
            raise ValueError(
                f"search.sampler={self.sampler.name} does not handle {', '.join(lacking)}, which "
                f"this study needs; {', '.join(_able(wanted))} do"
            )


def _able(wanted: dict[str, bool]) -> list[str]:
    needed = {skill for skill, is_wanted in wanted.items() if is_wanted}
    return [
        name
        for name in discover.choices("frlib.samplers")
        if needed <= discover.load("frlib.samplers", name).HANDLES
    ]
