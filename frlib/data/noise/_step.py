"""What every corruption's settings say of themselves: whether they do anything, what they need."""

from collections.abc import Mapping
from typing import Any, ClassVar

from frlib.core.config import Config


class Step(Config):
    """The settings of one corruption; at their defaults it does nothing.

    `FILES`: settings that name a file whose content decides the result. Where it lies does not, so
    they are no part of the digest; the content has a digest of its own, with those of the data.

    `changes_images`: whether which images there are, or what they show, depends on it; False for
    noise in labels alone.
    """

    FILES: ClassVar[tuple[str, ...]] = ()
    changes_images: ClassVar[bool] = True

    @property
    def is_neutral(self) -> bool:
        """Whether the step changes nothing: a `ratio` of 0, unless a step says otherwise."""
        return getattr(self, "ratio", None) == 0

    @property
    def wants_pool(self) -> bool:
        """Whether images of people outside the set are needed."""
        return False

    @property
    def files(self) -> Mapping[str, str]:
        """Setting -> path of the files that are named."""
        return {name: getattr(self, name) for name in self.FILES if getattr(self, name)}

    def counted(self) -> dict[str, Any]:
        """Everything but the places of files."""
        return {k: v for k, v in super().counted().items() if k not in self.FILES}
