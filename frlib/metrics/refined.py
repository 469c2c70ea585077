"""What the refined MegaFace variants make of probes that are noise: see `frlib.metrics.megaface`.

Clean probes are the same in all variants; noisy ones are kept, replaced or dropped. All versions of
them stand in one stack, so that one search serves every variant.

Shapes: M probes, D dimensions.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from frlib.core.errors import ConfigError, ProtocolError
from frlib.core.seeds import stream
from frlib.metrics.distractors import unit
from frlib.metrics.embeddings import Floats

Variant = Literal[
    "megaface-raw", "megaface-R-facexzoo", "megaface-R-insightface", "megaface-R-drop"
]
VARIANTS: tuple[Variant, ...] = (
    "megaface-raw",
    "megaface-R-facexzoo",
    "megaface-R-insightface",
    "megaface-R-drop",
)
REFINED: Variant = "megaface-R-facexzoo"
_JITTER = 0.001


@dataclass(frozen=True, kw_only=True, eq=False)
class Probes:
    """Images of people: features `[M, D]`, a person for each, and which are noise (none if None).

    Noisy ones matter to the refined variants only.
    """

    features: Floats
    persons: ArrayLike
    noisy: ArrayLike | None = None


def refined_probes(
    probes: Probes, variant: Variant = REFINED, seed: int = 0
) -> NDArray[np.float32]:
    """`[M, D]` normalised probes, the noisy ones replaced (or missing) as the variant has it."""
    require_variants((variant,))
    people = people_of(probes)
    stack = stacked(people, (variant,), seed)
    row_M = rows_of(variant, stack)
    return stack.features[row_M[row_M >= 0]]


@dataclass(frozen=True, eq=False)
class People:
    """Checked probes: unit features `[M, D]`, person 0..P-1 of each (of `names`), noise or not."""

    features: NDArray[np.float32]
    person: NDArray[np.int64]
    names: NDArray[Any]
    is_noise: NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Stacked:
    """All versions of all probes. origin: the probe that a row is or stands for.

    group: 0 clean probes, 1 noisy ones as given, 2 and 3 what FaceX-Zoo and insightface put in
    their place; ascending.
    """

    features: NDArray[np.float32]
    origin: NDArray[np.int64]
    group: NDArray[np.intp]


NUM_GROUPS = 4


def people_of(probes: Probes) -> People:
    """The checked probes."""
    features = unit(probes.features, "probes")
    persons = np.asarray(probes.persons)
    if persons.shape != (len(features),):
        raise ProtocolError(
            f"persons have shape {persons.shape}; expected one for each of {len(features)} probes"
        )
    names, person = np.unique(persons, return_inverse=True)
    return People(features, person, names, flags(probes.noisy, len(features), "probes"))


def stacked(people: People, variants: Sequence[Variant], seed: int) -> Stacked:
    """Every version of every probe that these variants use.

    `ProtocolError` where a noisy probe has to be replaced and its person has no clean one.
    """
    clean, noisy = np.flatnonzero(~people.is_noise), np.flatnonzero(people.is_noise)
    parts = {0: people.features[clean], 1: people.features[noisy]}
    if "megaface-R-facexzoo" in variants:
        parts[2] = _centres(people, noisy)
    if "megaface-R-insightface" in variants:
        parts[3] = _centres(people, noisy, seed)
    return Stacked(
        np.concatenate(list(parts.values())),
        np.concatenate([noisy if group else clean for group in parts]),
        np.repeat(list(parts), [len(part) for part in parts.values()]),
    )


def _centres(
    people: People, noisy: NDArray[np.int64], seed: int | None = None
) -> NDArray[np.float32]:
    """What replaces the noisy probes: normalised sums of the clean ones of the same person."""
    sums = np.zeros((len(people.names), people.features.shape[1]), dtype=np.float32)
    clean = ~people.is_noise
    np.add.at(sums, people.person[clean], people.features[clean])
    num_clean = np.bincount(people.person[clean], minlength=len(people.names))
    lost = noisy[num_clean[people.person[noisy]] == 0]
    if len(lost):
        raise ProtocolError(
            f"all images of {people.names[people.person[lost[0]]]} are on the noise list "
            f"({len(np.unique(people.person[lost]))} such people): nothing can replace them. Leave "
            "the person out, or use megaface-R-drop"
        )
    found = sums[people.person[noisy]]
    if seed is not None:
        jitter = stream(seed, "megaface").uniform(-_JITTER, _JITTER, found.shape)
        found = found + jitter.astype(np.float32)
    return unit(found, "sums of clean probes") if len(found) else found


def rows_of(variant: Variant, stack: Stacked) -> NDArray[np.int64]:
    """`[M]` the row of the stack that stands for each probe; -1 where it is dropped."""
    group_of_noise = {"megaface-raw": 1, "megaface-R-facexzoo": 2, "megaface-R-insightface": 3}
    used = np.flatnonzero(np.isin(stack.group, (0, group_of_noise.get(variant, 0))))
    found = np.full(int(stack.origin.max()) + 1, -1, dtype=np.int64)
    found[stack.origin[used]] = used
    return found


def flags(noisy: ArrayLike | None, num: int, what: str) -> NDArray[np.bool_]:
    """`[num]` bool, all False where there is no list."""
    if noisy is None:
        return np.zeros(num, dtype=bool)
    given = np.asarray(noisy)
    if given.shape != (num,) or given.dtype != bool:
        raise ProtocolError(
            f"noise flags of {what} have shape {given.shape} and type {given.dtype}; expected "
            f"{num} of type bool"
        )
    return given


def require_variants(variants: Sequence[Variant]) -> None:
    """`ConfigError` for a variant that is not known, and for none."""
    unknown = [one for one in variants if one not in VARIANTS]
    if unknown or not variants:
        raise ConfigError(f"variants {list(variants)}: expected some of {', '.join(VARIANTS)}")
