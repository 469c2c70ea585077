"""What a gallery of suspected samples consists of, as plain values: pixels, texts and numbers.

Pixels are `[S, S, 3]` uint8 RGB. Texts are plain; whoever draws them escapes them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.uint8]
Mark = Literal["flagged", "kept", "missed"]
"""`missed`: known to be wrong, and not flagged."""
Outcome = Literal["right", "half", "wrong", "unknown"]
"""Of a flag: wrong label and right proposal (or none); wrong label but another proposal than the
truth; right label; nobody knows."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Tile:
    """An image of the class. number: of its card, 0 for none. share: 0..1, drawn as a bar."""

    pixels: Pixels
    alt: str
    mark: Mark
    share: float
    number: int = 0
    outcome: Outcome = "unknown"


@dataclass(frozen=True, kw_only=True, eq=False)
class Curve:
    """values `[K]` at epochs `[K]`, ascending, of `of` epochs. what: they are, in words."""

    epochs: NDArray[np.int64]
    values: NDArray[np.float64]
    what: str
    of: int
    note: str = ""


@dataclass(frozen=True, kw_only=True, eq=False)
class Card:
    """A flagged sample: what is proposed, images of that class, how scores went, what is true.

    proposal: empty where there is none. beside: (pixels, alt) of the proposed class. verdict: the
    outcome in words. lines: (term, text).
    """

    number: int
    pixels: Pixels
    alt: str
    proposal: str
    beside: Sequence[tuple[Pixels, str]]
    curves: Sequence[Curve]
    outcome: Outcome
    verdict: str
    lines: Sequence[tuple[str, str]]


@dataclass(frozen=True, kw_only=True, eq=False)
class Section:
    """A class. counts: a text under each heading of the gallery. says: the same, in a sentence."""

    name: str
    says: str
    counts: Sequence[str]
    tiles: Sequence[Tile]
    cards: Sequence[Card]


@dataclass(frozen=True, kw_only=True, eq=False)
class Gallery:
    """A whole page. beside: what the images beside a flagged one are. headings: of the sections'
    counts, which the caption explains."""

    title: str
    subtitle: str
    beside: str
    headings: Sequence[str]
    caption: str
    sections: Sequence[Section]
    footer: str
    empty: str = "Nothing to show."

    def bounds(self, what: str) -> tuple[float, float]:
        """Least and largest value of all curves of a kind, and 0: what they are drawn between."""
        every = [
            float(end)
            for section in self.sections
            for card in section.cards
            for curve in card.curves
            if curve.what == what
            for end in (curve.values.min(), curve.values.max())
        ]
        low, high = min([0.0, *every]), max([0.0, *every])
        return low, high if high > low else low + 1
