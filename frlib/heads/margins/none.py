"""No margin: NormFace on cosines, the plain softmax on inner products."""

from torch import Tensor

from frlib.core.config import Config as Base
from frlib.heads.slots import Margin, Margined


class Config(Base):
    """Nothing to set."""

    def build(self) -> Margin:
        """The function below."""
        return unchanged


def unchanged(cos: Tensor) -> Margined:
    """The cosines themselves."""
    return Margined(cos, cos)
