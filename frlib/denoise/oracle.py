"""What a perfect rule would find: the truth itself. A bound for tables, never a method.

Flags exactly the samples whose given label is known to be wrong, and proposes who they show where
that is a class of the set. Cleaning by it shows how much there is to gain, whatever the rule. It
needs a truth, as noise that was made on purpose leaves behind.

Suspicion: 1 where it flags, 0 elsewhere. Samples of unknown truth among known ones are not flagged,
and counted; with such ones it is no bound any more.
"""

from typing import ClassVar, Literal

import numpy as np

from frlib.cleaning.evidence import Evidence, Need
from frlib.cleaning.findings import NO_PROPOSAL, Findings
from frlib.core.config import setting
from frlib.core.errors import DataError
from frlib.core.label import named
from frlib.core.paper import Paper
from frlib.data.manifest import UNKNOWN
from frlib.denoise._rule import Rule

PAPER = Paper(key="", title="Oracle", where="the truth; an upper bound, no method")


class Config(Rule):
    """Whether the right labels are told as well."""

    needs: ClassVar[tuple[Need, ...]] = ("truth",)
    name: Literal["oracle"] = "oracle"
    relabel: bool = setting(True, doc="propose the true label; else what is flagged has none")


def label(config: Config) -> str:
    """Name in tables: Oracle, Oracle (drop)."""
    return named(PAPER.title, config, relabel="drop")


def decide(evidence: Evidence, config: Config) -> Findings:
    """The truth as verdicts; `DataError` where none is known."""
    true = evidence.truth.true
    unknown = true == UNKNOWN
    if unknown.all():
        raise DataError(
            f"denoise {config.name!r}: the true label of none of the {len(evidence):,} samples is "
            "known; expected a set with a truth. Make noise on a source with trusted=true, or "
            "take another rule"
        )
    flagged = ~unknown & (true != evidence.given)
    has_class = (true >= 0) & (true < evidence.num_classes)
    return evidence.findings(
        config.name,
        flagged,
        flagged.astype(np.float64),
        np.where(has_class, true, NO_PROPOSAL) if config.relabel else None,
        {"unknown": int(unknown.sum()), "without_class": int((flagged & ~has_class).sum())},
    )
