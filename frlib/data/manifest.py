"""What a data set is: samples with stable ids, identities, checksums, and the truth if known.

A `Manifest` is a value: columns of equal length, one row per sample, sorted by (identity, id).
Labels are the position of the identity in the sorted list of identities, never the order of a
directory walk. Noise makes a new manifest with the same rows in the same places: `label` is what
the trainer is given, `true_label` what is really shown (-1: nobody of this set; `UNKNOWN`: not
known), `kind` how the row came about.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from frlib.core.errors import DataError

UNKNOWN = -2
OUTLIER = -1
CLEAN, CLOSED, OPEN = 0, 1, 2
KINDS = ("clean", "closed", "open")


def checksum(data: bytes) -> str:
    """32 hex digits (128 bits) of the SHA-256 of a sample's stored bytes."""
    return hashlib.sha256(data).hexdigest()[:32]


@dataclass(frozen=True, kw_only=True, eq=False)
class Manifest:
    """N samples of C identities.

    ids: `[N]` str, stable and unique: the sample's key inside its source.
    refs: `[N]` int64, what the source's reader is asked for (a row, an index).
    sources: `[N]` int16, position in `readers` (0, unless noise brought in a second source).
    labels, true_labels: `[N]` int64. kinds: `[N]` int8, one of CLEAN, CLOSED, OPEN.
    checksums: `[N]` str, of the stored bytes. identities: C names, label i is identities[i].
    readers: the source configs that `frlib.data.sources` opens. colour: order of the stored pixels.
    facts: what was realised while making it (counts, ratios), as plain JSON types.
    """

    ids: NDArray[np.str_]
    refs: NDArray[np.int64]
    sources: NDArray[np.int16]
    labels: NDArray[np.int64]
    true_labels: NDArray[np.int64]
    kinds: NDArray[np.int8]
    checksums: NDArray[np.str_]
    identities: tuple[str, ...]
    readers: tuple[Any, ...]
    colour: str
    facts: dict[str, Any]

    def __post_init__(self) -> None:
        columns = (
            self.refs,
            self.sources,
            self.labels,
            self.true_labels,
            self.kinds,
            self.checksums,
        )
        if any(len(column) != len(self.ids) for column in columns):
            raise DataError("a manifest's columns differ in length")
        if not len(self.ids):
            raise DataError("the data set has no samples")

    def __len__(self) -> int:
        return len(self.ids)

    @property
    def num_classes(self) -> int:
        """Identities, counted from the manifest and typed nowhere."""
        return len(self.identities)

    @cached_property
    def class_sizes(self) -> NDArray[np.int64]:
        """`[C]` samples per given label."""
        return np.bincount(self.labels, minlength=self.num_classes)

    @cached_property
    def digest(self) -> str:
        """16 hex digits over ids, labels, truth, kinds, checksums and colour; not over paths."""
        hasher = hashlib.sha256(f"{self.colour}\n".encode())
        for text in ("\n".join(self.identities), "\n".join(self.ids), "\n".join(self.checksums)):
            hasher.update(text.encode() + b"\0")
        for numbers in (self.labels, self.true_labels, self.kinds.astype(np.int64)):
            hasher.update(np.ascontiguousarray(numbers).tobytes())
        return hasher.hexdigest()[:16]

    def take(self, rows: NDArray[Any]) -> "Manifest":
        """The rows at these positions (or of this mask), with the same label space."""
        return self._rows(np.flatnonzero(rows) if rows.dtype == bool else rows)

    def _rows(self, rows: NDArray[np.int64]) -> "Manifest":
        names = ("ids", "refs", "sources", "labels", "true_labels", "kinds", "checksums")
        return replace(self, **{name: getattr(self, name)[rows] for name in names})

    def keep_identities(self, keep: NDArray[np.bool_]) -> "Manifest":
        """Only these identities (mask `[C]`), renumbered without gaps in the same order."""
        number = np.where(keep, np.cumsum(keep) - 1, UNKNOWN)
        rows = self.take(keep[self.labels])
        moved = np.where(
            rows.true_labels >= 0, number[np.maximum(rows.true_labels, 0)], rows.true_labels
        )
        names = tuple(name for name, kept in zip(self.identities, keep, strict=True) if kept)
        return replace(rows, labels=number[rows.labels], true_labels=moved, identities=names)


def from_table(
    *,
    ids: Sequence[str],
    names: Sequence[str],
    checksums: Sequence[str],
    refs: Sequence[int] | NDArray[np.int64],
    reader: Any,
    colour: str,
    trusted: bool,
    facts: dict[str, Any] | None = None,
) -> Manifest:
    """The manifest of one source from its rows in any order: sorted, numbered, checked.

    `ids`, `names` (of the identity), `checksums`, `refs`: N each. `reader`: the source's config.
    `trusted`: the given label is the truth; else the truth is `UNKNOWN`. `facts`: kept as
    `facts["source"]` beside the counts. Raises `DataError` for no
    rows or for an id that occurs twice.
    """
    where = f"source {getattr(reader, 'name', '?')} at {getattr(reader, 'path', '(no path)')}"
    if not len(ids):
        raise DataError(f"{where}: no samples; expected at least one image")
    ids_n, names_n = np.asarray(ids, dtype=np.str_), np.asarray(names, dtype=np.str_)
    identities, labels = np.unique(names_n, return_inverse=True)
    order = np.lexsort((ids_n, labels))
    _require_unique(ids_n, where)
    labels = labels[order].astype(np.int64)
    return Manifest(
        ids=ids_n[order],
        refs=np.asarray(refs, dtype=np.int64)[order],
        sources=np.zeros(len(ids_n), dtype=np.int16),
        labels=labels,
        true_labels=labels if trusted else np.full_like(labels, UNKNOWN),
        kinds=np.full(len(ids_n), CLEAN, dtype=np.int8),
        checksums=np.asarray(checksums, dtype=np.str_)[order],
        identities=tuple(str(name) for name in identities),
        readers=(reader,),
        colour=colour,
        facts={"source": {"images": len(ids_n), "identities": len(identities), **(facts or {})}},
    )


def _require_unique(ids: NDArray[np.str_], where: str) -> None:
    unique, counts = np.unique(ids, return_counts=True)
    if len(unique) != len(ids):
        repeated = unique[counts > 1]
        raise DataError(
            f"{where}: {len(repeated):,} sample ids occur more than once, first "
            f"{', '.join(repr(str(i)) for i in repeated[:5])}; every image needs its own key. "
            "Remove the repeated rows."
        )
