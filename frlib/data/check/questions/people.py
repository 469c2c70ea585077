"""People that two sets share under other names, as embeddings see them.

    centre_p   = normalised mean of the normalised embeddings of identity p
    stranger_p = largest cosine of centre_p to a centre of another identity of the set
    threshold  = 99th percentile of stranger_p over the set's identities, unless given

A pair of the set and another is listed where its centres are each other's nearest and their cosine
exceeds the threshold. By construction about one in a hundred of the set's own people has a stranger
that close, so expect up to that share of false findings against a set of about its size, and more
against a larger one. Where the set itself has people under two names, the threshold is too high.

Measured with a real model on LFW: 548 people against 819 others of whom none is shared, 3 pairs.
The 548 with their images halved at random, five times: of the 2,425 people who are in both halves
2,096 are found, and one pair is wrong.
"""

import numpy as np
from numpy.typing import NDArray

from frlib.core.errors import DataError
from frlib.data import vectors as embeddings
from frlib.data.check.report import EXAMPLES, Answer, Finding, Picture, Rule, Scalar, many
from frlib.data.check.subject import Faces, Subject

TITLE = "People alike in other sets"
ORDER = 100
ALIKE = Rule(
    name="person-alike",
    severity="warning",
    when="the centres of an identity of the set and of one of --against are each other's nearest, "
    "with a cosine above the threshold (99th percentile of the set's own nearest strangers)",
    do="Look at them (--sheet). If they are one person, leave that person out of one of the sets.",
)
RULES = (ALIKE,)
_PERCENTILE = 99
_FEWEST = 20
_BLOCK = 2**24
_SHOWN = 4


def ask(subject: Subject) -> Answer | None:
    """One row for every other set; None without others or without embeddings."""
    if not subject.against or not (subject.vectors or subject.embed):
        return None
    own = subject.own
    mine = _centres(own, subject)
    cosine = subject.limits.cosine
    threshold = _threshold(mine, own.name) if cosine is None else cosine
    rows: list[dict[str, Scalar]] = []
    findings: list[Finding] = []
    for other in subject.against:
        pairs, cosines = mutual(mine, _centres(other, subject))
        above = cosines > threshold
        pairs, cosines = pairs[above], cosines[above]
        rows.append({"against": other.name, "people alike": len(pairs)})
        if len(pairs):
            findings.append(_finding(own, other, pairs, cosines, threshold))
    return Answer(
        facts={"threshold (cosine)": round(threshold, 4), "people": int(mine.any(axis=1).sum())},
        rows=tuple(rows),
        findings=tuple(findings),
    )


def mutual(
    mine_AD: NDArray[np.float32], theirs_BD: NDArray[np.float32]
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """`[P, 2]` positions of unit vectors that are each other's nearest, and `[P]` their cosines.

    The most alike come first. Zero vectors are nobody's nearest. Blockwise: about 64 MiB of cosines
    at a time.
    """
    best = np.full(len(theirs_BD), -2, dtype=np.float32)
    of_theirs = np.zeros(len(theirs_BD), dtype=np.int64)
    of_mine = np.zeros(len(mine_AD), dtype=np.int64)
    cosines = np.zeros(len(mine_AD), dtype=np.float32)
    nobody = ~theirs_BD.any(axis=1)
    step = max(1, _BLOCK // len(theirs_BD))
    for start in range(0, len(mine_AD), step):
        block = mine_AD[start : start + step]
        product = block @ theirs_BD.T
        product[:, nobody] = -2
        product[~block.any(axis=1)] = -2
        of_mine[start : start + step] = product.argmax(axis=1)
        cosines[start : start + step] = product.max(axis=1)
        better = product.max(axis=0) > best
        of_theirs[better] = start + product.argmax(axis=0)[better]
        best = np.maximum(best, product.max(axis=0))
    each = np.flatnonzero((of_theirs[of_mine] == np.arange(len(mine_AD))) & (cosines > -2))
    each = each[np.argsort(-cosines[each], kind="stable")]
    return np.stack([each, of_mine[each]], axis=1), cosines[each]


def _centres(faces: Faces, subject: Subject) -> NDArray[np.float32]:
    """`[C, D]`: by the model of what was seen, or from the first file that has all images."""
    manifest, files = faces.manifest, subject.vectors
    if subject.embed is not None:
        rows = faces.looks.rows[faces.seen]
        ids = manifest.ids[rows]
        vectors = subject.embed(faces.config, ids)
        return embeddings.class_centres(vectors, ids, manifest.labels[rows], manifest.num_classes)
    for number, file in enumerate(files, start=1):
        try:
            return embeddings.class_centres(
                file, manifest.ids, manifest.labels, manifest.num_classes
            )
        except DataError as error:
            if number == len(files):
                raise DataError(f"{faces.name}: {error}") from error
    raise AssertionError("at least one file of embeddings")


def _threshold(centres: NDArray[np.float32], name: str) -> float:
    people = centres[centres.any(axis=1)]
    if len(people) < _FEWEST:
        raise DataError(
            f"{name} has {len(people)} identities; a threshold is taken from the set itself where "
            f"it has {_FEWEST} or more. Give one, e.g. --limit cosine=0.5."
        )
    nearest = embeddings.nearest(people, 1)[:, 0]
    stranger = np.einsum("cd,cd->c", people, people[nearest])
    return float(np.percentile(stranger, _PERCENTILE))


def _finding(
    own: Faces,
    other: Faces,
    pairs: NDArray[np.int64],
    cosines: NDArray[np.float32],
    threshold: float,
) -> Finding:
    examples, pictures = [], []
    for (a, b), cosine in zip(pairs[:EXAMPLES].tolist(), cosines.tolist(), strict=False):
        examples.append(
            f"{own.manifest.identities[a]} ~ {other.manifest.identities[b]} ({cosine:.3f})"
        )
        pictures.append((*_some(own, a), *_some(other, b)))
    return ALIKE.found(
        len(pairs),
        f"{many(len(pairs), 'identity')} like one of {other.name} (cosine above {threshold:.3f})",
        examples,
        pictures,
    )


def _some(faces: Faces, label: int) -> list[Picture]:
    rows = np.flatnonzero(faces.manifest.labels == label)[:_SHOWN]
    return [faces.picture(row) for row in rows]
