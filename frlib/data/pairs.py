"""Pairs of images to verify: drawn from a manifest, or read from a list.

A drawn list follows the shape of LFW's: half the pairs show the same person, half two people, and
the folds share no person, so that a threshold is never chosen on people it is scored on.
"""

import csv
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from frlib.core.errors import DataError
from frlib.core.seeds import stream
from frlib.data.manifest import Manifest
from frlib.data.pairsets.listed import ListedPairs

MAX_SAME_PER_PERSON = 40
_DIGITS = 18
_TRUTH = {"1": True, "true": True, "0": False, "false": False}
_log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True, eq=False)
class Pairs:
    """P pairs: `left`, `right` `[P]` rows of a manifest, `same` `[P]` bool, `fold` `[P]` from 0.

    group: `[P]` place in `groups`, the names of groups that pairs were drawn within; both empty
    where there are no groups.
    """

    left: NDArray[np.int64]
    right: NDArray[np.int64]
    same: NDArray[np.bool_]
    fold: NDArray[np.int64]
    group: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    groups: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.same)

    @property
    def num_folds(self) -> int:
        """Folds, counted."""
        return int(self.fold.max()) + 1


def draw(manifest: Manifest, num_pairs: int, folds: int, seed: int) -> Pairs:
    """At most `num_pairs` distinct pairs in person-disjoint folds, half same and half different.

    Nobody gives more than 40 same pairs, and no fold more of one kind than of the other. Where the
    images do not allow `num_pairs`, as many as they do allow are drawn and the log says so; a fold
    that cannot have a single pair of each kind is a `DataError` with the counts.
    """
    rng = stream(seed, "pairs")
    rows_of = _rows_of(manifest)
    capacity = np.array([_same_capacity(len(rows)) for rows in rows_of], dtype=np.int64)
    people = _spread(capacity, np.array([len(rows) for rows in rows_of]), folds, rng)
    limits = np.array(
        [
            min(int(capacity[group].sum()), _num_different([len(rows_of[p]) for p in group]))
            for group in people
        ]
    )
    if limits.min() < 1:
        able = int((capacity > 0).sum())
        raise DataError(
            f"{folds} person-disjoint folds need two identities each, one of them with two images; "
            f"found {len(rows_of):,} identities, {able:,} with two or more images. "
            f"Use at most {max(1, min(len(rows_of) // 2, able))} folds, or more identities."
        )
    halves = _share_out(num_pairs // 2, limits)
    if 2 * halves.sum() < num_pairs - 1:
        _log.warning(
            "%s pairs asked for, %s drawn: the %s identities allow no more",
            f"{num_pairs:,}",
            f"{2 * halves.sum():,}",
            f"{len(rows_of):,}",
        )
    left, right, same, fold = [], [], [], []
    for number, (group, half) in enumerate(zip(people, halves.tolist(), strict=True)):
        members = [rows_of[p] for p in group]
        for is_same, found in (
            (True, _draw_same(members, half, rng)),
            (False, _draw_different(members, half, rng)),
        ):
            left.append(found[:, 0])
            right.append(found[:, 1])
            same.append(np.full(len(found), is_same))
            fold.append(np.full(len(found), number, dtype=np.int64))
    return Pairs(
        left=np.concatenate(left),
        right=np.concatenate(right),
        same=np.concatenate(same),
        fold=np.concatenate(fold),
    )


def read_csv(path: Path, protocol: str, manifest: Manifest) -> Pairs:
    """Pairs listed in a CSV with columns `path_a, path_b, same`, perhaps `protocol` and `fold`.

    Paths are ids of the manifest; `same` is 1/0 or true/false; folds are renumbered 0..k-1 in
    order. `protocol` picks rows; empty reads all. Raises `DataError` naming what is missing.
    """
    rows = _read_rows(path, protocol)
    position = {str(sample): row for row, sample in enumerate(manifest.ids)}
    named = [row[column] for row in rows for column in ("path_a", "path_b")]
    missing = sorted({name for name in named if name not in position})
    if missing:
        raise DataError(
            f"{path}: {len(missing):,} images named in pairs are not in the image source, first "
            f"{', '.join(missing[:5])}. Do the list and the images belong together?"
        )
    places = np.array([position[name] for name in named], dtype=np.int64).reshape(-1, 2)
    same = np.array([_truth(row, path) for row in rows])
    labels = manifest.labels[places]
    wrong = int((same != (labels[:, 0] == labels[:, 1])).sum())
    if wrong:
        _log.warning("%s: %s pairs disagree with the identities of the images", path, f"{wrong:,}")
    return Pairs(
        left=places[:, 0],
        right=places[:, 1],
        same=same,
        fold=_folds(rows),
    )


def named_csv(path: Path, protocol: str = "") -> dict[str, ListedPairs]:
    """The pairs of a CSV by its ids, without images: protocol -> pairs (one of them if asked for).

    Without a column `protocol` the only key is "".
    """
    chosen = _read_rows(path, protocol)
    found = {}
    for name in dict.fromkeys(row.get("protocol") or "" for row in chosen):
        rows = [row for row in chosen if (row.get("protocol") or "") == name]
        found[name] = ListedPairs(
            left=tuple(row["path_a"] for row in rows),
            right=tuple(row["path_b"] for row in rows),
            same=np.array([_truth(row, path) for row in rows], dtype=np.bool_),
            fold=_folds(rows),
        )
    return found


def from_listed(listed: ListedPairs, manifest: Manifest, where: str) -> Pairs:
    """Pairs by the ids of a manifest; `DataError` names those it lacks."""
    position = {sample: row for row, sample in enumerate(manifest.ids.tolist())}
    sides = (listed.left, listed.right)
    missing = sorted({name for side in sides for name in side if name not in position})
    if missing:
        raise DataError(
            f"{where}: {len(missing):,} images named in pairs are not in the image source, first "
            f"{', '.join(missing[:5])}; it has ids such as {manifest.ids[0]}. Do the list and the "
            "images belong together?"
        )
    left, right = (np.array([position[n] for n in side], dtype=np.int64) for side in sides)
    return Pairs(left=left, right=right, same=listed.same, fold=listed.fold)


def _folds(rows: Sequence[Mapping[str, str]]) -> NDArray[np.int64]:
    """Folds renumbered from 0, numbers in order and before other names."""
    names = [row.get("fold") or "0" for row in rows]
    is_number = {name: name.isdecimal() and len(name) <= _DIGITS for name in names}
    order = sorted(is_number, key=lambda n: (not is_number[n], int(n) if is_number[n] else 0, n))
    number = {name: i for i, name in enumerate(order)}
    return np.array([number[name] for name in names], dtype=np.int64)


def _read_rows(path: Path, protocol: str) -> list[dict[str, str]]:
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            reader = csv.DictReader(file, restval="")
            columns = list(reader.fieldnames or ())
            rows = list(reader)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise DataError(f"{path}: cannot be read as a CSV of pairs ({error})") from error
    needed = ["path_a", "path_b", "same", *(["protocol"] if protocol else [])]
    missing = [column for column in needed if column not in columns]
    if missing:
        raise DataError(
            f"{path}: no column {', '.join(missing)}; found {', '.join(columns) or 'an empty file'}"
        )
    chosen = [row for row in rows if not protocol or row["protocol"] == protocol]
    if not chosen:
        known = sorted({row["protocol"] for row in rows}) if protocol else []
        raise DataError(
            f"{path}: no pairs{f' of protocol {protocol!r}; it has {known}' if protocol else ''}"
        )
    return chosen


def _truth(row: Mapping[str, str], path: Path) -> bool:
    value = (row["same"] or "").strip().lower()
    if value not in _TRUTH:
        raise DataError(
            f"{path}: same={row['same']!r} for {row['path_a']}; expected 1, 0, true or false"
        )
    return _TRUTH[value]


def _rows_of(manifest: Manifest) -> list[NDArray[np.int64]]:
    order = np.argsort(manifest.labels, kind="stable")
    parts = np.split(order, np.cumsum(manifest.class_sizes)[:-1])
    return [part for part in parts if len(part)]


def _same_capacity(images: int) -> int:
    return min(MAX_SAME_PER_PERSON, images * (images - 1) // 2)


def _num_different(sizes: list[int]) -> int:
    total = sum(sizes)
    return (total * total - sum(n * n for n in sizes)) // 2


def _spread(
    capacity: NDArray[np.int64], sizes: NDArray[np.int64], folds: int, rng: np.random.Generator
) -> list[list[int]]:
    """People to folds: the one that gives most goes where least has been given so far."""
    shuffled = rng.permutation(len(capacity))
    order = shuffled[np.lexsort((-sizes[shuffled], -capacity[shuffled]))]
    groups: list[list[int]] = [[] for _ in range(folds)]
    given, people = np.zeros(folds, dtype=np.int64), np.zeros(folds, dtype=np.int64)
    for person in order.tolist():
        fold = int(np.lexsort((given, people) if not capacity[person] else (people, given))[0])
        groups[fold].append(person)
        given[fold] += capacity[person]
        people[fold] += 1
    return groups


def _share_out(wanted: int, limits: NDArray[np.int64]) -> NDArray[np.int64]:
    """`wanted` over folds, as evenly as `limits` allow."""
    halves = np.zeros_like(limits)
    while (left := wanted - int(halves.sum())) > 0:
        open_ = np.flatnonzero(halves < limits)
        if not len(open_):
            break
        share = np.full(len(open_), left // len(open_))
        share[: left % len(open_)] += 1
        halves[open_] = np.minimum(limits[open_], halves[open_] + share)
    return halves


def _draw_same(
    members: list[NDArray[np.int64]], wanted: int, rng: np.random.Generator
) -> NDArray[np.int64]:
    candidates = []
    for rows in members:
        first, second = np.triu_indices(len(rows), 1)
        kept = rng.choice(len(first), size=_same_capacity(len(rows)), replace=False)
        candidates.append(np.stack([rows[first[kept]], rows[second[kept]]], axis=1))
    found = np.concatenate(candidates)
    return found[rng.choice(len(found), size=wanted, replace=False)]


def _draw_different(
    members: list[NDArray[np.int64]], wanted: int, rng: np.random.Generator
) -> NDArray[np.int64]:
    rows = np.concatenate(members)
    owner = np.repeat(np.arange(len(members)), [len(m) for m in members])
    if _num_different([len(m) for m in members]) <= 4 * wanted:
        first, second = np.triu_indices(len(rows), 1)
        apart = owner[first] != owner[second]
        places = np.stack([first[apart], second[apart]], axis=1)
        places = places[rng.choice(len(places), size=wanted, replace=False)]
    else:
        places = _sample_different(owner, wanted, rng)
    found: NDArray[np.int64] = rows[places]
    return found


def _sample_different(
    owner: NDArray[np.int64], wanted: int, rng: np.random.Generator
) -> NDArray[np.int64]:
    """Distinct places of different owners, by rejection: called where at most 1 in 4 are wanted."""
    taken: dict[tuple[int, int], None] = {}
    while len(taken) < wanted:
        tries = np.sort(rng.integers(0, len(owner), size=(2 * wanted, 2)), axis=1)
        for a, b in tries[owner[tries[:, 0]] != owner[tries[:, 1]]].tolist():
            if len(taken) < wanted:
                taken[a, b] = None
    return np.array(list(taken), dtype=np.int64)
