"""The images that findings name, side by side, as a contact sheet."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from analysis.galleries.contact_sheet import Row, Section, write
from frlib.data import catalog
from frlib.data.check.report import Finding, Picture, Report
from frlib.data.check.subject import Subject

_SIDE = 112


def draw(report: Report, subject: Subject, path: Path) -> Path:
    """A section for every finding with images, a row for each of its examples."""
    shown = _Shown(subject)
    sections = [shown.section(finding) for finding in report.findings if finding.pictures]
    subtitle = "The first examples of every finding that names images."
    return write(
        sections,
        f"Findings in {subject.own.name}",
        subtitle if sections else "No finding names an image.",
        path,
    )


class _Shown:
    def __init__(self, subject: Subject) -> None:
        self._sets = (subject.own, *subject.against)
        self._readers = [
            [catalog.open_reader(config) for config in faces.manifest.readers]
            for faces in self._sets
        ]

    def section(self, finding: Finding) -> Section:
        heading = f"{finding.severity}: {finding.says}"
        crossing = any(picture.place for group in finding.pictures for picture in group)
        other = self._sets[finding.pictures[0][-1].place].name if crossing else ""
        return Section(
            heading=heading,
            left=self._sets[0].name if crossing else "",
            right=other,
            rows=[self._row(finding, group) for group in finding.pictures],
        )

    def _row(self, finding: Finding, group: tuple[Picture, ...]) -> Row:
        left, right = _sides(group)
        return Row(
            left=[self._pixels(one) for one in left],
            right=[self._pixels(one) for one in right],
            kind=finding.rule,
            lines=[self._name(one) for one in (*left[:1], *right[:1])],
        )

    def _pixels(self, picture: Picture) -> NDArray[np.uint8]:
        manifest = self._sets[picture.place].manifest
        reader = self._readers[picture.place][int(manifest.sources[picture.row])]
        return reader.images(manifest.refs[[picture.row]], _SIDE)[0]

    def _name(self, picture: Picture) -> str:
        faces = self._sets[picture.place]
        sample, person = faces.id(picture.row), faces.person(picture.row)
        return sample if person in sample else f"{person}: {sample}"


def _sides(group: tuple[Picture, ...]) -> tuple[tuple[Picture, ...], tuple[Picture, ...]]:
    """The set's own images and those of the other; of one set, the first and the rest."""
    own = tuple(one for one in group if one.place == 0)
    if len(own) < len(group):
        return own, tuple(one for one in group if one.place)
    return (group[:1], group[1:]) if len(group) > 1 else ((), group)
