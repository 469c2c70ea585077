"""The same photograph more than once: stored again, resized or of another quality.

Two images are near copies where their perceptual hashes (`frlib.data.check.hashes`) differ in at
most `coarse_bits` of 64 and `fine_bits` of 64. Equal files are counted elsewhere and enter once.
Frames of one sitting, in which nothing moved, are near copies too: in the ORL set, photographed in
a studio, 14 pairs of 390 images are.
"""

import numpy as np

from frlib.data.check import near
from frlib.data.check.report import EXAMPLES, Answer, Rule, many
from frlib.data.check.subject import Subject

TITLE = "Same photograph more than once"
ORDER = 60
TWO_PEOPLE = Rule(
    name="near-copy-two-people",
    severity="warning",
    when="near copies (perceptual hashes) are given to different identities",
    do="Look at them (--sheet): one of the labels is wrong, or one person has two.",
)
TWICE = Rule(
    name="near-copy",
    severity="warning",
    when="near copies (perceptual hashes) are given to one identity",
    do="Look at them (--sheet): of one photograph keep the better copy; frames of one sitting may "
    "stay, but teach little.",
)
CROWDED = Rule(
    name="crowded",
    severity="warning",
    when="more than `most_in_bucket` images share 28 bits of their hash, so not all were compared",
    do="Raise the limit with --limit most_in_bucket=..., at the cost of time.",
)
RULES = (TWO_PEOPLE, TWICE, CROWDED)


def ask(subject: Subject) -> Answer:
    """Pairs of near copies within and across identities."""
    own, limits = subject.own, subject.limits
    places = own.distinct
    found = near.pairs(own.looks.coarse[places], limits.coarse_bits, limits.most_in_bucket)
    left, right = places[found.first], places[found.second]
    sure = np.bitwise_count(own.looks.fine[left] ^ own.looks.fine[right]) <= limits.fine_bits
    rows = own.looks.rows[np.stack([left[sure], right[sure]], axis=1)]
    same = own.manifest.labels[rows[:, 0]] == own.manifest.labels[rows[:, 1]]
    findings = []
    for rule, pairs, how in (
        (TWO_PEOPLE, rows[~same], "of different identities"),
        (TWICE, rows[same], "of one identity"),
    ):
        if len(pairs):
            findings.append(
                rule.found(
                    len(pairs),
                    f"{many(len(pairs), 'pair')} of near copies {how}",
                    [f"{own.id(a)} ~ {own.id(b)}" for a, b in pairs[:EXAMPLES]],
                    [(own.picture(a), own.picture(b)) for a, b in pairs[:EXAMPLES]],
                )
            )
    if found.crowded:
        findings.append(
            CROWDED.found(found.crowded, f"{many(found.crowded, 'image')} not compared with all")
        )
    return Answer(
        facts={
            "compared": len(places),
            "pairs within an identity": int(same.sum()),
            "pairs across identities": int((~same).sum()),
            "left out of a full bucket": found.crowded,
        },
        findings=tuple(findings),
    )
