"""Samples that lie nearer to another class than to their own, by the model's plain cosines.

    gap_i      = c_(1) − c_iy            c_(1), c_(2) the largest cosines with other classes than y
    flag_i     = gap_i > gap
    proposal_i = the class of c_(1) where c_(1) − c_(2) > lead; else none
    suspicion  = 1 / (1 + exp(−s·(gap_i − gap)))         s the scale of the logits

It is BoundaryFace's test with a bar of one's own in place of the margin, and asked of a finished
model. Of a model that was trained on the sample it answers what was learned by heart; in a loop,
samples that the rounds before took out are judged by a model that has not seen them.

Source: this project's own; the comparison of the given class with the best other one is in Wu and
Gong, BoundaryFace, ECCV 2022, section 3.2, and, over the course of training, in Pleiss et al., AUM,
NeurIPS 2020.
"""

from typing import ClassVar, Literal

import numpy as np
from scipy.special import expit

from frlib.cleaning.evidence import Evidence, Need
from frlib.cleaning.findings import NO_PROPOSAL, Findings
from frlib.core.config import setting
from frlib.core.label import named
from frlib.core.paper import Paper
from frlib.denoise._rule import Rule

PAPER = Paper(key="own", title="Nearest class", where="this project's own construction")


class Config(Rule):
    """How much nearer another class must be, and how clearly it must be the one."""

    needs: ClassVar[tuple[Need, ...]] = ("answers", "embeddings")
    compares_cosines: ClassVar[bool] = True
    name: Literal["nearest_class"] = "nearest_class"
    gap: float = setting(0.1, ge=-2, le=2, doc="cosine by which another class must be nearer")
    lead: float = setting(
        0.1, ge=0, le=2, doc="cosine by which it must lead over a third class to be proposed"
    )


def label(config: Config) -> str:
    """Name in tables: Nearest class, Nearest class (gap 0.2)."""
    return named(PAPER.title, config, gap="gap {:g}", lead="lead {:g}")


def decide(evidence: Evidence, config: Config) -> Findings:
    """Verdicts, with the nearest class as the proposal where it leads."""
    answers = evidence.answered
    gap_N = answers.rival - answers.own
    flagged = gap_N > config.gap
    leads = answers.rival - answers.second > config.lead
    proposed = np.where(leads, answers.rival_class, NO_PROPOSAL)
    suspicion = expit(evidence.vectors.scale * (gap_N - config.gap))
    facts = {"suspected_only": int((flagged & ~leads).sum())}
    return evidence.findings(config.name, flagged, suspicion, proposed, facts)
