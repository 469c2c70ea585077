"""Open-set noise: a share of every class is replaced by images of people outside the set."""

from frlib.core.config import Config as Base
from frlib.core.config import setting


class Config(Base):
    """Replacement by outliers."""

    ratio: float = setting(0.0, ge=0, le=1, doc="share of each class (of its size before any noise) that is replaced")
    strict: bool = setting(
        True, doc="count floor(n * ratio) in binary floating point, as the source; else decimal"
    )
