"""Hyperband, asynchronous: brackets of halving that begin at different rungs.

Halving must be told how early an arm may be judged; Hyperband tries several answers side by side.
With eta = keep_one_in and rungs r_0 < ... < r_(m-1) inside the first replicate (those of halving),
bracket j = 0 ... m compares its arms at r_j, ..., r_(m-1) and at the ends of replicates. The last
bracket judges nobody before the first replicate is done.

    arms in bracket j, in proportion:   ceil((m + 1) / (m - j + 1) * eta^(m - j))

These are the shares that give each bracket about the same epochs. An arm's bracket follows from its
digest alone, so a restart gives the same one; shares hold on average and not to the arm. Arms are
compared with those of their own cell and bracket: a cell needs a few dozen of them.
"""

import hashlib
from typing import Literal

from frlib.core.config import setting
from frlib.core.paper import Paper
from frlib.pruning._halving import Rungs, ends, rungs_inside
from frlib.pruning._rule import Design, Past, Pruning, Seen, Stop

PAPER = Paper(
    key="li2018hyperband",
    title="Hyperband",
    where="algorithm 1 for brackets and their sizes; asynchronous as in Li et al., MLSys 2020",
    url="https://jmlr.org/papers/v18/16-558.html",
)


class Config(Pruning):
    """The rungs of the bracket that begins first; the others leave some of them out."""

    name: Literal["hyperband"] = "hyperband"
    first_epoch: int = setting(1, ge=1, doc="first rung of the first bracket", unit="epochs")
    keep_one_in: int = setting(
        3,
        ge=2,
        doc="reduction factor at each rung",
        source="Li et al., JMLR 2018: 3 or 4",
    )


def measured_at(config: Config, epochs: int) -> tuple[int, ...]:
    """The rungs inside a replicate, of all brackets."""
    return rungs_inside(config.first_epoch, config.keep_one_in, epochs)


def shares(rungs: int, keep_one_in: int) -> tuple[int, ...]:
    """Of every so many arms, how many are in each bracket; `rungs` inside the first replicate."""
    most = [(rungs + 1, left) for left in range(rungs, -1, -1)]
    return tuple(-(-total * keep_one_in**left // (left + 1)) for total, left in most)


def bracket(arm: str, shares: tuple[int, ...]) -> int:
    """Which bracket an arm is in, by its digest."""
    at = int.from_bytes(hashlib.sha256(arm.encode()).digest()[:8], "big") % sum(shares)
    number = 0
    while at >= shares[number]:
        at -= shares[number]
        number += 1
    return number


def build(config: Config, design: Design) -> "_Hyperband":
    """The rule for a study."""
    return _Hyperband(config, design)


class _Hyperband:
    def __init__(self, config: Config, design: Design) -> None:
        inside = measured_at(config, design.epochs)
        self._shares = shares(len(inside), config.keep_one_in)
        self._steps = [(*inside[j:], *ends(design)) for j in range(len(inside) + 1)]
        self._rungs = Rungs(design, config.keep_one_in, config.name)

    def enter(self, past: Past) -> None:
        j = bracket(past.arm, self._shares)
        self._rungs.enter((past.cell, j), past, self._steps[j])

    def judge(self, seen: Seen) -> Stop | None:
        j = bracket(seen.arm, self._shares)
        label = f"hyperband, bracket {j}"
        return self._rungs.judge((seen.cell, j), seen, self._steps[j], label)
