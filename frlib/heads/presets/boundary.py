"""Label self-correction at the decision boundary (BoundaryFace; BoundaryF1 when `lam` is 0).

Slots: similarity cosine; margin arc; relabel boundary; extra term boundary_gap (absent when lam =
0). A sample that lies beyond another class's margin is handed over to that class for this step:
phi(max_{j≠y} c_j) > max(0, c_y). Then λ·mean max(0, max_{j≠y'} c_j − phi(c_y')) is added, both
sides floored at 0. Before `first_corrected_epoch` this is ArcFace. Deviations from the released
code: none in the values; epochs count from 0, ties are decided, nothing is written to files by the
head.
"""

import math
from typing import Literal

from frlib.core.config import setting
from frlib.core.paper import Paper
from frlib.core.space import Distribution, IntUniform, Uniform
from frlib.heads.config import HeadConfig
from frlib.heads.margins import arc
from frlib.heads.presets._usual import usual
from frlib.heads.relabel import boundary
from frlib.heads.slots import Slots
from frlib.heads.terms import boundary_gap

PAPER = Paper(
    key="wu2022boundaryface",
    title="BoundaryFace",
    where="BoundaryFace repository (SWJTU-3DVision), head/boundaryMargin.py; BoundaryF1: "
    "head/boundaryMargin1.py",
    url="https://arxiv.org/abs/2210.04567",
)

_SOURCE = "BoundaryFace repository, head/boundaryMargin.py"


class Config(HeadConfig):
    """Scale, margin, weight of the gap, start of the correction, and its floors."""

    name: Literal["boundary"] = "boundary"
    margin: float = setting(
        0.5,
        ge=0,
        le=1.5,
        doc="margin m; the published WebFace tables use 0.3 at 20 % and more open-set noise",
        unit="radian",
        source=f"{_SOURCE}: m",
    )
    lam: float = setting(
        math.pi,
        ge=0,
        doc="weight λ of the boundary gap; 0 is BoundaryF1",
        source=f"{_SOURCE}: π, fixed; README: tables with 0 and π",
    )
    first_corrected_epoch: int = setting(
        7,
        ge=0,
        doc="first epoch, counted from 0, that corrects labels. A head told epoch_start corrects "
        "when epoch > epoch_start: epoch_start + 1 if its epochs count from 0 (MS1M: 11), "
        "epoch_start if they count from 1 (WebFace: 7, the 8th pass)",
        unit="epoch",
        source=f"{_SOURCE}: epoch_start 7; README and training_mode/head_conf.yaml: 10",
    )
    floor_zero: bool = setting(
        True,
        doc="cosines in the flag and in the gap count as at least 0, as in the released code",
        source=f"{_SOURCE}: maxima over products with one-hot masks",
    )
    easy: bool = setting(
        False,
        doc="margin only where the cosine is positive",
        source=f"{_SOURCE}: easy_margin",
    )


SPACE: dict[str, Distribution] = {
    "margin": Uniform(low=0.2, high=0.5),
    "scale": Uniform(low=16.0, high=64.0, log=True),
    "lam": Uniform(low=0.0, high=2 * math.pi),
    "first_corrected_epoch": IntUniform(low=3, high=12),
}


def label(config: Config) -> str:
    """Name in tables: BoundaryF1, BoundaryFace (λ=π), BoundaryFace (λ=0.5, no floor)."""
    floor = [] if config.floor_zero else ["no floor"]
    if config.lam == 0:
        return "BoundaryF1" + "".join(f" ({word})" for word in floor)
    lam = "π" if math.isclose(config.lam, math.pi, rel_tol=1e-6) else f"{config.lam:g}"
    return f"{PAPER.title} ({', '.join([f'λ={lam}', *floor])})"


def compose(config: Config) -> Slots:
    """The slots of this head."""
    start = {
        "first_corrected_epoch": config.first_corrected_epoch,
        "floor_zero": config.floor_zero,
    }
    return usual(
        config.scale,
        init="xavier_uniform",
        margin=arc.Config(margin=config.margin, fallback="easy" if config.easy else "hard"),
        relabel=boundary.Config(**start),
        terms=(boundary_gap.Config(lam=config.lam, **start),) if config.lam > 0 else (),
    )
