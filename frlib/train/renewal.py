"""New features of all images, taken before some epochs, for a method that learns from them."""

from dataclasses import dataclass
from typing import Self

from frlib.data.pixels.batches import Pixels
from frlib.train.compatibility import Compatibility
from frlib.train.config import TrainConfig
from frlib.train.mining import Embed, embedder
from frlib.train.old_side import OldSide
from frlib.train.passes import Cast
from frlib.train.place import Place
from frlib.train.state import State


@dataclass(frozen=True, eq=False)
class Renewal:
    """Of one run, on one worker. epochs: before which it is done, from 0."""

    epochs: tuple[int, ...]
    compat: Compatibility
    old: OldSide
    embed: Embed
    place: Place

    @classmethod
    def of(
        cls,
        config: TrainConfig,
        state: State,
        old: OldSide,
        pixels: Pixels,
        place: Place,
        cast: Cast,
    ) -> Self | None:
        """None where the method looks at no features."""
        compat = state.trainee.compat
        assert config.compat is not None and compat is not None
        epochs = config.compat.method.renewed_at
        if not epochs:
            return None
        embed = embedder(state.trainee.backbone, pixels, place, cast, config.compat.label)
        return cls(epochs, compat, old, embed, place)

    def is_due(self, epoch: int, step: int, steps_per_epoch: int) -> bool:
        """Whether an epoch that is about to begin wants it; one that goes on has had it."""
        return epoch in self.epochs and step == epoch * steps_per_epoch

    def do(self, epoch: int) -> None:
        """Every worker calls this, and comes to the same. Leaves the backbone in evaluation."""
        self.compat.renew(self.old.blocks(self.embed, self.place.device), epoch)
