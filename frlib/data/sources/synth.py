"""Procedural faces as a source: nothing to download, identities known by construction.

Training, evaluation and outliers are parts of one world: person number p of a part is person
`FIRST[part] + p` of the world, so that no two parts share anybody. Give parts that are compared the
same `world.seed`; the other fields of a world may differ, for instance to report on harder pictures
(`spread` below that of training: people more alike; `nuisance` above: pictures less alike).

With G = `groups`, person p is of group k = p mod G, named `g<k>/id<p>`, and the groups are not
equally hard to tell apart:

    spread_k = spread (1 - k / (2 (G - 1)))

so people of the last group are half as different from one another as those of the first.
"""

from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import model_validator

from frlib.core import seeds
from frlib.core.config import Config as Base
from frlib.core.config import canonical, setting
from frlib.core.errors import DataError
from frlib.data.manifest import Manifest, checksum, from_table
from frlib.data.synth.people import World
from frlib.data.synth.render import VERSION, render

MOST_PEOPLE = 100_000
MOST_IMAGES = 10_000
FIRST = {"train": 0, "eval": MOST_PEOPLE, "outliers": 2 * MOST_PEOPLE}
"""World number of the first person of a part."""


class Config(Base):
    """How many people of which part of a world, and how many pictures of each."""

    name: Literal["synth"] = "synth"
    part: Literal["train", "eval", "outliers"] = setting(
        "train", doc="which people: parts of the same world have nobody in common"
    )
    identities: int = setting(40, ge=1, le=MOST_PEOPLE, doc="people")
    images: int = setting(90, ge=1, le=MOST_IMAGES, doc="pictures of a person, at most")
    fewest_images: int = setting(
        0, ge=0, le=MOST_IMAGES, doc="long tail down to this many; 0: everybody has `images`"
    )
    groups: int = setting(
        0, ge=0, le=100, doc="groups of people, each harder than the one before; 0: no groups"
    )
    world: World = World()

    def counted(self) -> dict[str, Any]:
        """Everything; the groups only where there are any."""
        fields = super().counted()
        if not self.groups:
            del fields["groups"]
        return fields

    @property
    def worlds(self) -> tuple[World, ...]:
        """The world of every group; of everybody where there are no groups."""
        if not self.groups:
            return (self.world,)
        spreads = np.linspace(1.0, 0.5, self.groups) * self.world.spread
        return tuple(self.world.model_copy(update={"spread": float(s)}) for s in spreads)

    @model_validator(mode="after")
    def _ordered(self) -> "Config":
        if self.fewest_images > self.images:
            raise ValueError(
                f"fewest_images={self.fewest_images} exceeds images={self.images}; lower it"
            )
        if self.groups == 1 or self.groups > self.identities:
            raise ValueError(
                f"groups={self.groups} of {self.identities} identities; expected 2 groups or more "
                "with somebody in each, or 0 for none"
            )
        return self


def scan(config: Config) -> Manifest:
    """The manifest; refs are person * 10,000 + shot.

    A checksum is over what decides the pixels at any size: the version of the renderer, the world
    (that of the group), the person and the shot. With a long tail person p has
    `fewest * (images / fewest)^(u^2)` pictures, rounded, with u uniform in [0, 1): half of the
    people are in the lowest quarter of the logarithmic range.
    """
    refs = np.concatenate(
        [
            person * MOST_IMAGES + np.arange(_num_images(config, person), dtype=np.int64)
            for person in range(FIRST[config.part], FIRST[config.part] + config.identities)
        ]
    )
    people = refs // MOST_IMAGES
    worlds = [f"synth {VERSION} {canonical(world)}" for world in config.worlds]
    group = people % len(worlds)
    folder = [f"g{k}/" if config.groups else "" for k in range(len(worlds))]
    names = [
        f"{folder[k]}id{person:06d}"
        for k, person in zip(group.tolist(), people.tolist(), strict=True)
    ]
    return from_table(
        ids=[f"{n}/{shot:04d}" for n, shot in zip(names, refs % MOST_IMAGES, strict=True)],
        names=names,
        checksums=[
            checksum(f"{worlds[k]} {ref}".encode())
            for k, ref in zip(group.tolist(), refs.tolist(), strict=True)
        ],
        refs=refs,
        reader=config,
        colour="RGB",
        trusted=True,
    )


def open_reader(config: Config) -> "Painter":
    """A reader that paints what it is asked for."""
    return Painter(config)


class Painter:
    """Paints pictures by ref. Holds no state: any thread may ask for anything."""

    def __init__(self, config: Config) -> None:
        self._config = config
        self._worlds = config.worlds

    def images(self, refs: NDArray[np.int64], size: int) -> NDArray[np.uint8]:
        """`[n]` refs -> `[n, size, size, 3]` RGB. `DataError` for people of another part."""
        people, shots = refs // MOST_IMAGES, refs % MOST_IMAGES
        number = people - FIRST[self._config.part]
        strange = (number < 0) | (number >= self._config.identities)
        if strange.any():
            raise DataError(
                f"source synth: ref {int(refs[strange][0])} is not one of the "
                f"{self._config.identities:,} people of part {self._config.part!r}; "
                "ask with the refs of a manifest scanned from the same config"
            )
        pictures = np.empty((len(refs), size, size, 3), np.uint8)
        for k, world in enumerate(self._worlds):
            own = people % len(self._worlds) == k
            pictures[own] = render(world, people[own], shots[own], size)
        return pictures


def _num_images(config: Config, person: int) -> int:
    if not config.fewest_images:
        return config.images
    share = seeds.stream(config.world.seed, "synth", "images", person).random() ** 2
    return round(config.fewest_images * (config.images / config.fewest_images) ** share)
