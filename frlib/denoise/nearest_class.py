"""Samples that lie nearer to another class than to their own, by the model's plain cosines.

    gap_i      = max_{j≠y} c_ij − c_iy
    flag_i     = gap_i > gap
    proposal_i = argmax_{j≠y} c_ij where gap_i > sure; else none
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
from pydantic import model_validator
from scipy.special import expit

from frlib.cleaning.evidence import Evidence, Need
from frlib.cleaning.findings import NO_PROPOSAL, Findings
from frlib.core.config import setting
from frlib.core.paper import Paper
from frlib.denoise._rule import Rule

PAPER = Paper(key="own", title="Nearest class", where="this project's own construction")


class Config(Rule):
    """Two bars on the gap of cosines."""

    needs: ClassVar[tuple[Need, ...]] = ("answers", "embeddings")
    name: Literal["nearest_class"] = "nearest_class"
    gap: float = setting(0.1, ge=-2, le=2, doc="cosine by which another class must be nearer")
    sure: float = setting(
        0.1, ge=-2, le=2, doc="cosine by which it must be nearer to be proposed; at least gap"
    )

    @model_validator(mode="after")
    def _ordered(self) -> "Config":
        if self.sure < self.gap:
            raise ValueError(
                f"sure={self.sure:g} is below gap={self.gap:g}: what is proposed is flagged first"
            )
        return self


def label(config: Config) -> str:
    """Name in tables."""
    sure = "" if config.sure == config.gap else f", sure {config.sure:g}"
    return f"{PAPER.title} (gap {config.gap:g}{sure})"


def decide(evidence: Evidence, config: Config) -> Findings:
    """Verdicts, with the nearest class as the proposal where it is sure."""
    answers = evidence.answered
    gap_N = answers.rival - answers.own
    flagged = gap_N > config.gap
    proposed = np.where(gap_N > config.sure, answers.rival_class, NO_PROPOSAL)
    suspicion = expit(evidence.vectors.scale * (gap_N - config.gap))
    facts = {"suspected_only": int((flagged & (proposed == NO_PROPOSAL)).sum())}
    return evidence.findings(config.name, flagged, suspicion, proposed, facts)
