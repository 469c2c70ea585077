"""What questions are asked about: a set, what was seen of it, and what it is compared with."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from frlib.core.config import Config, place, setting
from frlib.data import catalog
from frlib.data.check.looks import SEEN, Looks
from frlib.data.check.near import MOST_BITS, MOST_IN_BUCKET
from frlib.data.check.report import Picture
from frlib.data.manifest import Manifest
from frlib.data.texts import Texts
from frlib.data.vectors import Vectors

Embed = Callable[[Config, Texts], Vectors]
"""Embeddings of the images of a source that have these ids."""


class Limits(Config):
    """Where the questions draw their lines."""

    sample: int = setting(0, ge=0, doc="images that are decoded, drawn at random; 0: all")
    seed: int = setting(0, ge=0, doc="of the drawn sample")
    coarse_bits: int = setting(
        MOST_BITS, ge=0, le=MOST_BITS, doc="near copies differ by at most this", unit="bits of 64"
    )
    fine_bits: int = setting(
        8, ge=0, le=64, doc="and by at most this in the finer hash", unit="bits of 64"
    )
    most_in_bucket: int = place(
        MOST_IN_BUCKET, ge=2, doc="hashes compared with each other; larger buckets are left out"
    )
    cosine: float | None = setting(
        None, ge=-1, le=1, doc="people are alike from here on; none: taken from the set itself"
    )


@dataclass(frozen=True, kw_only=True, eq=False)
class Faces:
    """A set as it was seen. name: in findings. place: 0 the set that is checked, k `against` k."""

    name: str
    place: int
    config: Config
    manifest: Manifest
    looks: Looks

    @property
    def names_people(self) -> bool:
        """Whether equal identity names in two sets mean the same person."""
        return catalog.names_people(self.config)

    @cached_property
    def seen(self) -> NDArray[np.int64]:
        """Places in `looks` of images that show something."""
        return np.flatnonzero(self.looks.states == SEEN)

    @cached_property
    def distinct(self) -> NDArray[np.int64]:
        """Places in `looks`, as `seen`, the first of each checksum: equal files have one hash."""
        sums = self.manifest.checksums[self.looks.rows[self.seen]]
        return self.seen[np.sort(np.unique(sums, return_index=True)[1])]

    def id(self, row: int) -> str:
        """The id of an image."""
        return str(self.manifest.ids[row])

    def person(self, row: int) -> str:
        """Whose image it is said to be."""
        return self.manifest.identities[int(self.manifest.labels[row])]

    def ids(self, rows: NDArray[np.int64] | list[int]) -> list[str]:
        """The ids of images."""
        return [self.id(int(row)) for row in rows]

    def picture(self, row: int) -> Picture:
        """The image, for a contact sheet."""
        return Picture(self.place, int(row))


@dataclass(frozen=True, kw_only=True, eq=False)
class Subject:
    """The set, what it is compared with, embeddings, and the limits.

    vectors: files of embeddings. embed: a model instead, which is asked for a source's images.
    """

    own: Faces
    against: tuple[Faces, ...]
    vectors: tuple[Vectors, ...]
    embed: Embed | None
    limits: Limits
