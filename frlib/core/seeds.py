"""One run seed, many independent named streams.

A stream depends on (seed, names) alone: never on the order of draws elsewhere, on the number of
workers, or on the platform's hash. Names in use: "noise", "holdout", "init", "order", "flip",
"crop", "colour", "pairs", "search", "synth", "head", "check", "identification",
"own_outliers", "bootstrap", "megaface", "draws", "checks", "glance", "population", "gallery",
"tail", "stages", "backfill", "old_features", "compat".
"""

import hashlib

import numpy as np


def _entropy(seed: int, names: tuple[str | int, ...]) -> int:
    text = "\x1f".join([str(seed), *(str(n) for n in names)])
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:16], "little")


def stream(seed: int, *names: str | int) -> np.random.Generator:
    """A numpy generator for this seed and name."""
    return np.random.Generator(np.random.PCG64(_entropy(seed, names)))


def torch_seed(seed: int, *names: str | int) -> int:
    """A 63-bit seed for `torch.Generator.manual_seed`."""
    return _entropy(seed, names) >> 65
