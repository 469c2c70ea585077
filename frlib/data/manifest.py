"""What a data set is: samples with stable ids, identities, checksums, and the truth if known.

A `Manifest` is a value: columns of equal length, one row per sample, sorted by (identity, id).
Labels are the position of the identity in the sorted list of identities, never the order of a
directory walk. Noise makes a new manifest: `label` is what the trainer is given, `true_label` who
is really shown (`num_classes + i`: `others[i]`, a person without a class; -1: nobody of this set;
`UNKNOWN`: not known), `kind` how the row came about, `flaws` what was done to its pixels.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from frlib.core.errors import DataError
from frlib.data.flaws import Flaws
from frlib.data.texts import Texts, lines, repeated, texts, to_arrow

UNKNOWN = -2
OUTLIER = -1
KINDS = ("clean", "closed", "open", "duplicate", "merged", "asymmetric")
CLEAN, CLOSED, OPEN, DUPLICATE, MERGED, ASYMMETRIC = range(len(KINDS))
Sums = NDArray[np.bytes_]
_COLUMNS = ("ids", "refs", "sources", "labels", "true_labels", "kinds", "checksums")
_SUM = np.dtype("S32")


def checksum(data: bytes) -> bytes:
    """32 hex digits (128 bits) of the SHA-256 of a sample's stored bytes, as ASCII."""
    return hashlib.sha256(data).hexdigest()[:32].encode()


@dataclass(frozen=True, kw_only=True, eq=False)
class Manifest:
    """N samples of C identities.

    ids: `[N]` texts, stable and unique: the sample's key inside its source.
    refs: `[N]` int64, what the source's reader is asked for (a row, an index).
    sources: `[N]` int16, position in `readers` (0, unless noise brought in a second source).
    labels, true_labels: `[N]` int64. kinds: `[N]` int8, a place in `KINDS`.
    checksums: `[N]` S32, of the stored bytes. identities: C names, label i is identities[i]; a
    class may be without rows. others: names of people shown who have no class.
    readers: the source configs that `frlib.data.sources` opens. colour: order of the stored pixels.
    facts: what was realised while making it (counts, ratios), as plain JSON types.
    """

    ids: Texts
    refs: NDArray[np.int64]
    sources: NDArray[np.int16]
    labels: NDArray[np.int64]
    true_labels: NDArray[np.int64]
    kinds: NDArray[np.int8]
    checksums: Sums
    identities: tuple[str, ...]
    others: tuple[str, ...] = ()
    flaws: Flaws | None = None
    readers: tuple[Any, ...]
    colour: str
    facts: dict[str, Any]

    def __post_init__(self) -> None:
        columns = [getattr(self, name) for name in _COLUMNS]
        if any(len(column) != len(self.ids) for column in columns) or (
            self.flaws is not None and len(self.flaws) != len(self.ids)
        ):
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
        """16 hex digits over ids, labels, truth, kinds, flaws, sums, colour; not paths."""
        hasher = hashlib.sha256(f"{self.colour}\n".encode())
        for names in (self.identities, self.others):
            if names:
                hasher.update("\n".join(names).encode() + b"\0")
        for column in (self.ids, self.checksums):
            for part in lines(column):
                hasher.update(part)
            hasher.update(b"\0")
        for numbers in (self.labels, self.true_labels, self.kinds.astype(np.int64)):
            hasher.update(np.ascontiguousarray(numbers).tobytes())
        if self.flaws is not None:
            hasher.update(self.flaws.digested())
        return hasher.hexdigest()[:16]

    def take(self, rows: NDArray[Any]) -> "Manifest":
        """The rows at these positions (or of this mask), with the same label space."""
        rows = np.flatnonzero(rows) if rows.dtype == bool else rows
        taken = {name: getattr(self, name)[rows] for name in _COLUMNS}
        return replace(self, **taken, flaws=None if self.flaws is None else self.flaws.take(rows))

    def keep_identities(self, keep: NDArray[np.bool_]) -> "Manifest":
        """Only these identities (mask `[C]`), renumbered without gaps in the same order.

        A person who loses the class but is shown in a row that stays becomes one of `others`.
        """
        rows = self.take(keep[self.labels])
        kept = np.flatnonzero(keep)
        people = np.concatenate([kept, _without_class(rows.true_labels, keep)])
        number = np.full(self.num_classes + len(self.others), UNKNOWN, dtype=np.int64)
        number[people] = np.arange(len(people))
        names = (*self.identities, *self.others)
        return replace(
            rows,
            labels=number[rows.labels],
            true_labels=np.where(
                rows.true_labels >= 0, number[np.maximum(rows.true_labels, 0)], rows.true_labels
            ),
            identities=tuple(names[person] for person in kept),
            others=tuple(names[person] for person in people[len(kept) :]),
        )


