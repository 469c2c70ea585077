"""The corrected samples of BoundaryFace: what its head had handed over by the end of training.

In every epoch the head hands samples over to the class beyond whose margin they lie (`frlib head
show relabel.boundary`). With memory 1 the verdicts are the last epoch's hand-overs, which the
authors print as their list of corrected samples. A larger memory asks several epochs, each of which
began again from the given labels, and flags what enough of them handed to the same class.

Suspicion: the share of the epochs heard that handed the sample over, to whatever class. With memory
1 it is 0 or 1.

The votes of several epochs are ours. A sample counts once an epoch, with the last decision on it.

Source: Wu and Gong, BoundaryFace, ECCV 2022, arXiv 2210.04567, and their repository
(SWJTU-3DVision).
"""

from typing import ClassVar, Literal

from frlib.cleaning.evidence import Evidence
from frlib.cleaning.findings import Findings
from frlib.core.paper import Paper
from frlib.denoise._votes import Votes, elected, titled

PAPER = Paper(
    key="wu2022boundaryface",
    title="BoundaryFace list",
    where="the samples that its head relabels; votes of several epochs are ours",
    url="https://arxiv.org/abs/2210.04567",
)


class Config(Votes):
    """Epochs heard and agreement."""

    decisions: ClassVar[str] = "boundary"
    name: Literal["boundary"] = "boundary"


def label(config: Config) -> str:
    """Name in tables."""
    return titled(PAPER.title, config)


def decide(evidence: Evidence, config: Config) -> Findings:
    """Verdicts; `ConfigError` for a course of another head than a boundary one."""
    return elected(evidence, config, "boundary")
