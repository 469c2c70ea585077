"""Everything of a run that must survive a crash, in one place."""

from dataclasses import dataclass, field
from typing import Any

import torch
from torch import nn

from frlib.heads.head import Head
from frlib.schedules import Rule


class Trainee(nn.Module):
    """Backbone and head as one module, so that data-parallel training wraps both at once."""

    def __init__(self, backbone: nn.Module, head: Head) -> None:
        super().__init__()
        self.backbone = backbone
        self.head = head

    def forward(
        self,
        images: torch.Tensor,
        labels: torch.Tensor,
        samples: torch.Tensor,
        *,
        epoch: int,
        step: int,
        cast: Any,
    ) -> Any:
        """`HeadOutput` of a batch; the backbone runs under `cast`, the head in float32."""
        with cast():
            embeddings = self.backbone(images)
        return self.head(embeddings, labels, epoch=epoch, step=step, samples_B=samples)


@dataclass
class State:
    """Model, optimiser, schedule, and how far the run has come (`epoch`: the next one to train)."""

    trainee: Trainee
    optimiser: torch.optim.SGD
    schedule: Rule
    epoch: int = 0
    step: int = 0
    last_row: dict[str, float] = field(default_factory=dict)

    def tensors(self) -> dict[str, torch.Tensor]:
        """All tensors under flat names: `model.*` and `momentum.*`."""
        found = {f"model.{k}": v for k, v in self.trainee.state_dict().items()}
        for name, parameter in self.trainee.named_parameters():
            momentum = self.optimiser.state.get(parameter, {}).get("momentum_buffer")
            if momentum is not None:
                found[f"momentum.{name}"] = momentum
        return {name: tensor.detach().cpu().contiguous() for name, tensor in found.items()}

    def numbers(self) -> dict[str, Any]:
        """The rest, as plain JSON types."""
        return {
            "epoch": self.epoch,
            "step": self.step,
            "last_row": self.last_row,
            "schedule": self.schedule.numbers(),
        }

    def restore(self, tensors: dict[str, torch.Tensor], numbers: dict[str, Any]) -> None:
        """Continue exactly where `tensors` and `numbers` were taken."""
        part = "model."
        self.trainee.load_state_dict(
            {k.removeprefix(part): v for k, v in tensors.items() if k.startswith(part)}
        )
        for name, parameter in self.trainee.named_parameters():
            momentum = tensors.get(f"momentum.{name}")
            if momentum is not None:
                self.optimiser.state[parameter]["momentum_buffer"] = momentum.to(parameter.device)
        self.epoch, self.step = int(numbers["epoch"]), int(numbers["step"])
        self.last_row = dict(numbers["last_row"])
        self.schedule.restore(numbers.get("schedule", {}))
