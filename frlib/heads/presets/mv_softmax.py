"""Mis-classified vectors (MV-Softmax), with a fixed or an adaptive weight.

Slots: similarity cosine; margin arc or cos; negatives mv_fixed or mv_adaptive.

* `mode = "fixed"` is MV-Arc-Softmax of the BoundaryFace tables: margin arc (hard); negatives at or
  above the margin-ed target are raised by `t_weight`, then every cosine is clamped to [−1, 1].
* `mode = "adaptive"` is the paper's form, as in FaceX-Zoo (whose s = 32, m = 0.35 must be given):
  negatives above the margin's plain formula become w·c + w − 1, and the target has its margin only
  where it is large (arc: c > 0; cos: c > m).

The two differ in mask, weight, fallback and clamp.
"""

from typing import Literal

from pydantic import model_validator

from frlib.core.config import setting
from frlib.core.paper import Paper
from frlib.core.space import Distribution, Uniform
from frlib.heads.config import HeadConfig
from frlib.heads.margins import arc, cos
from frlib.heads.negatives import mv_adaptive, mv_fixed
from frlib.heads.presets._usual import usual
from frlib.heads.slots import InitRule, Slots

PAPER = Paper(
    key="wang2020mvsoftmax",
    title="MV-Arc-Softmax",
    where="fixed weights as in the BoundaryFace repository, head/ms_origin_margin.py; adaptive "
    "ones: equations 6 to 9 and FaceX-Zoo, head/MV_Softmax.py",
    url="https://arxiv.org/abs/1912.00833",
)

_FIXED = "BoundaryFace repository, head/ms_origin_margin.py"
_ADAPTIVE = "FaceX-Zoo, head/MV_Softmax.py"


class Config(HeadConfig):
    """Scale, margin and the weight of hard negatives."""

    name: Literal["mv_softmax"] = "mv_softmax"
    mode: Literal["fixed", "adaptive"] = setting(
        "fixed",
        doc="treatment of hard negatives",
        source=f"fixed as in {_FIXED}; adaptive as in {_ADAPTIVE}",
    )
    kind: Literal["arc", "cos"] = setting(
        "arc",
        doc="margin added to the angle, or to the cosine (adaptive only)",
        source=f"{_ADAPTIVE}: is_am",
    )
    margin: float = setting(
        0.5,
        ge=0,
        le=1.5,
        doc="margin m",
        unit="radian; cosine for kind cos",
        source=f"{_FIXED}: 0.5; {_ADAPTIVE}: 0.35",
    )
    t_weight: float = setting(
        0.2,
        ge=0,
        le=2,
        doc="added to the cosine of hard negatives; no influence in adaptive mode",
        unit="cosine",
        source=f"{_FIXED}: t",
    )
    mv_weight: float = setting(
        1.12, ge=1, le=2, doc="weight w of hard negatives; adaptive mode", source=_ADAPTIVE
    )

    @model_validator(mode="after")
    def _meaningful(self) -> "Config":
        if self.kind == "cos" and self.mode == "fixed":
            raise ValueError("kind='cos' exists with mode='adaptive' only; set mode, or kind='arc'")
        return self


SPACE: dict[str, Distribution] = {
    "margin": Uniform(low=0.2, high=0.5),
    "scale": Uniform(low=16.0, high=64.0, log=True),
    "t_weight": Uniform(low=0.0, high=0.4),
}


def label(config: Config) -> str:
    """Name in tables: MV-Arc-Softmax, MV-AM-Softmax (adaptive)."""
    kind = "Arc" if config.kind == "arc" else "AM"
    return f"MV-{kind}-Softmax" + ("" if config.mode == "fixed" else " (adaptive)")


def compose(config: Config) -> Slots:
    """The slots of this head."""
    is_fixed = config.mode == "fixed"
    margin = (
        arc.Config(margin=config.margin, fallback="hard" if is_fixed else "easy")
        if config.kind == "arc"
        else cos.Config(margin=config.margin, easy=True)
    )
    negatives = (
        mv_fixed.Config(t_weight=config.t_weight)
        if is_fixed
        else mv_adaptive.Config(mv_weight=config.mv_weight)
    )
    init: InitRule = "xavier_uniform" if is_fixed else "unit"
    return usual(config.scale, init=init, margin=margin, negatives=negatives)
