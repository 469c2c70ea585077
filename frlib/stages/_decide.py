"""Whether a rule fits the training it judges, and its findings on the evidence, told of the set as
it was before any cleaning."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from frlib.cleaning import findings
from frlib.cleaning.composed import of_whole
from frlib.cleaning.evidence import Evidence
from frlib.cleaning.findings import Findings
from frlib.core import discover
from frlib.core.errors import ConfigError
from frlib.train.config import TrainConfig

if TYPE_CHECKING:
    from frlib.denoise import Rule

FILE = "findings.parquet"


def decided(rule: "Rule", seen: Evidence, folder: Path) -> dict[str, Any]:
    """Findings of a rule into a folder, and what they count."""
    found = of_whole(seen, discover.load("frlib.denoise", rule.name).decide(seen, rule))
    findings.write(found, folder / FILE)
    return counts(found)


def require_fit(rule: "Rule", seen: TrainConfig) -> None:
    """`ConfigError` where the training that is judged leaves nothing for the rule to look at."""
    head = seen.head
    slots = discover.load("frlib.heads.presets", head.name).compose(head)
    taken, wanted = slots.relabel.name, rule.decisions
    if wanted and taken != wanted:
        raise ConfigError(
            f"rule {rule.name!r} looks at decisions of kind {wanted!r}, and the head {head.name!r} "
            f"of that training takes {'none' if taken == 'none' else repr(taken)}; train another "
            "head there (changes.head), one whose relabel slot is that"
        )
    if rule.compares_cosines and not slots.similarity.normalised:
        raise ConfigError(
            f"rule {rule.name!r} compares cosines, and the head {head.name!r} of that training has "
            "inner products; train one with normalised centres there (changes.head)"
        )
    if rule.begins >= seen.epochs:
        raise ConfigError(
            f"rule {rule.name!r} looks at epochs from {rule.begins} on, and that training has "
            f"{seen.epochs}; set rule.first below it"
        )


def counts(found: Findings) -> dict[str, Any]:
    """Samples, flagged ones, proposals, and what the rule says about itself."""
    return {
        "samples": len(found),
        "flagged": int(found.is_flagged.sum()),
        "proposed": int(found.relabelled().sum()),
        "rule": dict(found.facts),
    }
