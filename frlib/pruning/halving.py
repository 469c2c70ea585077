"""Successive halving: at each rung only the better arms of a cell go on.

With eta = keep_one_in, E the epochs of a replicate and R the replicates, the rungs are

    first_epoch * eta^i < E           inside the first replicate
    E, 2 E, ..., (R - 1) E            the end of each but the last

At a rung an arm is compared with the arms of its cell that have reached it by then, itself
included, and goes on if it ranks within the best 1/eta of them; of fewer than eta, if none is
better. Nobody waits: the first to come goes on whatever it shows, which lets some through that
would not have been kept in the end.

After the first replicate values are means over replicates, so later rungs compare with less noise.
"""

from typing import Literal

from frlib.core.config import setting
from frlib.core.paper import Paper
from frlib.pruning._halving import Rungs, ends, rungs_inside
from frlib.pruning._rule import Design, Past, Pruning, Seen, Stop

PAPER = Paper(
    key="li2020system",
    title="Halving",
    where="algorithm 2 (ASHA), stopping instead of pausing; rungs over replicates are ours",
    url="https://arxiv.org/abs/1810.05934",
)


class Config(Pruning):
    """Where the rungs are, and how many arms they let through."""

    name: Literal["halving"] = "halving"
    first_epoch: int = setting(5, ge=1, doc="first rung", unit="epochs")
    keep_one_in: int = setting(2, ge=2, doc="reduction factor at each rung")


def measured_at(config: Config, epochs: int) -> tuple[int, ...]:
    """The rungs inside a replicate."""
    return rungs_inside(config.first_epoch, config.keep_one_in, epochs)


def build(config: Config, design: Design) -> "_Halving":
    """The rule for a study."""
    return _Halving(config, design)


class _Halving:
    def __init__(self, config: Config, design: Design) -> None:
        self._steps = (*measured_at(config, design.epochs), *ends(design))
        self._rungs = Rungs(design, config.keep_one_in, config.name)

    def enter(self, past: Past) -> None:
        self._rungs.enter(past.cell, past, self._steps)

    def judge(self, seen: Seen) -> Stop | None:
        return self._rungs.judge(seen.cell, seen, self._steps, "halving")
