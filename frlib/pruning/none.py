"""Every arm runs to its end."""

from typing import Literal

from frlib.core.paper import Paper
from frlib.pruning._rule import Design, Past, Pruning, Seen

PAPER = Paper(
    key="jamieson2016nonstochastic",
    title="None",
    where="the uniform allocation that successive halving is compared with",
    url="https://arxiv.org/abs/1502.07943",
)


class Config(Pruning):
    """Nothing to set."""

    name: Literal["none"] = "none"


def measured_at(config: Config, epochs: int) -> tuple[int, ...]:
    """Nowhere: nothing is compared."""
    return ()


def build(config: Config, design: Design) -> "_None":
    """The rule that stops nothing."""
    return _None()


class _None:
    def enter(self, past: Past) -> None:
        pass

    def judge(self, seen: Seen) -> None:
        return None
