"""Identities with the same number of images each: drawn in bags, and loaded group by group.

A bag is the next run of identities in a random order of all that have enough images, and of each a
few of its images, drawn at random. An order that has not enough left for a bag is followed by
another one. Everything is a function of (seed, number of the bag).

Shapes: P identities in a bag, M images of each; N rows of the manifest, E identities with M or
more.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from frlib.core.errors import DataError
from frlib.core.seeds import stream, torch_seed
from frlib.data.augment import Augment, draws
from frlib.data.loading.tasks import Task


class Bags:
    """Bags of `size` identities; of all, where there are fewer.

    num_identities: E. num_left_out: identities with images, but fewer than M.
    """

    def __init__(self, labels_N: NDArray[np.int64], size: int, images: int, seed: int) -> None:
        """`DataError` if nobody has enough images."""
        sizes_C = np.bincount(labels_N)
        enough = np.flatnonzero(sizes_C >= images)
        if not len(enough):
            raise DataError(
                f"none of the {(sizes_C > 0).sum():,} identities has {images} images; the largest "
                f"has {sizes_C.max():,}. Ask for fewer images per identity, or take another part"
            )
        self.num_identities = len(enough)
        self.num_left_out = int((sizes_C > 0).sum()) - len(enough)
        self.size = min(size, len(enough))
        self._rows_N = np.argsort(labels_N, kind="stable")
        self._sizes_E = sizes_C[enough]
        self._starts_E = (np.cumsum(sizes_C) - sizes_C)[enough]
        self._images, self._seed = images, seed
        self._round, self._order_E = -1, enough

    def bag(self, number: int) -> NDArray[np.int64]:
        """`[P, M]` rows of the manifest, those of an identity in a line."""
        turn, at = divmod(number, self.num_identities // self.size)
        if turn != self._round:
            draw = stream(self._seed, "tail", "order", turn)
            self._round, self._order_E = turn, draw.permutation(self.num_identities)
        chosen_P = self._order_E[at * self.size : (at + 1) * self.size]
        sizes_P = self._sizes_E[chosen_P]
        # All images of the chosen ones, shuffled within each; then the first M of each.
        whose = np.repeat(np.arange(len(chosen_P)), sizes_P)
        within = np.arange(len(whose)) - np.repeat(np.cumsum(sizes_P) - sizes_P, sizes_P)
        every = self._rows_N[self._starts_E[chosen_P][whose] + within]
        key = stream(self._seed, "tail", "images", number).random(len(every))
        shuffled = every[np.lexsort((key, whose))]
        return shuffled[within < self._images].reshape(len(chosen_P), self._images)


@dataclass(frozen=True, eq=False)
class Groups:
    """The steps of a queue for one worker: its equal share of what `rows_SI` has for each step.

    labels: `[N]` of all rows. rows_SI: I rows of the manifest for each of S steps; its content may
    change between two epochs of a loader. first: `[]`, the step that its first line is for.
    end: steps of the run; lines that are for later steps are empty.
    """

    labels: NDArray[np.int64]
    rows_SI: NDArray[np.int64]
    first: NDArray[np.int64]
    end: int
    augment: Augment
    seed: int
    rank: int = 0
    world: int = 1

    @property
    def share(self) -> int:
        """Images of a step for one worker."""
        return self.rows_SI.shape[1] // self.world

    def of(self, epoch: int, first_step: int = 0) -> Iterator[Task]:
        """From a step of the run on, until the queue is used up. epoch: has no meaning here."""
        own = slice(self.rank * self.share, (self.rank + 1) * self.share)
        seed = torch_seed(self.seed, "tail", "augment")
        for step in range(first_step, min(int(self.first) + len(self.rows_SI), self.end)):
            whole = self.rows_SI[step - int(self.first)]
            rows = whole[own].copy()
            changes = draws(self.augment, len(whole), seed, step)
            yield Task(step, rows, self.labels[rows], changes.take(own))
