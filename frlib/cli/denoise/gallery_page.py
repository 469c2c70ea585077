"""Cases of findings in words and pixels, for whoever draws them."""

from collections.abc import Sequence

import numpy as np

from analysis.galleries.corrections import (
    Card,
    Curve,
    Gallery,
    Mark,
    Outcome,
    Pixels,
    Section,
    Tile,
)
from frlib.cleaning.cases import Case, Sample, Tally, tally
from frlib.cleaning.evidence import Evidence
from frlib.cleaning.findings import NO_PROPOSAL, Findings
from frlib.data.lab.draw import pixels
from frlib.data.manifest import Manifest

SIZE = 112
"""Side of the pixels that are fetched."""
_HEADINGS = ("images", "flagged", "wrong", "right", "missed")
_CAPTION = (
    "Of the flagged images, how many labels are wrong and how many are right after all; missed: "
    "wrong, and not flagged."
)
_FOOTER = (
    "Made on this machine from the images of the training set and written to this file alone: "
    "nothing was sent to a tracking server, and the file loads nothing from anywhere. It shows "
    "people's faces; keep and share it as the data set may be kept and shared."
)
_EMPTY = "No image is flagged. Name classes (--class), or ask for a spread of them (--pick spread)."


def gallery_of(
    shown: Sequence[Case], found: Findings, manifest: Manifest, evidence: Evidence | None
) -> Gallery:
    """The gallery of some cases; their pixels are fetched from the source."""
    every = tally(found, manifest)
    is_by_cosine = evidence is not None and evidence.embedded is not None
    return Gallery(
        title=f"Images suspected by {found.kind}",
        subtitle=f"The whole training set, {manifest.num_classes:,} classes: {_said(every)}.",
        beside="nearest images of" if is_by_cosine else "images of",
        headings=_HEADINGS,
        caption=_CAPTION,
        sections=_Faces(shown, found, manifest).sections(),
        footer=_FOOTER,
        empty=_EMPTY,
    )


class _Faces:
    """Sections of cases, with the pixels of every image that they show."""

    def __init__(self, shown: Sequence[Case], found: Findings, manifest: Manifest) -> None:
        self._cases, self._found, self._manifest = shown, found, manifest
        samples = [sample for case in shown for sample in case.samples]
        rows = sorted({row for one in samples for row in (one.row, *one.nearest)})
        if rows:
            images = pixels(manifest, np.array(rows, dtype=np.int64), SIZE)
            self._pixels: dict[int, Pixels] = dict(zip(rows, images, strict=True))

    def sections(self) -> list[Section]:
        return [self._section(case) for case in self._cases]

    def _section(self, case: Case) -> Section:
        flagged = [sample for sample in case.samples if sample.is_flagged]
        number = {sample.row: place for place, sample in enumerate(flagged, 1)}
        rest = case.tally.images - len(case.samples)
        return Section(
            name=self._manifest.identities[case.label],
            says=_said(case.tally) + (f"; {len(case.samples)} shown" if rest else ""),
            counts=_counts(case.tally),
            tiles=[self._tile(sample, number.get(sample.row, 0)) for sample in case.samples],
            cards=[self._card(sample, number[sample.row]) for sample in flagged],
        )

    def _tile(self, sample: Sample, number: int) -> Tile:
        mark = _mark(sample)
        words = {"flagged": "flagged", "missed": "wrong and not flagged", "kept": "not flagged"}
        return Tile(
            pixels=self._pixels[sample.row],
            alt=f"{self._given(sample.row)}, {words[mark]}, suspicion {sample.suspicion:.2f}, "
            f"truth: {_truth(sample)}",
            mark=mark,
            share=sample.suspicion,
            number=number,
            outcome=_outcome(sample)[0] if sample.is_flagged else "unknown",
        )

    def _card(self, sample: Sample, number: int) -> Card:
        outcome, verdict = _outcome(sample)
        given = self._manifest.identities[self._manifest.labels[sample.row]]
        proposal = "" if sample.proposed == NO_PROPOSAL else self._found.identities[sample.proposed]
        return Card(
            number=number,
            pixels=self._pixels[sample.row],
            alt=f"{self._given(sample.row)}, flagged",
            proposal=proposal,
            beside=[(self._pixels[row], self._given(row)) for row in sample.nearest],
            curves=[
                Curve(epochs=p.epochs, values=p.values, what=p.what, of=p.of, note=p.note)
                for p in sample.paths
            ],
            outcome=outcome,
            verdict=verdict,
            lines=(
                ("given", given),
                ("proposed", proposal or "nothing"),
                ("truth", _truth(sample)),
                ("sample", str(self._manifest.ids[sample.row])),
                ("suspicion", f"{sample.suspicion:.3f}"),
            ),
        )

    def _given(self, row: int) -> str:
        name = self._manifest.identities[self._manifest.labels[row]]
        return f"image {self._manifest.ids[row]} with the label {name}"


def _mark(sample: Sample) -> Mark:
    if sample.is_flagged:
        return "flagged"
    return "missed" if sample.truth.label == "wrong" else "kept"


def _outcome(sample: Sample) -> tuple[Outcome, str]:
    """Of a flagged sample, and in words."""
    if sample.truth.label == "unknown":
        return "unknown", "unknown whether the label is wrong"
    if sample.truth.label == "right":
        return "wrong", "right label: flagged by mistake"
    if sample.proposed == NO_PROPOSAL:
        return "right", "wrong label"
    if sample.truth.proposal == "right":
        return "right", "wrong label, right proposal"
    return "half", "wrong label, wrong proposal"


def _truth(sample: Sample) -> str:
    truth = sample.truth
    return "unknown" if truth.label == "unknown" else f"shows {truth.shows} ({truth.kind})"


def _said(counts: Tally) -> str:
    text = f"{counts.images:,} images, {counts.flagged:,} flagged"
    if not counts.known:
        return f"{text}; the truth is unknown"
    if counts.known < counts.images:
        text += f"; of {counts.known:,} whose truth is known"
    return f"{text}: {counts.found:,} wrong, {counts.mistaken:,} right; {counts.missed:,} missed"


def _counts(counts: Tally) -> tuple[str, ...]:
    told = (counts.found, counts.mistaken, counts.missed)
    truth = [f"{n:,}" if counts.known else "unknown" for n in told]
    return (f"{counts.images:,}", f"{counts.flagged:,}", *truth)
