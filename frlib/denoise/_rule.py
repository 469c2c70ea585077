"""What every rule's config is."""

from typing import ClassVar

from frlib.cleaning.evidence import Need
from frlib.core.config import Config


class Rule(Config):
    """Base of the rules' configs.

    needs: parts of the evidence that `decide` looks at. decisions: kind of those that the training
    must have taken itself, the name of a head's relabel slot; empty for rules that need none.
    compares_cosines: whether it reads similarities of the answers as cosines.
    """

    needs: ClassVar[tuple[Need, ...]] = ()
    decisions: ClassVar[str] = ""
    compares_cosines: ClassVar[bool] = False
    name: str

    @property
    def begins(self) -> int:
        """The first epoch of the training, from 0, that it looks at."""
        return 0

    @property
    def sees(self) -> tuple[Need, ...]:
        """What a model has to be asked for it: both or nothing, so that rules share the answers."""
        asked: tuple[Need, ...] = ("answers", "embeddings")
        return asked if set(asked) & set(self.needs) else ()
