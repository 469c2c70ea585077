"""Backbones, a module each: `Config` and `build(config, size) -> nn.Module`.

A network takes float images `[B, 3, size, size]`, RGB in [-1, 1], and returns raw (not normalised)
embeddings `[B, embedding_size]`. Its weights are drawn from torch's default generator: seed it first.
A module whose name starts with an underscore is no choice; `load_public` reads weights of others.
"""

from frlib.backbones._weights import load_public as load_public
