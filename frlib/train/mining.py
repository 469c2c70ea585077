"""The queue of a run's tail: for each of the next steps, images of identities that look alike.

Before the first step, and whenever it is used up, a bag of identities is drawn for each of the next
`refill` steps, its images are embedded with the weights of that moment (evaluation mode, nothing
moves), every worker its share, and all workers choose the same `identities` of it. They depend on
weights, seed and step alone. The queue is part of a checkpoint: a resumed run goes on with what was
chosen before.

Shapes: S steps in the queue, I images in each, P identities in a bag, M images of each, D numbers.
"""

from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from frlib.core.errors import ConfigError, DataError, NumericsError
from frlib.data import bag
from frlib.data.loading.groups import Bags
from frlib.data.manifest import Manifest
from frlib.data.pixels.batches import Pixels
from frlib.evaluate.embed import require_finite, unchecked
from frlib.train.passes import Cast
from frlib.train.place import Place
from frlib.train.tail import Tail

Embed = Callable[[NDArray[np.int64]], NDArray[np.float32]]
"""Rows of the tail's manifest -> `[N, D]`, the same on every worker."""


class Queue:
    """What is chosen. Its tensors are filled in place, here and when a checkpoint is restored.

    rows: `[S, I]` of the manifest, the identities in the order of the bag, M rows each. mined:
    `[S]` identities that a close pair brought; the others of a step are any of the bag. sqdist:
    `[S]` sum of the squared distances of those pairs. first: `[]` the step of the first line, -1
    before there is any.
    """

    def __init__(self, steps: int, images: int) -> None:
        self.rows = torch.zeros(steps, images, dtype=torch.int64)
        self.mined = torch.zeros(steps, dtype=torch.int64)
        self.sqdist = torch.zeros(steps, dtype=torch.float64)
        self.first = torch.tensor(-1)

    def tensors(self) -> dict[str, Tensor]:
        """Of a checkpoint."""
        names = ("rows", "mined", "sqdist", "first")
        return {name: getattr(self, name) for name in names}

    def holds(self, step: int) -> bool:
        """Whether images are chosen for a step."""
        first = int(self.first)
        return 0 <= first <= step < first + len(self.rows)


def bags_of(tail: Tail, manifest: Manifest, seed: int) -> Bags:
    """The bags that are mined; of the identities of a step themselves, where nothing is.

    `DataError` where too few identities have enough images.
    """
    size = tail.bag if tail.mined else tail.identities
    try:
        found = Bags(manifest.labels, size, tail.images_per_identity, seed)
    except DataError as error:
        raise DataError(f"tail: {error}") from None
    if found.num_identities < tail.identities:
        raise DataError(
            f"tail.identities={tail.identities}, but only {found.num_identities:,} identities of "
            f"the tail have tail.images_per_identity={tail.images_per_identity} images "
            f"({found.num_left_out:,} have fewer). Lower one of the two, or widen tail.part"
        )
    return found


def refill(queue: Queue, bags: Bags, tail: Tail, step: int, end: int, embed: Embed) -> None:
    """Choose for the steps from `step` on, as many as fit and none from `end` on."""
    for line in range(min(len(queue.rows), end - step)):
        rows_PM = bags.bag(step + line)
        chosen = np.arange(len(rows_PM))
        queue.mined[line], queue.sqdist[line] = 0, 0.0
        if tail.mined:
            emb = embed(rows_PM.ravel())
            centres_PD = bag.centres_of(emb, tail.images_per_identity)
            found = bag.mine(centres_PD, tail.identities, tail.max_sqdist)
            is_close = found.sqdist < (tail.max_sqdist or bag.SELF_SQDIST)
            queue.mined[line] = int(is_close.sum())
            queue.sqdist[line] = float(found.sqdist[is_close].sum())
            others = np.setdiff1d(chosen, found.ids)[: tail.identities - len(found.ids)]
            chosen = np.sort(np.concatenate([found.ids, others]))
        queue.rows[line] = torch.from_numpy(rows_PM[chosen].ravel())
    queue.first.fill_(step)


def embedder(
    backbone: nn.Module, pixels: Pixels, place: Place, cast: Cast, what: str = "mining the tail"
) -> Embed:
    """Embeds rows in evaluation mode, an equal share of them on every worker.

    what: is done with them, for messages.

    `NumericsError` on every worker where an embedding is not finite on any.
    """

    def embed(rows: NDArray[np.int64]) -> NDArray[np.float32]:
        group = place.group
        share = -(-len(rows) // group.size)
        own = rows[(group.rank * share + np.arange(share)) % len(rows)]
        emb = unchecked(backbone, pixels, own, mirrored=False, device=place.device, autocast=cast)
        every = group.all_gather(torch.from_numpy(emb).to(place.device))[: len(rows)]
        found: NDArray[np.float32] = every.cpu().numpy()
        try:
            require_finite(found, rows)
        except NumericsError as error:
            raise NumericsError(f"{what}: {error}") from None
        return found

    return embed


def require_given(tail: Tail | None, manifest: Manifest | None) -> None:
    """`ConfigError` unless a run with a tail, and no other, is given its images."""
    if (tail is None) != (manifest is None):
        what = "has no tail" if tail is None else "has a tail, and was given none of its images"
        raise ConfigError(
            f"the run {what}; prepare its data with tail.part of the config, and hand over "
            "what was prepared"
        )
