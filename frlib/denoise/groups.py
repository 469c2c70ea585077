"""The noisy group of RepFace: samples that its head held to be wrong when training ended.

In every epoch from its first corrected one the head splits the samples into clean, ambiguous and
noisy by how much nearer another class is than the given one, against a bar that it learns from
artificial noise (`frlib head show relabel.progressive`). The noisy ones are flagged, with that
nearest other class as the proposal; ambiguous ones are not. With a larger memory enough of the last
epochs must have named the same class.

Suspicion: the share of the epochs heard that put the sample into the noisy group. With memory 1 it
is 0 or 1.

Unlike the list of `boundary`, the bar moves with the training, and is infinite while known noise
cannot be told from the rest: then nothing is flagged. That the verdicts are kept as a list, and the
votes of several epochs, are ours.

Source: Zhang, Gong and Sun, RepFace, AAAI 2025, arXiv 2412.12031 (abstract).
"""

from typing import ClassVar, Literal

from frlib.cleaning.evidence import Evidence
from frlib.cleaning.findings import Findings
from frlib.core.paper import Paper
from frlib.denoise._votes import Votes, elected, titled

PAPER = Paper(
    key="zhang2025repface",
    title="RepFace-style groups",
    where="abstract; what it leaves open was chosen here",
    url="https://arxiv.org/abs/2412.12031",
)


class Config(Votes):
    """Epochs heard and agreement."""

    decisions: ClassVar[str] = "progressive"
    name: Literal["groups"] = "groups"


def label(config: Config) -> str:
    """Name in tables."""
    return titled(PAPER.title, config)


def decide(evidence: Evidence, config: Config) -> Findings:
    """Verdicts; `ConfigError` for a course of another head than a progressive one."""
    return elected(evidence, config, "repface")
