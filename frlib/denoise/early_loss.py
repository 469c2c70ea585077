"""High losses in the first epochs, before wrong labels are learned by heart.

    loss_i = mean over epochs [first, last) of the loss of sample i with the label trained on
    flag   = the ⌊share·N⌋ samples with the highest, or ⌊share·n_c⌋ of every class

Networks fit right labels first; a wrong one keeps its loss high until late. Epochs that did not
train on a sample do not count for it; one that none trained on is not flagged. Equal losses: the
earlier sample first. As in `loss_quantile` the share has to be known or guessed, and suspicion is
r^(1/share − 1) of the mid-rank r.

Source: the order of learning in Arpit et al., A closer look at memorization, ICML 2017, arXiv
1706.05394; the mean loss over epochs as a score in Huang et al., O2U-Net, ICCV 2019, there over a
cyclic learning rate, here over the first epochs of an ordinary training.
"""

from typing import ClassVar, Literal

import numpy as np
from pydantic import model_validator

from frlib.cleaning.evidence import Evidence, Need
from frlib.cleaning.findings import Findings
from frlib.core.config import setting
from frlib.core.errors import ConfigError, NumericsError
from frlib.core.label import named
from frlib.core.paper import Paper
from frlib.denoise._ranks import by_share, highest, mid_ranks
from frlib.denoise._rule import Rule

PAPER = Paper(
    key="huang2019o2unet",
    title="Early loss",
    where="mean loss over epochs; the first epochs of an ordinary training are ours",
)


class Config(Rule):
    """Which epochs, and how many samples are flagged."""

    needs: ClassVar[tuple[Need, ...]] = ("course",)
    name: Literal["early_loss"] = "early_loss"
    first: int = setting(1, ge=0, doc="first epoch that counts, from 0", unit="epoch")
    last: int = setting(6, ge=1, doc="epoch before which it ends", unit="epoch")
    share: float = setting(0.2, gt=0, le=1, doc="share of the samples that is flagged")
    per_class: bool = setting(False, doc="the share of every class, and not of the whole set")

    @property
    def begins(self) -> int:
        """The first epoch that counts."""
        return self.first

    @model_validator(mode="after")
    def _ordered(self) -> "Config":
        if self.first >= self.last:
            raise ValueError(
                f"first={self.first}, last={self.last}: no epoch lies between; raise last"
            )
        return self


def label(config: Config) -> str:
    """Name in tables: Early loss, Early loss (before epoch 4, per class)."""
    return named(
        PAPER.title,
        config,
        first="from epoch {}",
        last="before epoch {}",
        share="share {:g}",
        per_class="per class",
    )


def decide(evidence: Evidence, config: Config) -> Findings:
    """Verdicts; `ConfigError` where losses were not kept, or for epochs that were not trained."""
    course = evidence.course
    if course.losses is None or course.epochs <= config.first:
        kept = "no losses" if course.losses is None else f"losses of {course.epochs} epochs"
        raise ConfigError(
            f"denoise {config.name!r}: {kept} were kept of this training; expected some from epoch "
            f"{config.first} on. Judge a train stage, and set first below its epochs"
        )
    losses = course.losses[config.first : config.last].astype(np.float64)
    seen = ~np.isnan(losses)
    if np.isinf(losses).any():
        raise NumericsError(
            f"denoise {config.name!r}: {int(np.isinf(losses).any(axis=0).sum()):,} samples have an "
            "infinite loss in these epochs; look into the training that is judged"
        )
    loss = np.where(seen, losses, 0).sum(axis=0) / np.maximum(seen.sum(axis=0), 1)
    loss[~seen.any(axis=0)] = -np.inf
    groups = evidence.given if config.per_class else np.zeros(len(evidence), dtype=np.int64)
    flagged = highest(loss, groups, config.share) & seen.any(axis=0)
    return evidence.findings(
        config.name,
        flagged,
        by_share(mid_ranks(loss, groups), config.share),
        None,
        {"never_seen": int((~seen.any(axis=0)).sum())},
    )
