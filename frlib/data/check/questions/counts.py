"""How many people, images, and images of a person."""

import numpy as np

from frlib.data.check.report import Answer, Rule
from frlib.data.check.subject import Subject

TITLE = "People and images"
ORDER = 10
NOBODY_TWICE = Rule(
    name="nobody-twice",
    severity="error",
    when="no identity has two images",
    do="Check that identities are read from the right folder level, column or label.",
)
ONE_PERSON = Rule(
    name="one-person",
    severity="error",
    when="there are fewer than two identities",
    do="Check that identities are read from the right folder level, column or label.",
)
RULES = (NOBODY_TWICE, ONE_PERSON)


def ask(subject: Subject) -> Answer:
    """Counts of the manifest; per identity over those that have images."""
    manifest = subject.own.manifest
    sizes = manifest.class_sizes[manifest.class_sizes > 0]
    findings = []
    if sizes.max() < 2:
        findings.append(
            NOBODY_TWICE.found(len(sizes), f"each of {len(sizes):,} identities has one image")
        )
    if len(sizes) < 2:
        findings.append(ONE_PERSON.found(1, "all images show one identity"))
    return Answer(
        facts={
            "identities": len(sizes),
            "images": len(manifest),
            "fewest images": int(sizes.min()),
            "median": float(np.median(sizes)),
            "mean": round(float(sizes.mean()), 2),
            "most images": int(sizes.max()),
            "with one image": int((sizes == 1).sum()),
        },
        findings=tuple(findings),
    )
