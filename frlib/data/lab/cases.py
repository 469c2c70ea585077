"""Examples of every kind of noise in a draw, each with what it is to be compared with."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from frlib.core.seeds import stream
from frlib.data.flaws import FLAWS, MISALIGNED
from frlib.data.lab.draw import Draw
from frlib.data.manifest import (
    ASYMMETRIC,
    CLEAN,
    CLOSED,
    DUPLICATE,
    KINDS,
    MERGED,
    OPEN,
    OUTLIER,
    UNKNOWN,
    Manifest,
)

BESIDE = 4
"""Tiles on a side at most."""
_HEADINGS = {
    "closed": ("clean images of the given label", "flipped to it"),
    "asymmetric": ("clean images of the given label", "flipped to it, a look-alike"),
    "open": ("clean images of the given label", "nobody of the set"),
    "duplicate": ("left in the class", "moved to a second class"),
    "merged": ("the class's own images", "of the person who lost the label"),
    "long_tail": ("kept", "left out"),
}
_FLAW_HEADINGS = ("before", "after, in the same order")


@dataclass(frozen=True, kw_only=True)
class Case:
    """Rows of one manifest of the draw: `left` to be shown without flaws, `right` as they are."""

    kind: str
    of: Literal["clean", "noisy"]
    left: NDArray[np.int64]
    right: NDArray[np.int64]
    lines: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Group:
    """Cases of one kind; `count` rows of the draw are of it, in words `of`."""

    kind: str
    count: int
    of: str = "images"
    left: str
    right: str
    cases: tuple[Case, ...]


def groups(draw: Draw, examples: int = 5) -> tuple[Group, ...]:
    """Up to `examples` cases of every kind that occurs; the same ones for the same draw."""
    return tuple(_groups(draw, examples))


def shown(manifest: Manifest, row: int) -> str:
    """Who a row shows, in words."""
    true = int(manifest.true_labels[row])
    if true == OUTLIER:
        return "nobody of the set"
    if true == UNKNOWN:
        return "unknown"
    if true >= manifest.num_classes:
        return f"{manifest.others[true - manifest.num_classes]} (has no class)"
    return manifest.identities[true]


def _groups(draw: Draw, examples: int) -> Iterator[Group]:
    rng = stream(draw.seed, "noise", "examples")
    noisy = draw.noisy
    if len(draw.clean) != len(noisy):
        cases = tuple(_cut(draw, examples))
        yield Group(
            kind="long_tail",
            count=len(draw.clean) - len(noisy),
            of="images left out",
            left=_HEADINGS["long_tail"][0],
            right=_HEADINGS["long_tail"][1],
            cases=cases,
        )
    for kind in (DUPLICATE, MERGED, CLOSED, ASYMMETRIC, OPEN):
        rows = np.flatnonzero(noisy.kinds == kind)
        if len(rows):
            name = KINDS[kind]
            picked = _spread(noisy.labels[rows], rows, examples, rng)
            whole = kind in (DUPLICATE, MERGED)
            cases = tuple(_class(noisy, row) if whole else _flip(noisy, row) for row in picked)
            left, right = _HEADINGS[name]
            yield Group(kind=name, count=len(rows), left=left, right=right, cases=cases)
    if noisy.flaws is not None:
        for flaw in np.unique(noisy.flaws.kinds[noisy.flaws.kinds > 0]).tolist():
            rows = np.flatnonzero(noisy.flaws.kinds == flaw)
            left, right = _FLAW_HEADINGS
            cases = tuple(_spoilt(noisy, flaw, rows, examples, rng))
            yield Group(kind=FLAWS[flaw], count=len(rows), left=left, right=right, cases=cases)


def _spread(
    labels: NDArray[np.int64],
    rows: NDArray[np.int64],
    examples: int,
    rng: np.random.Generator,
) -> list[int]:
    """Rows of different classes where there are so many, in ascending order."""
    walk = rng.permutation(len(rows))
    _, first = np.unique(labels[walk], return_index=True)
    one_each = walk[np.sort(first)]
    rest = walk[~np.isin(walk, one_each)]
    return sorted(rows[np.concatenate([one_each, rest])[:examples]].tolist())


def _flip(noisy: Manifest, row: int) -> Case:
    label = int(noisy.labels[row])
    lines = [f"given  {noisy.identities[label]}", f"shows  {shown(noisy, row)}"]
    return Case(
        kind=KINDS[noisy.kinds[row]],
        of="noisy",
        left=_clean_of(noisy, label),
        right=np.array([row]),
        lines=(*lines, str(noisy.ids[row])),
    )


def _class(noisy: Manifest, row: int) -> Case:
    """Everything of the row's kind in its class, beside what it was parted from or put to."""
    label, kind = int(noisy.labels[row]), int(noisy.kinds[row])
    true = int(noisy.true_labels[row])
    alike = (noisy.labels == label) & (noisy.kinds == kind) & (noisy.true_labels == true)
    if kind == DUPLICATE and true >= 0:
        left = _clean_of(noisy, true) if true < noisy.num_classes else np.array([], dtype=np.int64)
        lines = (f"was  {shown(noisy, row)}", f"now also  {noisy.identities[label]}")
    else:
        left = _clean_of(noisy, label)
        lines = (f"given  {noisy.identities[label]}", f"shows  {shown(noisy, row)}")
    return Case(
        kind=KINDS[kind],
        of="noisy",
        left=left,
        right=np.flatnonzero(alike)[:BESIDE],
        lines=(*lines, f"{alike.sum():,} images"),
    )


def _spoilt(
    noisy: Manifest,
    flaw: int,
    rows: NDArray[np.int64],
    examples: int,
    rng: np.random.Generator,
) -> Iterator[Case]:
    assert noisy.flaws is not None
    picked = np.array(_spread(noisy.labels[rows], rows, BESIDE * examples, rng), dtype=np.int64)
    for start in range(0, len(picked), BESIDE):
        some = picked[start : start + BESIDE]
        strength = noisy.flaws.strengths[some[0]]
        lines = () if flaw == MISALIGNED else (f"strength {strength:g}",)
        yield Case(
            kind=FLAWS[flaw],
            of="noisy",
            left=some,
            right=some,
            lines=lines,
        )


def _cut(draw: Draw, examples: int) -> Iterator[Case]:
    """Classes from the head to the tail: images kept, and images left out."""
    clean = draw.clean
    kept = np.isin(clean.refs, draw.reference.refs[draw.reference.sources == 0])
    before = clean.class_sizes
    after = np.bincount(clean.labels[kept], minlength=clean.num_classes)
    lost = np.flatnonzero(after < before)
    lost = lost[np.argsort(-after[lost], kind="stable")]
    places = np.unique(np.geomspace(1, len(lost), min(examples, len(lost))).astype(np.int64)) - 1
    for label in lost[places].tolist():
        mine = clean.labels == label
        yield Case(
            kind="long_tail",
            of="clean",
            left=np.flatnonzero(mine & kept)[:BESIDE],
            right=np.flatnonzero(mine & ~kept)[:BESIDE],
            lines=(clean.identities[label], f"{after[label]:,} of {before[label]:,} images kept"),
        )


def _clean_of(noisy: Manifest, label: int) -> NDArray[np.int64]:
    return np.flatnonzero((noisy.labels == label) & (noisy.kinds == CLEAN))[:BESIDE]
