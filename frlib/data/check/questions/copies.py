"""The same file more than once: equal checksums of the stored bytes."""

import numpy as np
from numpy.typing import NDArray

from frlib.data.check.questions.readable import EMPTY
from frlib.data.check.report import EXAMPLES, Answer, Rule, many
from frlib.data.check.subject import Faces, Subject

TITLE = "Same file more than once"
ORDER = 50
TWO_PEOPLE = Rule(
    name="same-file-two-people",
    severity="error",
    when="files with equal bytes are given to different identities",
    do="One of the labels is wrong, or one person has two: correct or remove the images.",
)
TWICE = Rule(
    name="same-file-twice",
    severity="warning",
    when="files with equal bytes are given to one identity",
    do="Remove the repetitions: they count double in training and inflate same-person pairs.",
)
RULES = (TWO_PEOPLE, TWICE)


def ask(subject: Subject) -> Answer:
    """Groups of equal files, by whether they stay within one identity."""
    own = subject.own
    groups = equal(own.manifest.checksums, own.manifest.checksums != EMPTY)
    labels = own.manifest.labels
    conflicts = [rows for rows in groups if (labels[rows] != labels[rows[0]]).any()]
    within = [rows for rows in groups if (labels[rows] == labels[rows[0]]).all()]
    findings = []
    for rule, found, how in (
        (TWO_PEOPLE, conflicts, "given to different identities"),
        (TWICE, within, "more than once in an identity"),
    ):
        if found:
            images = sum(len(rows) for rows in found)
            findings.append(
                rule.found(
                    len(found),
                    f"{many(len(found), 'file')} ({images:,} images) {how}",
                    [_words(own, rows) for rows in found[:EXAMPLES]],
                    [
                        tuple(own.picture(row) for row in rows[:EXAMPLES])
                        for rows in found[:EXAMPLES]
                    ],
                )
            )
    return Answer(
        facts={
            "files more than once within an identity": len(within),
            "files in different identities": len(conflicts),
            "images too many": sum(len(rows) - 1 for rows in groups),
        },
        findings=tuple(findings),
    )


def equal(sums: NDArray[np.bytes_], use: NDArray[np.bool_]) -> list[NDArray[np.int64]]:
    """Groups of rows, of those to `use`, whose checksums are equal."""
    rows = np.flatnonzero(use)
    order = rows[np.argsort(sums[rows], kind="stable")]
    starts = np.flatnonzero(np.r_[True, sums[order[1:]] != sums[order[:-1]], True])
    several = np.flatnonzero(np.diff(starts) > 1)
    groups = [order[starts[one] : starts[one + 1]] for one in several]
    return sorted(groups, key=lambda group: int(group[0]))


def _words(own: Faces, rows: NDArray[np.int64]) -> str:
    shown = " = ".join(own.ids(rows[:EXAMPLES]))
    return shown if len(rows) <= EXAMPLES else f"{shown} = {len(rows) - EXAMPLES:,} more"
