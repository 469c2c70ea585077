"""Additive angular margin (ArcFace): phi(c) = cos(arccos c + m).

Past arccos c = π − m the cosine turns upwards again. `fallback` says what happens there: `hard`
(default) goes on falling with c − m·sin m; `none` is the literal formula (insightface); `easy`
applies the margin only where c > 0; `add` takes c − fallback_margin (FaceX-Zoo, jumps up at the
threshold). `margin_grad`: `exact` differentiates the margin, slope sin(θ + m)/sin θ; `detached`
gives slope 1 (insightface, opensphere). The two train differently.

Sources: Deng et al., ArcFace, CVPR 2019, equation 3; BoundaryFace repository, head/ArcFace.py
(hard, easy, exact); insightface, recognition/arcface_torch/losses.py, CombinedMarginLoss (none,
detached); FaceX-Zoo, head/ArcFace.py (add).
"""

from functools import partial

from pydantic import model_validator
from torch import Tensor

from frlib.core.config import Config as Base
from frlib.core.config import setting
from frlib.heads._angle import Fallback, MarginGrad, past_the_end, phi, straight_through
from frlib.heads.slots import Margin, Margined


class Config(Base):
    """Margin, what happens past π − m, and its gradient."""

    margin: float = setting(0.5, ge=0, le=1.5, doc="margin m", unit="radian")
    fallback: Fallback = setting("hard", doc="value where the angle plus the margin passes π")
    fallback_margin: float = setting(
        0.0, ge=0, le=2, doc="subtracted by fallback 'add'", unit="cosine"
    )
    margin_grad: MarginGrad = setting("exact", doc="slope of the margin, or slope 1")

    @model_validator(mode="after")
    def _meaningful(self) -> "Config":
        if self.fallback_margin and self.fallback != "add":
            raise ValueError(
                f"fallback_margin={self.fallback_margin} acts with fallback='add' only, "
                f"found fallback={self.fallback!r}; set fallback_margin=0"
            )
        return self

    def build(self) -> Margin:
        """The function below, with this config."""
        return partial(turned, self)


def turned(config: Config, cos: Tensor) -> Margined:
    """phi with its fallback; `raw` is phi alone."""
    raw = phi(cos, config.margin)
    target = past_the_end(cos, raw, config.margin, config.fallback, config.fallback_margin)
    return Margined(straight_through(cos, target, config.margin_grad), raw)
