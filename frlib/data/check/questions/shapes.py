"""Sizes, aspect and kind of the stored pixels: is every image cut alike?"""

import numpy as np

from frlib.data.check.looks import KINDS
from frlib.data.check.report import EXAMPLES, Answer, Rule
from frlib.data.check.subject import Subject

TITLE = "Sizes and kinds"
ORDER = 40
SIZES = Rule(
    name="other-size",
    severity="warning",
    when="an image's size is not the most frequent one",
    do="Faces cut by another rule train worse: align all images with one template.",
)
SQUARE = Rule(
    name="not-square",
    severity="warning",
    when="an image is not square",
    do="Decoding stretches images to a square: cut them square first.",
)
MIXED = Rule(
    name="mixed-kinds",
    severity="warning",
    when="images are of several kinds (colour, grey, palette, alpha, CMYK)",
    do="All are read as RGB: grey gets three equal channels, transparency is dropped. Make sure "
    "that the kind does not go with the identity.",
)
RULES = (SIZES, SQUARE, MIXED)
_MOST_SIZES = 5
_HALF, _LOW = np.uint64(32), np.uint64(2**32 - 1)


def ask(subject: Subject) -> Answer | None:
    """Over the images that were decoded; None for a source without files."""
    own, looks = subject.own, subject.own.looks
    files = np.flatnonzero(looks.widths)
    if not len(files):
        return None
    width, height = looks.widths[files], looks.heights[files]
    both = width.astype(np.uint64) << _HALF | height
    sizes, counts = np.unique(both, return_counts=True)
    order = np.argsort(-counts, kind="stable")
    usual = order[0]
    other = looks.rows[files[both != sizes[usual]]]
    oblong = looks.rows[files[width != height]]
    kinds = np.bincount(looks.kinds[files], minlength=len(KINDS))
    findings = []
    for rule, rows, says in (
        (SIZES, other, f"not {_text(sizes[usual])}"),
        (SQUARE, oblong, "not square"),
    ):
        if len(rows):
            shown = rows[:EXAMPLES]
            findings.append(
                rule.found(
                    len(rows),
                    f"{len(rows):,} of {len(files):,} images {says}",
                    own.ids(shown),
                    [(own.picture(row),) for row in shown],
                )
            )
    if (kinds > 0).sum() > 1:
        rare = int(np.where(kinds > 0, kinds, len(files) + 1).argmin())
        rows = looks.rows[files[looks.kinds[files] == rare]]
        counted = ", ".join(f"{KINDS[k]} {kinds[k]:,}" for k in np.argsort(-kinds) if kinds[k])
        findings.append(
            MIXED.found(
                int(len(files) - kinds.max()),
                counted,
                own.ids(rows[:EXAMPLES]),
                [(own.picture(row),) for row in rows[:EXAMPLES]],
            )
        )
    return Answer(
        facts={
            "usual size": _text(sizes[usual]),
            "other sizes": len(other),
            "not square": len(oblong),
            **{KINDS[kind]: int(kinds[kind]) for kind in np.flatnonzero(kinds)},
        },
        rows=tuple(
            {"size": _text(sizes[number]), "images": int(counts[number])}
            for number in order[:_MOST_SIZES]
        )
        if len(order) > 1
        else (),
        bar="images",
        findings=tuple(findings),
    )


def _text(size: np.uint64) -> str:
    return f"{size >> _HALF} x {size & _LOW}"
