"""People and images that the set shares with others: a benchmark it must not know.

Names count where both sources name people (class numbers of a file mean other people in another).
Images count as equal files and as near copies (perceptual hashes).
"""

import numpy as np
from numpy.typing import NDArray

from frlib.data.check import near
from frlib.data.check.questions.readable import EMPTY
from frlib.data.check.report import EXAMPLES, Answer, Finding, Rule, Scalar, many
from frlib.data.check.subject import Faces, Limits, Subject

TITLE = "Overlap with other sets"
ORDER = 90
PEOPLE = Rule(
    name="person-in-both",
    severity="error",
    when="an identity's name is in the set and in one of --against",
    do="Leave these people out of one of the sets, or say in every report that they are in both.",
)
FILES = Rule(
    name="file-in-both",
    severity="error",
    when="files with equal bytes are in the set and in one of --against",
    do="Remove these images, and look whether the whole identity is shared.",
)
NEAR = Rule(
    name="near-copy-in-both",
    severity="warning",
    when="near copies (perceptual hashes) are in the set and in one of --against",
    do="Look at them (--sheet); where the photograph is the same, the person is.",
)
RULES = (PEOPLE, FILES, NEAR)


def ask(subject: Subject) -> Answer | None:
    """One row for every other set: its size, and what is shared; None without others."""
    if not subject.against:
        return None
    rows: list[dict[str, Scalar]] = []
    findings: list[Finding] = []
    for other in subject.against:
        row, found = _compare(subject.own, other, subject.limits)
        rows.append(row)
        findings += found
    return Answer(facts={}, rows=tuple(rows), findings=tuple(findings))


def _compare(own: Faces, other: Faces, limits: Limits) -> tuple[dict[str, Scalar], list[Finding]]:
    findings = []
    comparable = own.names_people and other.names_people
    people = sorted(_people(own) & _people(other)) if comparable else []
    if people:
        findings.append(
            PEOPLE.found(len(people), f"{many(len(people), 'name')} of {other.name}", people)
        )
    files = _shared_files(own, other)
    copies = _near_copies(own, other, limits)
    for rule, pairs, what, sign in (
        (FILES, files, "equal files", "="),
        (NEAR, copies, "near copies", "~"),
    ):
        if len(pairs):
            shown = pairs[:EXAMPLES]
            findings.append(
                rule.found(
                    len(pairs),
                    f"{many(len(pairs), 'pair')} of {what} with {other.name}",
                    [f"{own.id(a)} {sign} {other.id(b)}" for a, b in shown],
                    [(own.picture(a), other.picture(b)) for a, b in shown],
                )
            )
    row: dict[str, Scalar] = {
        "against": other.name,
        "people": len(_people(other)),
        "images": len(other.manifest),
        "names": len(people) if comparable else "no names",
        "files": len(files),
        "near copies": len(copies),
    }
    return row, findings


def _people(faces: Faces) -> set[str]:
    sizes = faces.manifest.class_sizes
    return {faces.manifest.identities[label] for label in np.flatnonzero(sizes)}


def _shared_files(own: Faces, other: Faces) -> NDArray[np.int64]:
    """`[p, 2]` rows: every image of the set whose bytes the other has, and the first there."""
    sums, first = np.unique(other.manifest.checksums, return_index=True)
    mine = own.manifest.checksums
    places = np.minimum(np.searchsorted(sums, mine), len(sums) - 1)
    rows = np.flatnonzero((sums[places] == mine) & (mine != EMPTY))
    return np.stack([rows, first[places[rows]]], axis=1)


def _near_copies(own: Faces, other: Faces, limits: Limits) -> NDArray[np.int64]:
    """`[p, 2]` rows of near copies that are not equal files."""
    mine, theirs = own.distinct, other.distinct
    coarse = np.concatenate([own.looks.coarse[mine], other.looks.coarse[theirs]])
    found = near.pairs(coarse, limits.coarse_bits, limits.most_in_bucket)
    across = (found.first < len(mine)) & (found.second >= len(mine))
    left, right = mine[found.first[across]], theirs[found.second[across] - len(mine)]
    sure = np.bitwise_count(own.looks.fine[left] ^ other.looks.fine[right]) <= limits.fine_bits
    rows = np.stack([own.looks.rows[left[sure]], other.looks.rows[right[sure]]], axis=1)
    equal = own.manifest.checksums[rows[:, 0]] == other.manifest.checksums[rows[:, 1]]
    return rows[~equal]
