"""A model of timm under a head of this project: the network of `timm`."""

from typing import Any

import torch
from torch import nn

from frlib.backbones._layers import fixed_scale_batchnorm
from frlib.core.errors import ConfigError


class Adapted(nn.Module):
    """`body`, which gives `[B, width]`; then a full connection and BN to the embedding.

    `lacks`: why the body does not have the weights it should start from, if so. It then computes
    nothing until a state dict was loaded.
    """

    def __init__(self, body: nn.Module, width: int, embedding_size: int, lacks: str) -> None:
        super().__init__()
        self.body = body
        self.fc = nn.Linear(width, embedding_size)
        self.features = fixed_scale_batchnorm(embedding_size)
        self._lacks = lacks
        self.register_load_state_dict_post_hook(_filled)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Images `[B, 3, size, size]` to embeddings `[B, embedding_size]`."""
        if self._lacks:
            raise ConfigError(self._lacks)
        emb_BD: torch.Tensor = self.features(self.fc(self.body(images)))
        return emb_BD


def _filled(net: Adapted, _: Any) -> None:
    net._lacks = ""
