"""Everything."""

from typing import Literal

from frlib.core.config import Config as Base
from frlib.data.manifest import Manifest


class Config(Base):
    """No choice to make."""

    name: Literal["whole"] = "whole"


def select(manifest: Manifest, config: Config) -> Manifest:
    """The manifest itself."""
    return manifest
