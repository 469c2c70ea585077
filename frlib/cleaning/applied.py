"""A training set after findings on it: samples dropped or given other labels, the truth kept.

Classes of which nothing stays vanish; the others are numbered without gaps, in their old order.
Rows keep theirs: where nothing is flagged and no class is empty, it is the set before.
"""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from frlib.cleaning.effect import FEWEST_CLASSES, effect
from frlib.cleaning.evidence import Apply
from frlib.cleaning.findings import NO_PROPOSAL, Findings
from frlib.cleaning.rows import rows_of
from frlib.core.errors import DataError
from frlib.core.suggest import did_you_mean
from frlib.data.manifest import CLEAN, CLOSED, DUPLICATE, Manifest

DROPPED = -1
_NAMED = 20


@dataclass(frozen=True, kw_only=True, eq=False)
class Cleaned:
    """manifest: what is left. rows: `[N']` its rows in the set before. new_class: `[C]` old class
    to new, `DROPPED` (-1) where nothing of it is left."""

    manifest: Manifest
    rows: NDArray[np.int64]
    new_class: NDArray[np.int64]


def placed(found: Findings, manifest: Manifest) -> Findings:
    """The same findings row for row with a manifest, and in its numbers.

    Samples that the findings do not name count as not flagged. `DataError` for samples or people
    that the manifest does not have, or for another given label than it has.
    """
    rows = _rows(found, manifest)
    number = _numbers(found, manifest)
    given = number[found.given]
    differ = given != manifest.labels[rows]
    if differ.any():
        at = int(differ.argmax())
        raise DataError(
            f"findings of {found.kind!r}: sample {found.ids[at]!r} was given "
            f"{found.identities[found.given[at]]!r}, here it is "
            f"{manifest.identities[manifest.labels[rows[at]]]!r} ({int(differ.sum())} such). The "
            "findings are of another noise draw or seed; make them for this one"
        )
    flagged = np.zeros(len(manifest), dtype=np.bool_)
    flagged[rows] = found.is_flagged
    proposed = np.full(len(manifest), NO_PROPOSAL, dtype=np.int64)
    proposed[rows] = np.where(found.relabelled(), number[found.proposed], NO_PROPOSAL)
    suspicion = np.zeros(len(manifest))
    suspicion[rows] = found.suspicion
    return Findings(
        kind=found.kind,
        ids=manifest.ids,
        identities=manifest.identities,
        given=manifest.labels,
        is_flagged=flagged,
        proposed=proposed,
        suspicion=suspicion,
        facts=found.facts,
        true=manifest.true_labels,
    )


def apply_to(manifest: Manifest, found: Findings, apply: Apply) -> Cleaned:
    """Clean a manifest by findings that are `placed` on it.

    `DataError` when nothing would be left, or people of fewer than two classes.
    """
    done = effect(found, apply)
    labels, relabelled, dropped = done.labels, done.is_relabelled, done.is_dropped
    staying = np.bincount(labels[~dropped], minlength=manifest.num_classes) > 0
    if staying.sum() < FEWEST_CLASSES:
        raise DataError(
            f"findings of {found.kind!r}: {int(found.is_flagged.sum()):,} of {len(found):,} "
            f"samples are flagged, and apply={apply} leaves {int(staying.sum())} of "
            f"{manifest.num_classes:,} classes; expected at least {FEWEST_CLASSES}. Loosen the "
            "rule, or set apply=relabel"
        )
    rows = np.flatnonzero(~dropped)
    kinds = np.where(relabelled, _kinds(labels, manifest), manifest.kinds).astype(np.int8)
    left = replace(manifest, labels=labels, kinds=kinds).take(rows)
    lost = [manifest.identities[c] for c in np.flatnonzero((manifest.class_sizes > 0) & ~staying)]
    new_class = np.where(staying, np.cumsum(staying) - 1, DROPPED)
    about = {
        "rule": found.kind,
        "apply": apply,
        "flagged": int(found.is_flagged.sum()),
        "dropped": int(dropped.sum()),
        "relabelled": int(relabelled.sum()),
        "classes_lost": len(lost),
        "classes_lost_names": lost[:_NAMED],
    }
    kept = left.keep_identities(staying)
    return Cleaned(
        manifest=replace(kept, facts=kept.facts | {"cleaning": about}),
        rows=rows,
        new_class=new_class.astype(np.int64),
    )


def _kinds(labels: NDArray[np.int64], manifest: Manifest) -> NDArray[np.int8]:
    """Of rows with new labels: right, a flip, or nobody of the set as before."""
    is_known = manifest.true_labels >= 0
    is_right = labels == manifest.true_labels
    is_flip = is_known & np.isin(manifest.kinds, (CLEAN, DUPLICATE))
    flips = np.where(is_flip, CLOSED, manifest.kinds)
    return np.where(is_right, CLEAN, flips).astype(np.int8)


def _rows(found: Findings, manifest: Manifest) -> NDArray[np.int64]:
    whose = f"findings of {found.kind!r}"
    rows = rows_of(found.ids, manifest, whose, "Were they made for another set?")
    if len(np.unique(rows)) != len(rows):
        raise DataError(
            f"{whose}: {len(rows) - len(np.unique(rows))} samples are named twice; keep one "
            "verdict a sample"
        )
    return rows


def _numbers(found: Findings, manifest: Manifest) -> NDArray[Any]:
    """`[C']` the manifest's number of every person in the findings."""
    if found.identities == manifest.identities:
        return np.arange(len(found.identities))
    place = {name: number for number, name in enumerate(manifest.identities)}
    named = np.zeros(len(found.identities), dtype=np.bool_)
    named[found.given] = True
    named[found.proposed[found.relabelled()]] = True
    for label in np.flatnonzero(named):
        if found.identities[label] not in place:
            name = found.identities[label]
            raise DataError(
                f"findings of {found.kind!r}: {name!r} is nobody of this training set"
                f"{did_you_mean(name, place)}; expected one of its {len(place):,} people"
            )
    return np.array([place.get(name, DROPPED) for name in found.identities], dtype=np.int64)
