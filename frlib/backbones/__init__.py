"""Backbones, a module each: `Config` and `build(config, size) -> nn.Module`.

A network takes float images `[B, 3, size, size]`, RGB in [-1, 1], and returns raw (not normalised)
embeddings `[B, embedding_size]`. Its weights come from torch's default generator: seed that first.
Layers that draw numbers in training are told by `frlib.parallel.draws.position` which samples they
have.
`load_public` fills a network with weights published by others, `public_shapes` says what they hold.
"""

from frlib.backbones._weights import load_public as load_public
from frlib.backbones._weights import public_shapes as public_shapes
