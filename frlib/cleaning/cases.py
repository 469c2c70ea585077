"""What to look at of findings: classes, their samples by suspicion, and what spoke for a proposal.

Rows are those of the manifest that the findings are `placed` on; the evidence, where there is any,
may cover some of them only. The same input and seed give the same choice.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from frlib.cleaning.evidence import Evidence
from frlib.cleaning.findings import NO_PROPOSAL, Findings
from frlib.cleaning.support import ScorePath, Support
from frlib.core.errors import ConfigError
from frlib.core.seeds import stream
from frlib.core.suggest import did_you_mean
from frlib.data.flaws import FLAWS
from frlib.data.lab.cases import shown
from frlib.data.manifest import KINDS, UNKNOWN, Manifest

Pick = Literal["most", "spread"]
"""Classes to look at: those with `most` flagged samples, or a `spread` from the one with the
largest share of flagged samples to the one with the smallest."""
Verdict = Literal["right", "wrong", "unknown"]


@dataclass(frozen=True, kw_only=True)
class Truth:
    """What is true of a sample. label: of the label it was given. proposal: of the one proposed.

    kind: how the sample came about, and what was done to its pixels. shows: who it shows, in words.
    """

    label: Verdict
    proposal: Verdict
    kind: str
    shows: str


@dataclass(frozen=True, kw_only=True)
class Tally:
    """Of some samples, how many are flagged; of those with a known truth (`known`), how many are
    flagged and wrong (`found`), flagged and right (`mistaken`), wrong and not flagged (`missed`).
    """

    images: int
    flagged: int
    known: int
    found: int
    mistaken: int
    missed: int


@dataclass(frozen=True, kw_only=True)
class Sample:
    """A row of a case. nearest: rows of the proposed class, most alike first; paths: how scores
    went in training; both empty where it is not flagged. proposed: a label or `NO_PROPOSAL`."""

    row: int
    suspicion: float
    is_flagged: bool
    truth: Truth
    proposed: int = NO_PROPOSAL
    nearest: tuple[int, ...] = ()
    paths: tuple[ScorePath, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Case:
    """A class. samples: some of its rows, by suspicion, the most suspicious first."""

    label: int
    tally: Tally
    samples: tuple[Sample, ...]


def cases(
    evidence: Evidence | None,
    found: Findings,
    manifest: Manifest,
    *,
    classes: Sequence[str] = (),
    few: int = 6,
    pick: Pick = "most",
    images: int = 12,
    beside: int = 4,
    seed: int = 0,
) -> tuple[Case, ...]:
    """Classes by name, or `few` of them as `pick` says; of each up to `images` samples.

    found: `placed` on the manifest. Where a class has more samples, half are the most suspicious
    flagged ones, the others are spread from the most to the least suspicious of the rest; where
    there are fewer of one sort, there are more of the other. beside: nearest rows a sample. seed:
    of the order of classes that are alike. `ConfigError` for a class that is not there,
    `DataError` for evidence of another set.
    """
    support = Support(evidence, found, manifest)
    labels = _named(classes, manifest) if classes else _picked(found, manifest, few, pick, seed)
    return tuple(_case(label, found, manifest, support, images, beside) for label in labels)


def tally(found: Findings, manifest: Manifest, rows: NDArray[np.int64] | None = None) -> Tally:
    """Counts over some rows, over all of them if none are given."""
    mine = np.arange(len(manifest)) if rows is None else rows
    flagged = found.is_flagged[mine]
    is_known = manifest.true_labels[mine] != UNKNOWN
    is_wrong = is_known & (manifest.true_labels[mine] != manifest.labels[mine])
    return Tally(
        images=len(mine),
        flagged=int(flagged.sum()),
        known=int(is_known.sum()),
        found=int((flagged & is_wrong).sum()),
        mistaken=int((flagged & is_known & ~is_wrong).sum()),
        missed=int((~flagged & is_wrong).sum()),
    )


def _named(classes: Sequence[str], manifest: Manifest) -> list[int]:
    place = {name: label for label, name in enumerate(manifest.identities)}
    for name in classes:
        if name not in place:
            raise ConfigError(
                f"class {name!r}: nobody of this training set{did_you_mean(name, place)}; expected "
                f"one of its {len(place):,} people, e.g. {manifest.identities[0]!r}"
            )
    return [place[name] for name in dict.fromkeys(classes)]


def _picked(found: Findings, manifest: Manifest, few: int, pick: Pick, seed: int) -> list[int]:
    sizes = manifest.class_sizes
    flagged = np.bincount(manifest.labels[found.is_flagged], minlength=len(sizes))
    alike = stream(seed, "gallery").permutation(len(sizes))
    if pick == "most":
        order = np.lexsort((alike, -flagged))
        return order[flagged[order] > 0][:few].tolist()
    order = np.lexsort((alike, -flagged / np.maximum(sizes, 1)))
    order = order[sizes[order] > 0]
    return order[_places(len(order), few)].tolist()


def _case(
    label: int, found: Findings, manifest: Manifest, support: Support, images: int, beside: int
) -> Case:
    rows = np.flatnonzero(manifest.labels == label)
    rows = rows[np.argsort(-found.suspicion[rows], kind="stable")]
    chosen = rows[_some(found.is_flagged[rows], images)].tolist()
    return Case(
        label=label,
        tally=tally(found, manifest, rows),
        samples=tuple(_sample(row, found, manifest, support, beside) for row in chosen),
    )


def _some(is_flagged: NDArray[np.bool_], images: int) -> NDArray[np.int64]:
    """Places among rows by suspicion: the first flagged ones, and a spread of the others."""
    flagged, others = np.flatnonzero(is_flagged), np.flatnonzero(~is_flagged)
    num_flagged = min(len(flagged), max(images - images // 2, images - len(others)))
    spread = others[_places(len(others), images - num_flagged)]
    return np.sort(np.concatenate([flagged[:num_flagged], spread]))


def _places(length: int, few: int) -> NDArray[np.int64]:
    """`few` places from the first to the last, evenly; all of them where there are no more."""
    return np.linspace(0, max(length - 1, 0), min(few, length)).round().astype(np.int64)


def _sample(row: int, found: Findings, manifest: Manifest, support: Support, beside: int) -> Sample:
    is_flagged, proposed = bool(found.is_flagged[row]), int(found.proposed[row])
    return Sample(
        row=row,
        suspicion=float(found.suspicion[row]),
        is_flagged=is_flagged,
        truth=_truth(row, proposed, manifest),
        proposed=proposed,
        nearest=support.nearest(row, proposed, beside) if proposed != NO_PROPOSAL else (),
        paths=support.paths(row) if is_flagged else (),
    )


def _truth(row: int, proposed: int, manifest: Manifest) -> Truth:
    true = int(manifest.true_labels[row])
    if true == UNKNOWN:
        return Truth(label="unknown", proposal="unknown", kind="unknown", shows="unknown")
    flaw = 0 if manifest.flaws is None else int(manifest.flaws.kinds[row])
    names = [KINDS[manifest.kinds[row]], *([FLAWS[flaw]] if flaw else [])]
    return Truth(
        label="right" if true == manifest.labels[row] else "wrong",
        proposal="right" if true == proposed else "wrong",
        kind=", ".join(names).replace("_", " "),
        shows=shown(manifest, row),
    )
