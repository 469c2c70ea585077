"""What the evidence has to show for a finding: images of the proposed class, scores over epochs."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from frlib.cleaning.evidence import Evidence
from frlib.cleaning.findings import Findings
from frlib.cleaning.rows import rows_of
from frlib.core.errors import DataError
from frlib.core.rows import row_norms
from frlib.data.manifest import Manifest
from frlib.data.texts import ABSENT


@dataclass(frozen=True, kw_only=True, eq=False)
class ScorePath:
    """A number of one sample over the epochs of a training, where it was recorded.

    epochs: `[K]` ascending, from 0. values: `[K]`. what: they are, in words. of: epochs trained.
    note: what else there is to say of it.
    """

    epochs: NDArray[np.int64]
    values: NDArray[np.float64]
    what: str
    of: int
    note: str = ""


class Support:
    """Evidence by rows of a manifest. Without evidence there are no paths, and any image of a class
    is as near as another.

    `DataError` where the evidence has samples that the manifest has not, or that were given other
    labels there (unless the set was cleaned before, which gives them).
    """

    def __init__(self, evidence: Evidence | None, found: Findings, manifest: Manifest) -> None:
        self._evidence, self._found, self._manifest = evidence, found, manifest
        self._place = np.full(len(manifest), ABSENT, dtype=np.int64)
        if evidence is not None:
            self._place[_rows(evidence, manifest)] = np.arange(len(evidence))

    def nearest(self, row: int, label: int, few: int) -> tuple[int, ...]:
        """Rows of a class, by cosine of the embeddings with that of `row`, else in their order.

        Samples that are flagged themselves only count where the class has no others.
        """
        rows = np.flatnonzero(self._manifest.labels == label)
        rows = rows[rows != row]
        trusted = rows[~self._found.is_flagged[rows]]
        rows = trusted if len(trusted) else rows
        if self._evidence is None or self._evidence.embedded is None or self._place[row] < 0:
            return tuple(rows[:few].tolist())
        rows = rows[self._place[rows] >= 0]
        places = np.append(self._place[rows], self._place[row])
        emb_ND = np.asarray(self._evidence.embedded.embeddings[places], dtype=np.float64)
        unit_ND = emb_ND / row_norms(emb_ND, "embeddings of the gallery")[:, None]
        order = np.argsort(-(unit_ND[:-1] @ unit_ND[-1]), kind="stable")
        return tuple(rows[order[:few]].tolist())

    def paths(self, row: int) -> tuple[ScorePath, ...]:
        """What the training recorded of a sample; none where it recorded nothing."""
        place = self._place[row]
        if self._evidence is None or place < 0:
            return ()
        return (*self._decided(place), *self._lost(place))

    def _decided(self, place: int) -> tuple[ScorePath, ...]:
        assert self._evidence is not None
        course = self._evidence.course
        mine = np.flatnonzero(course.row == place)
        if not len(mine):
            return ()
        mine = mine[np.argsort(course.epoch[mine], kind="stable")]
        path = ScorePath(
            epochs=course.epoch[mine],
            values=course.score[mine],
            what="cosine by which the proposed class exceeds the given one",
            of=course.epochs,
            note=self._told(course.proposed[mine]),
        )
        return (path,)

    def _lost(self, place: int) -> tuple[ScorePath, ...]:
        """The loss in every epoch that trained on the sample."""
        assert self._evidence is not None
        course = self._evidence.course
        if course.losses is None:
            return ()
        values = course.losses[: course.epochs, place].astype(np.float64)
        epochs = np.flatnonzero(np.isfinite(values))
        if not len(epochs):
            return ()
        path = ScorePath(
            epochs=epochs,
            values=values[epochs],
            what="loss of the label trained on",
            of=course.epochs,
        )
        return (path,)

    def _told(self, proposed: NDArray[np.int64]) -> str:
        """For which classes training spoke, where it did not stay with one."""
        assert self._evidence is not None
        labels, counts = np.unique(proposed[proposed >= 0], return_counts=True)
        if len(labels) < 2:
            return ""
        order = np.argsort(-counts, kind="stable")
        names = [f"{self._evidence.identities[labels[k]]} {counts[k]}×" for k in order[:3]]
        more = f", {len(labels) - 3} more" if len(labels) > 3 else ""
        return f"for {', '.join(names)}{more}"


def _rows(evidence: Evidence, manifest: Manifest) -> NDArray[np.int64]:
    question = "Is the evidence of another run?"
    rows = rows_of(evidence.ids, manifest, "evidence", question)
    if evidence.before is None:
        _require_alike(evidence, manifest, rows)
    return rows


def _require_alike(evidence: Evidence, manifest: Manifest, rows: NDArray[np.int64]) -> None:
    place = {name: label for label, name in enumerate(manifest.identities)}
    number = np.array([place.get(name, ABSENT) for name in evidence.identities], dtype=np.int64)
    differ = number[evidence.given] != manifest.labels[rows]
    if differ.any():
        at = int(differ.argmax())
        raise DataError(
            f"evidence: sample {evidence.ids[at]!r} was given "
            f"{evidence.identities[evidence.given[at]]!r}, here it is "
            f"{manifest.identities[manifest.labels[rows[at]]]!r} ({int(differ.sum())} such). The "
            "evidence is of another noise draw or seed; take that of this run"
        )
