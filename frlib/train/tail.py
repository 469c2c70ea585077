"""Identities with too few images to be classified, trained on beside the head's (Unequal Training).

    loss of a step = loss of the head's batch + weight · mean (v·vᵀ − I)²

with v the directions of the tail identities of the step, over all workers, as in
`frlib.heads.terms.dispersion`. Both batches go through the backbone in one forward pass, so batch
statistics are of both. Which tail identities come together is decided by mining: in a bag of
them, those that look most alike (`frlib.data.bag`, `frlib.train.mining`). No torch here.

Source: Zhong et al., Unequal-Training for Deep Face Recognition with Long-tailed Noisy Data, CVPR
2019, section 3.3, and their repository (zhongyy): 360 images of the head and 120 · 3 of the tail in
a step, forwarded as one batch. Deviations: pairs are those of all workers, where the source has a
device's own; the loss of the head is a batch mean, so the same `weight` counts a quarter of what
the source's does (see `frlib.heads.presets.unequal`).
"""

from typing import Any

from pydantic import Field, model_validator

from frlib.core.config import Config, setting
from frlib.core.errors import ConfigError
from frlib.data.config import Part
from frlib.data.parts import class_size

_SOURCE = "Unequal repository (zhongyy)"


def images_in_step(batch_size: int, tail: "Tail | None") -> int:
    """That are trained on, over all workers."""
    return batch_size + (0 if tail is None else tail.images)


def part_of(tail: "Tail | None") -> Config | None:
    """What `frlib.data.prepare` is asked for besides the training rows."""
    return None if tail is None else tail.part


class Tail(Config):
    """Which identities, how many in a step, and how they are chosen."""

    part: Part = Field(
        class_size.Config(below=10),
        description="which identities of data.train; none of them may be in data.part",
    )
    identities: int = setting(
        120,
        ge=2,
        doc="in a step, over all workers",
        unit="identities",
        source=f"{_SOURCE}: 360 images, 3 of each",
    )
    images_per_identity: int = setting(
        3,
        ge=1,
        doc="in a step; identities with fewer are left out, of more some are drawn",
        unit="images",
        source=f"{_SOURCE}: images_per_identity",
    )
    weight: float = setting(
        1.0,
        ge=0,
        doc="of the dispersion",
        source=f"{_SOURCE}: interweight, 1, 5, 10 round by round; argument default 0.01",
    )
    mined: bool = setting(True, doc="those that look most alike; false: any, at random")
    bag: int = setting(
        1200,
        ge=2,
        doc="identities that those of a step are chosen from; all, where there are fewer",
        unit="identities",
        source=f"{_SOURCE}: bag of 3600 images",
    )
    refill: int = setting(
        100,
        ge=1,
        doc="steps that are mined for at once, with the weights of the first of them",
        unit="steps",
        source=f"{_SOURCE}: seq_min_size, 100 batches",
    )
    max_sqdist: float | None = setting(
        None,
        gt=0,
        le=4,
        doc="only pairs closer than this squared distance are chosen, and what is wanted besides "
        "is any of the bag; none: the source's rule, where this is 1",
    )

    @model_validator(mode="after")
    def _bag_is_larger(self) -> "Tail":
        if self.mined and self.bag < self.identities:
            raise ValueError(
                f"bag={self.bag} is smaller than identities={self.identities}, which are chosen "
                "from it; enlarge the bag, or lower identities"
            )
        return self

    @property
    def images(self) -> int:
        """In a step, over all workers."""
        return self.identities * self.images_per_identity

    def require_fit(self, workers: int, accumulate: int) -> None:
        """`ConfigError` unless every worker gets as many whole identities, in one pass."""
        if self.identities % workers:
            raise ConfigError(
                f"tail.identities={self.identities} does not divide into {workers} workers; "
                f"choose a multiple of {workers}"
            )
        if accumulate > 1:
            raise ConfigError(
                f"accumulate={accumulate} with a tail: its identities are compared with each "
                "other, so they go through the network in one pass, together with the batch. Set "
                "accumulate=1, and lower batch_size or tail.identities if memory is short"
            )

    @property
    def embedded(self) -> int:
        """Images that are mined from, a step."""
        return self.bag * self.images_per_identity if self.mined else 0

    @property
    def label(self) -> str:
        """In tables."""
        return f"weight {self.weight:g}" + ("" if self.mined else ", not mined")

    def counted(self) -> dict[str, Any]:
        """Everything; settings of mining only where there is some."""
        fields = super().counted()
        if not self.mined:
            for name in ("bag", "refill", "max_sqdist"):
                del fields[name]
        return fields
