"""The network of `vit`. Attribute names are those of published checkpoints."""

from typing import cast

import torch
from torch import nn
from torch.nn import functional
from torch.utils.checkpoint import checkpoint

from frlib.parallel.draws import Drawing, Dropout

HEADS = 8
VARIANTS = {"t": (256, 12), "s": (512, 12), "b": (512, 24), "l": (768, 24), "h": (1024, 48)}
"""Width and number of blocks."""
GROWTH = 4
STD = 0.02
EPS = 2e-5


class PatchEmbed(nn.Module):
    """Cuts images into patches and maps each to a token."""

    def __init__(self, patch: int, width: int) -> None:
        super().__init__()
        self.proj = nn.Conv2d(3, width, patch, stride=patch)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """`[B, 3, size, size]` to `[B, N, width]`, patches row by row."""
        x: torch.Tensor = self.proj(images)
        return x.flatten(2).transpose(1, 2)


class Attention(nn.Module):
    """Every token looks at all, with eight heads: softmax(q k' / sqrt(width / 8)) v, a full map."""

    def __init__(self, width: int, dropout: float) -> None:
        super().__init__()
        self.qkv = nn.Linear(width, 3 * width, bias=False)
        self.proj = nn.Linear(width, width)
        self.proj_drop = Dropout(dropout)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """`[B, N, width]`; shape stays."""
        q, k, v = self.qkv(x).unflatten(-1, (3, HEADS, -1)).permute(2, 0, 3, 1, 4)
        seen = functional.scaled_dot_product_attention(q, k, v).transpose(1, 2).flatten(2)
        y: torch.Tensor = self.proj_drop(self.proj(seen))
        return y


class Mlp(nn.Module):
    """Four times as wide inside, with ReLU6."""

    def __init__(self, width: int, dropout: float) -> None:
        super().__init__()
        self.fc1 = nn.Linear(width, GROWTH * width)
        self.drop1 = Dropout(dropout)
        self.fc2 = nn.Linear(GROWTH * width, width)
        self.drop2 = Dropout(dropout)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """`[B, N, width]`; shape stays."""
        y: torch.Tensor = self.drop2(self.fc2(self.drop1(functional.relu6(self.fc1(x)))))
        return y


class DropPath(Dropout):
    """A branch is left out of a sample with probability `p`, and grows by 1 / (1 - p) elsewhere."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """`[B, ...]` to the same shape and type."""
        if not self.training or not self.p:
            return x
        return x * super().forward(x.new_ones(len(x), *(1,) * (x.dim() - 1)))


class Block(nn.Module):
    """x + attention(LN(x)), then x + MLP(LN(x)); each branch may be dropped for a sample."""

    def __init__(self, width: int, dropout: float, drop_path: float) -> None:
        super().__init__()
        self.norm1 = nn.LayerNorm(width)
        self.attn = Attention(width, dropout)
        self.drop_path1 = DropPath(drop_path)
        self.norm2 = nn.LayerNorm(width)
        self.mlp = Mlp(width, dropout)
        self.drop_path2 = DropPath(drop_path)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """`[B, N, width]`; shape stays."""
        x = x + self.drop_path1(self.attn(self.norm1(x)))
        summed: torch.Tensor = x + self.drop_path2(self.mlp(self.norm2(x)))
        return summed


class Masking(Drawing):
    """Which tokens of each sample stay: floor(N (1 - ratio)) at random, without order."""

    def __init__(self, ratio: float) -> None:
        super().__init__()
        self.ratio = ratio

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """`[B, N, width]` to their places `[B, kept]`."""
        tokens = x.shape[1]
        drawn = self.uniform((tokens,), x)
        return drawn.argsort(dim=1, stable=True)[:, : kept_tokens(tokens, self.ratio)]


def kept_tokens(tokens: int, ratio: float) -> int:
    """How many of so many tokens a mask leaves."""
    return int(tokens * (1 - ratio))


class VisionTransformer(nn.Module):
    """`[B, 3, size, size]` to `[B, embedding_size]`; the image is `grid` patches a side.

    While training with `mask_ratio` > 0, masked tokens skip the blocks, and `mask_token` stands in
    for them before the head, which maps all tokens at once. `recompute` keeps no activations inside
    blocks for the backward pass.
    """

    def __init__(
        self, variant: str, grid: int, embedding_size: int, *,
        patch: int, dropout: float, drop_path: float, mask_ratio: float, recompute: bool,
    ) -> None:  # fmt: skip
        super().__init__()
        width, depth = VARIANTS[variant]
        tokens = grid**2
        self.recompute = recompute
        self.mask_token = nn.Parameter(torch.zeros(1, 1, width), requires_grad=mask_ratio > 0)
        self.pos_embed = nn.Parameter(torch.zeros(1, tokens, width))
        self.patch_embed = PatchEmbed(patch, width)
        self.pos_drop = Dropout(dropout)
        self.masking = Masking(mask_ratio)
        rates = torch.linspace(0, drop_path, depth, device="cpu").tolist()
        self.blocks = nn.ModuleList(Block(width, dropout, rate) for rate in rates)
        self.norm = nn.LayerNorm(width)
        self.feature = nn.Sequential(
            nn.Linear(width * tokens, width, bias=False),
            nn.BatchNorm1d(width, eps=EPS),
            nn.Linear(width, embedding_size, bias=False),
            nn.BatchNorm1d(embedding_size, eps=EPS),
        )
        nn.init.normal_(self.mask_token, std=STD)
        nn.init.trunc_normal_(self.pos_embed, std=STD)
        for layer in self.modules():
            if isinstance(layer, nn.Linear):
                nn.init.trunc_normal_(layer.weight, std=STD)
                if layer.bias is not None:
                    nn.init.zeros_(layer.bias)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Images `[B, 3, size, size]` to embeddings `[B, embedding_size]`."""
        x = self.pos_drop(self.patch_embed(images) + self.pos_embed)
        x = self._masked(x) if self.training and self.masking.ratio > 0 else self._blocks(x)
        emb_BD: torch.Tensor = self.feature(x.flatten(1))
        return emb_BD

    def _masked(self, x: torch.Tensor) -> torch.Tensor:
        places = self.masking(x).unsqueeze(-1).expand(-1, -1, x.shape[2])
        kept = self._blocks(x.gather(1, places))
        return self.mask_token.to(kept.dtype).expand(x.shape).scatter(1, places, kept)

    def _blocks(self, x: torch.Tensor) -> torch.Tensor:
        for block in self.blocks:
            if self.recompute and self.training:
                x = checkpoint(block, x, use_reentrant=False, preserve_rng_state=False)
            else:
                x = block(x)
        return cast("torch.Tensor", self.norm(x))
