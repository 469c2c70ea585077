"""Which views of an image a variant compares: `F0` the original, `F1` the sum of both.

Variants name it last, as `N1D1F1` and `megaface-raw-F0` do.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from frlib.core.errors import ConfigError
from frlib.evaluate.features import Features

ALL = ("F0", "F1")
NO_MIRROR = "needs mirrored embeddings, which are not given"
_FLIP = {"F0": "original view only", "F1": "sum of both views"}


def asked(
    known: Sequence[str], variants: Iterable[str] | None, default: Iterable[str]
) -> tuple[str, ...]:
    """The variants to compute; `ConfigError` for one that is not known."""
    chosen = tuple(default if variants is None else variants)
    strange = [one for one in chosen if one not in known]
    if strange or not chosen:
        raise ConfigError(f"variants {list(chosen)}: expected some of {', '.join(known)}")
    return chosen


def best(features: Features) -> str:
    """`F1` where there is a mirrored view, else `F0`."""
    return "F0" if features.mirrored is None else "F1"


def uses_mirrored(variant: str) -> bool:
    """Whether a variant adds the mirrored view."""
    return variant.endswith("F1")


def rows(features: Features, places: NDArray[np.int64], variant: str) -> NDArray[np.float32]:
    """`[n, D]` raw outputs of a variant's views, summed; a copy."""
    found: NDArray[np.float32] = features.plain[places]
    if uses_mirrored(variant):
        assert features.mirrored is not None
        found = found + features.mirrored[places]
    return found


class Summed:
    """The same rows, summed as slices are read: `[n, D]` without a copy of a million of them."""

    def __init__(self, features: Features, places: NDArray[np.int64], variant: str) -> None:
        self._features, self._places, self._variant = features, places, variant

    @property
    def shape(self) -> tuple[int, ...]:
        """(images, dimensions)."""
        return len(self._places), self._features.dimensions

    def __getitem__(self, at: slice, /) -> NDArray[np.float32]:
        return rows(self._features, self._places[at], self._variant)


def plain(variant: str) -> str:
    """Normalisation of a variant that compares images one by one."""
    return "L2, float32"


def about(
    model: dict[str, Any], variants: Sequence[str], normalisation: Callable[[str], str]
) -> dict[str, Any]:
    """What every number of a report was made with (`Report.about`). model: `Features.about`."""
    return {
        "model": model,
        "colour": model.get("colour"),
        "variants": {
            one: {"flip": _FLIP[one[-2:]], "normalisation": normalisation(one)} for one in variants
        },
    }


def pooled(variant: str) -> str:
    """Normalisation of a variant that pools images into templates, as `N1D0F1`."""
    return (
        f"image norms {'kept' if 'N1' in variant else 'removed'}, face scores "
        f"{'used' if 'D1' in variant else 'not used'}, L2 of the template"
    )


def zeros(num_zero: int) -> list[str]:
    """A warning about images without direction, if there are any."""
    if not num_zero:
        return []
    return [f"{num_zero:,} images have a zero vector: they have no direction and score 0"]