def from_table(
    *,
    ids: Sequence[str] | Texts,
    names: "Sequence[str] | NDArray[Any] | pa.Array",
    checksums: Sequence[bytes] | Sums,
    refs: Sequence[int] | NDArray[np.int64],
    reader: Any,
    colour: str,
    trusted: bool,
    facts: dict[str, Any] | None = None,
    true_names: "Sequence[str] | NDArray[Any] | pa.Array | None" = None,
    kinds: NDArray[np.int8] | None = None,
) -> Manifest:
    """The manifest of one source from its rows in any order: sorted, numbered, checked.

    `ids`, `names` (of the identity), `checksums`, `refs`: N each; `names` may be a dictionary array
    of Arrow. `reader`: the source's config. `trusted`: the given label is the truth; else the truth
    is `UNKNOWN`. `true_names`: who is shown, "" for nobody of this set, which settles the truth
    whatever `trusted` says; people who are shown and never given as a label have classes without
    rows. `kinds`: a place in `KINDS` each. `facts`: kept as `facts["source"]` beside the counts.
    Raises `DataError` for no rows or for an id that occurs twice.
    """
    where = f"source {getattr(reader, 'name', '?')} at {getattr(reader, 'path', '(no path)')}"
    if not len(ids):
        raise DataError(f"{where}: no samples; expected at least one image")
    ids_n = texts(ids)
    _require_unique(ids_n, where)
    given = _coded(names)
    shown = None if true_names is None else _coded(true_names)
    identities = sorted({*given.names} | ({*shown.names} - {""} if shown else set()))
    labels = given.numbered(identities)
    columns: dict[str, Any] = {
        "ids": ids_n,
        "refs": np.asarray(refs, dtype=np.int64),
        "labels": labels,
        "true_labels": shown.numbered(identities) if shown else labels,
        "kinds": np.zeros(len(ids_n), dtype=np.int8) if kinds is None else kinds,
        "checksums": np.asarray(checksums, dtype=_SUM),
    }
    if not _in_order(labels, ids_n):
        order = _order(labels, ids_n)
        columns = {name: column[order] for name, column in columns.items()}
    if not trusted and shown is None:
        columns["true_labels"] = np.full_like(labels, UNKNOWN)
    return Manifest(
        **columns,
        sources=np.zeros(len(ids_n), dtype=np.int16),
        identities=tuple(identities),
        readers=(reader,),
        colour=colour,
        facts={"source": {"images": len(ids_n), "identities": len(identities), **(facts or {})}},
    )


@dataclass(frozen=True)
class _Coded:
    """Texts as numbers: row r is `names[codes[r]]`."""

    codes: NDArray[np.int64]
    names: list[str]

    def numbered(self, identities: list[str]) -> NDArray[np.int64]:
        """`[N]` place of each row's name in `identities`; `OUTLIER` for the empty name."""
        place = {name: number for number, name in enumerate(identities)}
        numbers = np.array([place.get(name, OUTLIER) for name in self.names], dtype=np.int64)
        return numbers[self.codes]


def _coded(names: "Sequence[str] | NDArray[Any] | pa.Array") -> _Coded:
    if isinstance(names, np.ndarray):
        column = to_arrow(texts(names))
    elif isinstance(names, (pa.Array, pa.ChunkedArray)):
        column = names
    else:
        column = pa.array(names, pa.string())
    if not pa.types.is_dictionary(column.type):
        column = column.dictionary_encode()
    if isinstance(column, pa.ChunkedArray):
        column = column.combine_chunks()
    if isinstance(column, pa.ChunkedArray):
        column = column.chunk(0)
    return _Coded(
        column.indices.to_numpy(zero_copy_only=False).astype(np.int64),
        [str(name) for name in column.dictionary.to_pylist()],
    )


def _in_order(labels: NDArray[np.int64], ids: Texts) -> bool:
    steps = np.diff(labels)
    return bool(((steps > 0) | ((steps == 0) & (ids[1:] > ids[:-1]))).all())


def _order(labels: NDArray[np.int64], ids: Texts) -> NDArray[np.int64]:
    table = pa.table({"label": labels, "id": to_arrow(ids)})
    keys = [("label", "ascending"), ("id", "ascending")]
    return pc.sort_indices(table, sort_keys=keys).to_numpy().astype(np.int64)


def _without_class(true_labels: NDArray[np.int64], keep: NDArray[np.bool_]) -> NDArray[np.int64]:
    people = np.unique(true_labels[true_labels >= 0])
    return people[(people >= len(keep)) | ~keep[np.minimum(people, len(keep) - 1)]]


def _require_unique(ids: Texts, where: str) -> None:
    twice = repeated(ids)
    if twice:
        raise DataError(
            f"{where}: {len(twice):,} sample ids occur more than once, first "
            f"{', '.join(repr(one) for one in twice[:5])}; every image needs its own key. "
            "Remove the repeated rows."
        )
