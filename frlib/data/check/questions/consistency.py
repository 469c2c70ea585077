"""Do the parts of a set agree: labels, ids, names, and what its own files say about it?"""

import unicodedata
from collections import defaultdict

import numpy as np

from frlib.data.check.questions.readable import EMPTY
from frlib.data.check.report import EXAMPLES, Answer, Rule, many
from frlib.data.check.subject import Subject
from frlib.data.texts import repeated

TITLE = "Consistency"
ORDER = 80
ZERO_BYTES = Rule(
    name="zero-bytes",
    severity="error",
    when="an image has zero bytes",
    do="Was a copy cut short? Fetch these images again or remove them.",
)
REPEATED_ID = Rule(
    name="repeated-id",
    severity="error",
    when="an id names two images",
    do="Give every image a key of its own.",
)
EMPTY_CLASS = Rule(
    name="no-image",
    severity="warning",
    when="an identity has no image",
    do="Classes without images waste memory and never train; convert the set to drop them.",
)
PROPERTY = Rule(
    name="property",
    severity="warning",
    when="the file `property` states another number of classes than the images have",
    do="Programs that believe the file build a classifier of the wrong size: correct it.",
)
NAMES = Rule(
    name="names-alike",
    severity="warning",
    when="names of identities differ only in case, blanks, punctuation or Unicode form",
    do="If they are one person, merge them; else ignore this.",
)
RULES = (ZERO_BYTES, REPEATED_ID, EMPTY_CLASS, PROPERTY, NAMES)


def ask(subject: Subject) -> Answer:
    """Counts of everything that does not agree."""
    own, manifest = subject.own, subject.own.manifest
    zero = np.flatnonzero(manifest.checksums == EMPTY)
    ids = repeated(manifest.ids)
    without = [manifest.identities[label] for label in np.flatnonzero(manifest.class_sizes == 0)]
    alike = _alike(manifest.identities) if own.names_people else []
    findings = []
    for rule, count, what, says, examples in (
        (ZERO_BYTES, len(zero), "image", "of zero bytes", own.ids(zero[:EXAMPLES])),
        (REPEATED_ID, len(ids), "id", "of more than one image", ids),
        (EMPTY_CLASS, len(without), "identity", "without an image", without),
        (NAMES, len(alike), "group", "of names that are alike", [" = ".join(a) for a in alike]),
    ):
        if count:
            findings.append(rule.found(count, f"{many(count, what)} {says}", examples))
    stated = manifest.facts.get("source", {}).get("classes_in_property")
    counted = int((manifest.class_sizes > 0).sum())
    if stated is not None and stated != counted:
        findings.append(
            PROPERTY.found(1, f"property states {stated:,} classes, the images have {counted:,}")
        )
    return Answer(
        facts={
            "zero bytes": len(zero),
            "repeated ids": len(ids),
            "identities without an image": len(without),
            "names alike": len(alike),
        }
        | ({} if stated is None else {"classes in property": stated}),
        findings=tuple(findings),
    )


def _alike(names: tuple[str, ...]) -> list[tuple[str, ...]]:
    groups = defaultdict(list)
    for name in names:
        letters = unicodedata.normalize("NFKC", name).casefold()
        words = "".join(letter if letter.isalnum() else " " for letter in letters).split()
        groups[" ".join(words) or letters].append(name)
    return [tuple(group) for group in groups.values() if len(group) > 1]
