"""Can every image be decoded, by the decoder that training uses, and does it show anything?"""

from frlib.data.check.looks import FLAT, FLAT_BELOW
from frlib.data.check.report import EXAMPLES, Answer, Rule, Scalar, many
from frlib.data.check.subject import Subject
from frlib.data.manifest import checksum

TITLE = "Readable images"
ORDER = 30
EMPTY = checksum(b"")
UNREADABLE = Rule(
    name="unreadable",
    severity="error",
    when="an image cannot be decoded (files of zero bytes are counted apart)",
    do="Fetch these images again or remove them: training stops at the first of them.",
)
BLANK = Rule(
    name="blank",
    severity="warning",
    when=f"an image is of one colour (luma deviates by less than {FLAT_BELOW:g} of 255)",
    do="Look at them; remove those that show nobody.",
)
RULES = (UNREADABLE, BLANK)


def ask(subject: Subject) -> Answer:
    """Counts of images that fail, by reason."""
    own = subject.own
    empty = own.manifest.checksums == EMPTY
    findings = []
    rows: list[dict[str, Scalar]] = []
    for reason, failed in sorted(own.looks.reasons.items(), key=lambda item: -len(item[1])):
        damaged = sorted(row for row in failed if not empty[row])
        if damaged:
            examples = own.ids(damaged[:EXAMPLES])
            findings.append(
                UNREADABLE.found(len(damaged), f"{many(len(damaged), 'image')}: {reason}", examples)
            )
            rows.append({"why": reason, "images": len(damaged)})
    blank = own.looks.rows[own.looks.states == FLAT]
    if len(blank):
        findings.append(
            BLANK.found(
                len(blank),
                f"{many(len(blank), 'image')} of one colour",
                own.ids(blank[:EXAMPLES]),
                [(own.picture(row),) for row in blank[:EXAMPLES]],
            )
        )
    failures = sum(len(failed) for failed in own.looks.reasons.values())
    return Answer(
        facts={
            "looked at": len(own.looks.rows),
            "of": len(own.manifest),
            "cannot be decoded": failures,
            "of one colour": len(blank),
        },
        rows=tuple(rows),
        findings=tuple(findings),
    )
