"""Asked before a number is given: the right colours, faces in place, nobody known from training.

Colour and alignment are judged by what the model itself finds easier. A few pairs of the list are
embedded as they are, with the channels swapped, and cropped anew (the middle 85 %, shrunk to 85 %,
moved up and down by a tenth). Another picture is *clearly better* if its area under the ROC curve
is higher by at least 0.01 and higher in 99 % of 1,000 bootstrap draws of the pairs. Where the model
separates the sample perfectly nothing can be better, and nothing is said. An area below 0.75 is
reported in any case: models trained for faces are far above it on aligned ones.

That is a test for gross errors. It finds no small misalignment, and a model may honestly prefer
another crop.

Shapes: P pairs, S side of an image, D dimensions.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from frlib.core.config import Config
from frlib.core.seeds import stream
from frlib.data import catalog
from frlib.data.manifest import Manifest
from frlib.data.pixels.choose import open_pixels
from frlib.data.texts import texts
from frlib.evaluate import extract
from frlib.evaluate.questions import Questions
from frlib.metrics import embeddings

Embed = Callable[[NDArray[np.uint8]], NDArray[np.float32]]
FEW = 120
"""Pairs of a list that are looked at."""
POOR = 0.75
_BETTER, _SHARE, _DRAWS, _BATCH = 0.01, 0.99, 1000, 64
_BOXES = {
    "the middle 85 %": (0.075, 0.075, 0.925, 0.925),
    "shrunk to 85 %": (-0.088, -0.088, 1.088, 1.088),
    "moved up by a tenth": (0.0, 0.1, 1.0, 1.1),
    "moved down by a tenth": (0.0, -0.1, 1.0, 0.9),
}


@dataclass(frozen=True)
class Finding:
    """facts: plain JSON, for the report. warnings: what a reader must know."""

    facts: dict[str, Any]
    warnings: tuple[str, ...]


def seen(
    embed: Embed, size: int, asked: Questions, source: Config, store: Path, few: int = FEW
) -> Finding:
    """Colour and alignment on a few pairs of the list. embed: `[B, S, S, 3]` RGB -> `[B, D]`."""
    sample = _sample(asked.pairs.same, few)
    sides = [[side[p] for p in sample] for side in (asked.pairs.left, asked.pairs.right)]
    whole = catalog.scan(source, store)
    images = whole.take(extract.rows_of(whole, texts(sides[0] + sides[1]), source))
    with open_pixels(images, size, store, mode="encoded") as pixels:
        shown = pixels.batch(np.arange(len(images), dtype=np.int64))
    place = {name: row for row, name in enumerate(images.ids.tolist())}
    left, right = (np.array([place[n] for n in side], dtype=np.int64) for side in sides)
    return compared(embed, shown, left, right, asked.pairs.same[sample], asked.name)


def compared(
    embed: Embed,
    images: NDArray[np.uint8],
    left: NDArray[np.int64],
    right: NDArray[np.int64],
    same: NDArray[np.bool_],
    name: str,
) -> Finding:
    """The same of `[N, S, S, 3]` RGB images and pairs of them."""

    def wins(shown: NDArray[np.uint8]) -> NDArray[np.float64]:
        score = _scores(embed, shown, left, right)
        return _wins(score[same], score[~same])

    own = wins(images)
    area = float(own.mean())
    facts: dict[str, Any] = {"pairs": len(same), "auc": area}
    warnings = []
    if area < POOR:
        warnings.append(
            f"{name}: area under the ROC curve {area:.3f} on {len(same)} pairs, below {POOR}: "
            "hardly better than chance. Are the faces aligned to the five points, and is this a "
            "trained model?"
        )
    swapped = wins(images[..., ::-1])
    facts["auc_channels_swapped"] = float(swapped.mean())
    if clearly_better(swapped, own):
        warnings.append(
            f"{name}: looks like swapped channels: the area under the ROC curve is {area:.3f} as "
            f"fed and {swapped.mean():.3f} with red and blue exchanged. Set the colour of the "
            "source (colour=BGR) or of the model."
        )
    facts["auc_recropped"] = {}
    for what, box in _BOXES.items():
        again = wins(np.stack([_cropped(image, box) for image in images]))
        facts["auc_recropped"][what] = float(again.mean())
        if clearly_better(again, own):
            warnings.append(
                f"{name}: looks misaligned: the area under the ROC curve is {area:.3f} as given "
                f"and {again.mean():.3f} for images {what}. Align the faces to the five points "
                "that the model was trained with."
            )
    return Finding(facts, tuple(warnings))


def clearly_better(other: NDArray[np.float64], own: NDArray[np.float64]) -> bool:
    """Whether the other table of wins has a clearly larger mean (see above).

    `[S, T]`: 1 where same pair s scores above different pair t, 1/2 for a tie.
    """
    if other.mean() - own.mean() < _BETTER:
        return False
    draws = stream(0, "checks")
    gain = other - own
    rows, columns = (draws.multinomial(n, np.full(n, 1 / n), size=_DRAWS) / n for n in gain.shape)
    drawn = np.einsum("bs,st,bt->b", rows, gain, columns, optimize=True)
    return bool((drawn > 0).mean() >= _SHARE)


def known(source: Config, ids: Sequence[str] | None, train: Config, store: Path) -> Finding:
    """Images (by checksum) and people (by name) that a training set shares with these images.

    ids: those that are asked about; None: all. Names count only where both sets name people, images
    only where both checksums are over files; a count that means nothing is None.
    """
    whole, trained = catalog.scan(source, store), catalog.scan(train, store)
    used = whole if ids is None else whole.take(np.isin(whole.ids, texts(list(ids))))
    facts: dict[str, Any] = {
        "training_set": str(getattr(train, "path", getattr(train, "name", "?"))),
        "images": None,
        "people": None,
    }
    warnings = []
    has_checksums = catalog.checksums_files(source) and catalog.checksums_files(train)
    has_names = catalog.names_people(source) and catalog.names_people(train)
    if has_checksums:
        facts["images"] = int(np.isin(used.checksums, trained.checksums).sum())
    elif not has_names:
        warnings.append(
            f"overlap with {facts['training_set']} was not checked: neither checksums nor names of "
            "people can be compared"
        )
    if facts["images"]:
        warnings.append(
            f"{facts['images']:,} of {len(used):,} evaluated images are in the training set "
            f"{facts['training_set']}: the numbers are too good"
        )
    if has_names:
        shared = sorted(_names(used) & set(trained.identities))
        facts["people"] = len(shared)
        if shared:
            warnings.append(
                f"{len(shared):,} of {len(_names(used)):,} evaluated people are named in the "
                f"training set {facts['training_set']}, first {', '.join(shared[:5])}: the numbers "
                "are too good"
            )
    return Finding(facts, tuple(warnings))


def _names(manifest: Manifest) -> set[str]:
    return {manifest.identities[label] for label in np.unique(manifest.labels).tolist()}


def _sample(same: NDArray[np.bool_], few: int) -> NDArray[np.int64]:
    """Evenly spread over the list, half of either kind where there are as many."""
    kinds, half = (np.flatnonzero(same), np.flatnonzero(~same)), max(few // 2, 1)
    chosen = [k[np.linspace(0, len(k) - 1, min(len(k), half)).astype(int)] for k in kinds]
    return np.sort(np.concatenate(chosen)).astype(np.int64)


def _scores(
    embed: Embed, images: NDArray[np.uint8], left: NDArray[np.int64], right: NDArray[np.int64]
) -> NDArray[np.float64]:
    found = [
        embed(np.ascontiguousarray(images[start : start + _BATCH]))
        for start in range(0, len(images), _BATCH)
    ]
    return -embeddings.summed_distance(np.concatenate(found), None, left, right)


def _wins(same: NDArray[np.float64], different: NDArray[np.float64]) -> NDArray[np.float64]:
    above = same[:, None] > different[None]
    return above + 0.5 * (same[:, None] == different[None])


def _cropped(image: NDArray[np.uint8], box: tuple[float, float, float, float]) -> NDArray[np.uint8]:
    side = len(image)
    corners = tuple(round(side * share) for share in box)
    cut = Image.fromarray(image).crop((corners[0], corners[1], corners[2], corners[3]))
    return np.asarray(cut.resize((side, side), Image.Resampling.BILINEAR))
