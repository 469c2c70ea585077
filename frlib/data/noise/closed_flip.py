"""Closed-set noise: a share of every class is given another class's label."""

from frlib.core.config import Config as Base
from frlib.core.config import setting


class Config(Base):
    """Label flips."""

    ratio: float = setting(0.0, ge=0, le=1, doc="share of each class that is flipped")
    strict: bool = setting(
        True, doc="count floor(n * ratio) in binary floating point, as the source; else decimal"
    )
