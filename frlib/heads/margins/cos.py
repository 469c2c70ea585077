"""Additive cosine margin (CosFace, AM-Softmax): c − m, m a cosine. Its slope is 1."""

from functools import partial

from torch import Tensor

from frlib.core.config import Config as Base
from frlib.core.config import setting
from frlib.heads.slots import Margin, Margined


class Config(Base):
    """The margin."""

    margin: float = setting(0.4, ge=0, le=2, doc="margin m", unit="cosine")

    def build(self) -> Margin:
        """The function below, with this margin."""
        return partial(lowered, margin=self.margin)


def lowered(cos: Tensor, *, margin: float) -> Margined:
    """c − m."""
    value = cos - margin
    return Margined(value, value)
