"""Adam with decoupled weight decay.

    m ← β1 m + (1 - β1) g        v ← β2 v + (1 - β2) g²
    w ← (1 - lr weight_decay) w - lr (m / (1 - β1^t)) / (sqrt(v / (1 - β2^t)) + eps)

insightface trains its vision transformers with it (lr 0.001, weight_decay 0.1). Class centres that
take no part in a step keep m and v, but t counts all steps.
"""

from typing import TYPE_CHECKING, Any, Literal

from frlib.core.config import setting
from frlib.core.paper import Paper
from frlib.optimisers._settings import Settings

if TYPE_CHECKING:
    import torch

PAPER = Paper(
    key="loshchilov2019adamw",
    title="AdamW",
    where="algorithm 2",
    url="https://arxiv.org/abs/1711.05101",
)


class Config(Settings):
    """Rates of the moments."""

    name: Literal["adamw"] = "adamw"
    lr: float = setting(0.001, gt=0, doc="base learning rate")
    weight_decay: float = setting(
        0.1,
        ge=0,
        doc="decoupled weight decay, backbone and head",
        source="insightface, recognition/arcface_torch/configs/wf42m_pfc03_40epoch_8gpu_vit_*.py",
    )
    beta1: float = setting(0.9, ge=0, lt=1, doc="rate of the mean of gradients")
    beta2: float = setting(0.999, ge=0, lt=1, doc="rate of the mean of their squares")
    eps: float = setting(1e-8, gt=0, doc="added to the root")

    @property
    def kept(self) -> tuple[str, ...]:
        """See `Settings`."""
        return ("step", "exp_avg", "exp_avg_sq")


def build(config: Config, groups: list[dict[str, Any]]) -> "torch.optim.AdamW":
    """torch's fused form over `groups`."""
    import torch

    optimiser = torch.optim.AdamW(
        groups,
        lr=config.lr,
        betas=(config.beta1, config.beta2),
        eps=config.eps,
        weight_decay=config.weight_decay,
        fused=True,
    )
    for group in optimiser.param_groups:
        for parameter in group["params"]:
            optimiser.state[parameter] |= {
                "step": torch.zeros((), dtype=torch.float32, device=parameter.device),
                "exp_avg": torch.zeros_like(parameter),
                "exp_avg_sq": torch.zeros_like(parameter),
            }
    return optimiser
