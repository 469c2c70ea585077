"""Multiplicative angular margin (SphereFace, SphereFace-R v1 and v2).

Slots: similarity cosine; version 1: margin sphere, logit_y = s·ψ(m·θ_y), ψ(x) = (−1)^k cos x − 2k
with k = ⌊x/π⌋; version 2: no margin, negatives shrunk, s·cos(θ_j/m) for j ≠ y (the
source has m = 1.4, s = 60 there, to be given). Slope 1 on either
side, as in the sources. Deviations: cosines are not clamped to ±(1 − 1e−5), the weight is
normalised in the formula and not overwritten.
"""

from typing import Literal

from frlib.core.config import setting
from frlib.core.paper import Paper
from frlib.core.space import Distribution, Uniform
from frlib.heads.config import HeadConfig
from frlib.heads.margins import sphere
from frlib.heads.negatives import shrunk
from frlib.heads.presets._usual import usual
from frlib.heads.slots import Slots

PAPER = Paper(
    key="liu2022spherefacer",
    title="SphereFace-R",
    where="versions 1 and 2; opensphere (ydwen), module/head/sphereface.py; ExpFace repository, "
    "losses.py",
    url="https://arxiv.org/abs/2109.05565",
)


class Config(HeadConfig):
    """Version and factor."""

    name: Literal["sphereface"] = "sphereface"
    scale: float = setting(
        32.0,
        gt=0,
        doc="logit scale s",
        source="ExpFace repository: 32; opensphere, module/head/sphereface.py: 30",
    )
    version: Literal[1, 2] = setting(
        1,
        doc="1: the target's angle grows; 2: the negatives' angles shrink",
        source="opensphere: version 1; ExpFace repository, losses.py: SphereFaceRv2",
    )
    margin: float = setting(
        1.7,
        ge=1,
        le=4,
        doc="factor m; 1.4 (with s = 60) is the source's for version 2",
        source="opensphere, module/head/sphereface.py: 1.7 with s = 30; ExpFace repository: 1.7 "
        "with s = 32, 1.4 with s = 60 for version 2",
    )


SPACE: dict[str, Distribution] = {
    "margin": Uniform(low=1.1, high=2.0),
    "scale": Uniform(low=16.0, high=64.0, log=True),
}


def label(config: Config) -> str:
    """Name in tables."""
    return PAPER.title + ("" if config.version == 1 else " v2")


def compose(config: Config) -> Slots:
    """The slots of this head."""
    if config.version == 1:
        return usual(config.scale, margin=sphere.Config(margin=config.margin))
    return usual(config.scale, negatives=shrunk.Config(margin=config.margin))
