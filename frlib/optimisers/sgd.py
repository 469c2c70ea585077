"""Stochastic gradient descent with momentum.

    v ← momentum v + g + weight_decay w             w ← w - lr v

with Nesterov w ← w - lr (g + weight_decay w + momentum v). The rate is outside of v, as in torch.
"""

from typing import TYPE_CHECKING, Any, Literal

from frlib.core.config import setting
from frlib.core.paper import Paper
from frlib.optimisers._settings import Settings

if TYPE_CHECKING:
    import torch

PAPER = Paper(
    key="sutskever2013momentum",
    title="SGD",
    where="section 2; the rate stands outside of the momentum, as in torch.optim.SGD",
    url="https://proceedings.mlr.press/v28/sutskever13.html",
)


class Config(Settings):
    """Momentum."""

    name: Literal["sgd"] = "sgd"
    momentum: float = setting(0.9, ge=0, lt=1, doc="momentum")
    nesterov: bool = setting(False, doc="Nesterov momentum (BoundaryFace trains with it)")

    @property
    def kept(self) -> tuple[str, ...]:
        """See `Settings`."""
        return ("momentum_buffer",) if self.momentum else ()

    def counted(self) -> dict[str, Any]:
        """As when there was no other optimiser."""
        fields = super().counted()
        del fields["name"]
        return fields


def build(config: Config, groups: list[dict[str, Any]]) -> "torch.optim.SGD":
    """torch's fused form over `groups`."""
    import torch

    optimiser = torch.optim.SGD(
        groups,
        lr=config.lr,
        momentum=config.momentum,
        nesterov=config.nesterov and config.momentum > 0,
        weight_decay=config.weight_decay,
        fused=True,
    )
    if config.momentum:
        for group in optimiser.param_groups:
            for parameter in group["params"]:
                optimiser.state[parameter]["momentum_buffer"] = torch.zeros_like(parameter)
    return optimiser
