"""What every rule's config is."""

from typing import ClassVar

from frlib.cleaning.evidence import Need
from frlib.core.config import Config


class Rule(Config):
    """Base of the rules' configs. needs: parts of the evidence that `decide` looks at."""

    needs: ClassVar[tuple[Need, ...]] = ()
    name: str
