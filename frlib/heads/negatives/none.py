"""Negatives count as they are."""

from typing import ClassVar, Literal

from frlib.heads.slots import Negatives


class Config(Negatives):
    """Nothing to set."""

    is_plain: ClassVar[bool] = True
    name: Literal["none"] = "none"
