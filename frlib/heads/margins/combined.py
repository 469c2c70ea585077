"""Combined margin cos(m1·arccos c + m2) − m3, from the MXNet code of Sub-center ArcFace.

(1, m2, 0) is ArcFace, (1, 0, m3) CosFace, (1, 0.3, 0.2) the combination used there. The
insightface PyTorch class of the same purpose is not this: with m3 > 0 it ignores m1 and m2.
`fallback` is that of the angular margin and needs m1 = 1; the source has none.

Sources: Deng et al., ArcFace, CVPR 2019, equation 4; insightface,
recognition/subcenter_arcface/train_parall.py.
"""

from functools import partial

from pydantic import model_validator
from torch import Tensor

from frlib.core.config import Config as Base
from frlib.core.config import setting
from frlib.heads._angle import Fallback, MarginGrad, past_the_end, straight_through, times_plus
from frlib.heads.slots import Margin, Margined


class Config(Base):
    """The three margins."""

    angle_factor: float = setting(1.0, gt=0, le=4, doc="m1, multiplies the angle")
    margin: float = setting(0.5, ge=0, le=1.5, doc="m2, added to the angle", unit="radian")
    cos_margin: float = setting(0.0, ge=0, le=2, doc="m3, subtracted last", unit="cosine")
    fallback: Fallback = setting("none", doc="value where the angle plus m2 passes π")
    margin_grad: MarginGrad = setting("exact", doc="slope of the margin, or slope 1")

    @model_validator(mode="after")
    def _defined(self) -> "Config":
        if self.fallback == "add" or (self.angle_factor != 1 and self.fallback != "none"):
            raise ValueError(
                f"fallback={self.fallback!r} is not defined for angle_factor={self.angle_factor}; "
                "use fallback='none', or angle_factor=1 with 'hard' or 'easy'"
            )
        return self

    def build(self) -> Margin:
        """The function below, with this config."""
        return partial(turned_and_lowered, self)


def turned_and_lowered(config: Config, cos: Tensor) -> Margined:
    """The formula with its fallback; `raw` is the formula alone."""
    raw = times_plus(cos, config.angle_factor, config.margin)
    target = past_the_end(cos, raw, config.margin, config.fallback) - config.cos_margin
    return Margined(straight_through(cos, target, config.margin_grad), raw - config.cos_margin)
