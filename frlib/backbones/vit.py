"""Vision transformers in the form face recognition trains them: vit_t to vit_h.

Patches of 9 pixels become tokens with learned places; blocks of attention and ReLU6 MLPs, each
after a layer norm, follow; the head maps all tokens at once: full connection, BN, full connection,
BN. There is no class token.

Parameter names and shapes are those of insightface's arcface_torch, so its published weights load
with `frlib.backbones.load_public` (trained at 112 pixels, 512 dimensions). As there, the widths and
depths are 256 x 12 (t), 512 x 12 (s), 512 x 24 (b), 768 x 24 (l) and 1024 x 48 (h), with 8 heads;
112 pixels make 12 x 12 patches, and the last 4 of each row and column are not read. Its
configurations by name, with `drop_path` and `mask_ratio`:

    vit_t, vit_s, vit_b                           0.1     0.1
    vit_h                                         0.1     0
    vit_t_dp005_mask0, vit_s_dp005_mask_0         0.05    0
    vit_b_dp005_mask_005, vit_l_dp005_mask_005    0.05    0.05

Deviations from that code:

* `mask_ratio` is the part of the tokens that is masked. There it only switches masking on, and 0.1
  are masked whatever it says: set 0.1 to train as it does with 0.05.
* It casts to float16 inside blocks on its own; here precision is the trainer's alone, and the
  softmax and the head, which it keeps in float32, are computed in the trainer's type too.
* What is dropped and masked depends on seed, step and place in the global batch, not on workers
  (`frlib.parallel.draws`). Attention weights are not dropped; no configuration there does it.
* At `mask_ratio` 0 the unused `mask_token` is not trained, so weight decay leaves it alone.

Other input sizes than 112 are offered where `patch` divides them; they change the shapes of
`pos_embed` and of the first connection of the head.
"""

from typing import TYPE_CHECKING, Literal

from frlib.core.config import Config as _Config
from frlib.core.config import place, setting
from frlib.core.errors import ConfigError
from frlib.core.paper import Paper

if TYPE_CHECKING:
    from torch import nn

PAPER = Paper(
    key="dosovitskiy2021vit",
    title="ViT",
    where="section 3.1; insightface, recognition/arcface_torch/backbones/vit.py",
    url="https://arxiv.org/abs/2010.11929",
)

_PUBLISHED = (112, 9)
_SOURCE = "arcface_torch, backbones/__init__.py"


class Config(_Config):
    """Which of the networks, what is dropped while training, and the size of the embedding."""

    name: Literal["vit"] = "vit"
    embedding_size: int = setting(512, ge=1, doc="length of the embedding")
    variant: Literal["t", "s", "b", "l", "h"] = setting("t", doc="width and depth, by name")
    patch: int = setting(9, ge=1, doc="side of a patch", unit="pixels", source=_SOURCE)
    drop_path: float = setting(
        0.05,
        ge=0,
        lt=1,
        doc="chance that a sample skips a branch of the last block; linear from 0 in the first",
        source=_SOURCE,
    )
    mask_ratio: float = setting(
        0.0, ge=0, lt=1, doc="part of the tokens masked in training", source=_SOURCE
    )
    dropout: float = setting(
        0.0, ge=0, lt=1, doc="dropout of tokens and branches", source="arcface_torch: 0"
    )
    recompute: bool = place(
        False, doc="run blocks again in the backward pass: less memory, more time, same result"
    )


def build(config: Config, size: int) -> "nn.Module":
    """The network for images of `size` pixels.

    `ConfigError` unless `patch` divides `size` (or they are the published 9 and 112), and if
    `mask_ratio` leaves no token.
    """
    grid = _grid(size, config.patch)
    from frlib.backbones._vit_net import VisionTransformer, kept_tokens

    if not kept_tokens(grid**2, config.mask_ratio):
        raise ConfigError(
            f"mask_ratio={config.mask_ratio}: leaves none of the {grid**2} tokens that patch="
            f"{config.patch} makes of size={size}. Lower it, or make the patches smaller."
        )
    return VisionTransformer(
        config.variant,
        grid,
        config.embedding_size,
        patch=config.patch,
        dropout=config.dropout,
        drop_path=config.drop_path,
        mask_ratio=config.mask_ratio,
        recompute=config.recompute,
    )


def _grid(size: int, patch: int) -> int:
    """Patches a side."""
    if size < patch or (size % patch and (size, patch) != _PUBLISHED):
        nearest = max(1, round(size / patch)) * patch
        raise ConfigError(
            f"size={size}: vit with patch={patch} cuts its input into patches of {patch} pixels a "
            f"side. Set the size to a multiple of {patch}, for example {nearest}, or choose "
            "another patch (the published networks have size 112 and patch 9)."
        )
    return size // patch
