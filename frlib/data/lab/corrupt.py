"""Noise put into a manifest: the steps of a configuration, one after the other."""

from dataclasses import replace

from frlib.core.seeds import stream
from frlib.data.lab import realised
from frlib.data.lab.config import NoiseConfig, modules
from frlib.data.manifest import Manifest


def corrupt(clean: Manifest, noise: NoiseConfig, pool: Manifest | None, seed: int) -> Manifest:
    """The noisy manifest of this replicate seed.

    The draw depends on the content of `clean`, of `pool` and of the files that `noise` names, on
    `noise` and on `seed`, and on nothing else: every arm of a study gets the same, and a step draws
    the same whatever the others are. Without active steps the manifest has the digest of `clean`.
    """
    return corrupted(clean, noise, pool, seed)[0]


def corrupted(
    clean: Manifest, noise: NoiseConfig, pool: Manifest | None, seed: int
) -> tuple[Manifest, Manifest]:
    """(noisy, reference): the reference is `clean` after reshaping, row for row the noisy samples.

    Ratios of flips and flaws are shares of its class sizes. `facts["noise"]["summary"]` of the
    noisy manifest counts what all steps came to.
    """
    noisy = reference = clean
    known = modules()
    for name in noise.active:
        noisy = known[name].apply(
            noisy, noise.step(name), stream(seed, "noise", name), clean=reference, pool=pool
        )
        if known[name].STAGE == "reshaping":
            reference = noisy
    if noise.active:
        about = noisy.facts["noise"] | {"summary": realised.summary(noisy, reference)}
        noisy = replace(noisy, facts=noisy.facts | {"noise": about})
    return noisy, reference
