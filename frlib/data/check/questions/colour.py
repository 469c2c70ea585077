"""Is the set read as RGB, as it must be, or are red and blue changed over?

Skin reflects more red than blue, whatever its tone, under nearly all light. Of 10,598 colour images
of LFW, 99.95 % have more red than blue over the centre of the face; channels changed over, 0.05 %.

* An image is grey where its channels differ by less than 2 of 255 on average; those do not vote.
* `grey`: 90 % of the images or more are grey.
* `undecided`: fewer than 20 images vote, or neither order has 80 % of the votes.
* `RGB`: at least 80 % have more red than blue; `looks like BGR`: at most 20 %.

Images are judged after the order that the source's `colour` states was applied, so a set is wrong
where the verdict is `looks like BGR`, whatever `colour` says.
"""

import numpy as np

from frlib.data.check.looks import UNREADABLE
from frlib.data.check.report import EXAMPLES, Answer, Rule
from frlib.data.check.subject import Subject

TITLE = "Colour order"
ORDER = 70
ORDER_WRONG = Rule(
    name="colour-order",
    severity="error",
    when="at least 80 % of 20 or more colour images have less red than blue over the face",
    do="State the order in which the pixels are stored: --set colour=BGR where it says RGB now, "
    "and the other way round.",
)
RULES = (ORDER_WRONG,)
GREY_BELOW = 2.0
_GREY_SHARE = 0.9
_FEWEST = 20
_MOST, _FEW = 0.8, 0.2


def ask(subject: Subject) -> Answer:
    """The share of votes for RGB, and the verdict."""
    own, looks = subject.own, subject.own.looks
    decoded = np.flatnonzero(looks.states != UNREADABLE)
    votes = decoded[looks.chroma[decoded] >= GREY_BELOW]
    red = looks.red_minus_blue[votes] > 0
    verdict = judge(len(decoded), len(votes), int(red.sum()))
    stated = own.manifest.colour
    findings = []
    if verdict == "looks like BGR":
        share = 1 - red.mean()
        wrong = looks.rows[votes[~red]][:EXAMPLES]
        findings.append(
            ORDER_WRONG.found(
                int((~red).sum()),
                f"read with colour={stated}, {share:.1%} of {len(votes):,} colour images have less "
                f"red than blue over the face: stored as {'BGR' if stated == 'RGB' else 'RGB'}?",
                own.ids(wrong),
                [(own.picture(row),) for row in wrong],
            )
        )
    return Answer(
        facts={
            "source says": stated,
            "read so, it": {"RGB": "is RGB"}.get(verdict, verdict),
            "more red than blue": round(float(red.mean()), 4) if len(red) else None,
            "colour images": len(votes),
            "grey images": len(decoded) - len(votes),
        },
        findings=tuple(findings),
    )


def judge(decoded: int, votes: int, red: int) -> str:
    """`RGB`, `looks like BGR`, `grey` or `undecided`, by the rule of this module."""
    if decoded and decoded - votes >= _GREY_SHARE * decoded:
        return "grey"
    if votes < _FEWEST or _FEW < red / votes < _MOST:
        return "undecided"
    return "RGB" if red / votes >= _MOST else "looks like BGR"
