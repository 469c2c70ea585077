"""A rule's findings on evidence, told of the set as it was before any cleaning."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from frlib.cleaning import findings
from frlib.cleaning.composed import of_whole
from frlib.cleaning.evidence import Evidence
from frlib.cleaning.findings import Findings
from frlib.core import discover

if TYPE_CHECKING:
    from frlib.denoise import Rule

FILE = "findings.parquet"


def decided(rule: "Rule", seen: Evidence, folder: Path) -> dict[str, Any]:
    """Findings of a rule into a folder, and what they count."""
    found = of_whole(seen, discover.load("frlib.denoise", rule.name).decide(seen, rule))
    findings.write(found, folder / FILE)
    return counts(found)


def counts(found: Findings) -> dict[str, Any]:
    """Samples, flagged ones, proposals, and what the rule says about itself."""
    return {
        "samples": len(found),
        "flagged": int(found.is_flagged.sum()),
        "proposed": int(found.relabelled().sum()),
        "rule": dict(found.facts),
    }
