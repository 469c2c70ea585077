"""Noise in the order that the published preparation applies it: flips first, then outliers."""

from frlib.core.seeds import stream
from frlib.data.config import NoiseConfig
from frlib.data.manifest import Manifest
from frlib.data.noise import closed_flip, open_replace


def corrupt(clean: Manifest, noise: NoiseConfig, pool: Manifest | None, seed: int) -> Manifest:
    """The noisy manifest of this replicate seed, row for row aligned with `clean`.

    Both ratios are shares of the original class sizes and touch different images. The draw depends
    on the content of `clean` and `pool`, on `noise` and on `seed`, and on nothing else: every arm
    of a study gets the same. Ratios of 0 return a manifest with the digest of `clean`.
    """
    flipped = closed_flip.apply(
        clean, noise.closed, stream(seed, "noise", "closed"), clean=clean, pool=pool
    )
    return open_replace.apply(
        flipped, noise.open, stream(seed, "noise", "open"), clean=clean, pool=pool
    )
