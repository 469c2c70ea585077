"""No method: the new model is trained by itself, and is cross-tested all the same.

Its self-test is the upper reference of every method, its cross-test what happens without one.
"""

from typing import Literal

from frlib.compat._method import Method
from frlib.core.paper import Paper

PAPER = Paper(key="", title="Independent", where="no method")


class Config(Method):
    """Nothing to set."""

    name: Literal["none"] = "none"


def label(config: Config) -> str:
    """Name in tables."""
    return PAPER.title
