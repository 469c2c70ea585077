"""The large-loss baseline: the share of the samples that the trained model fits worst.

    loss_i = log Σ_j exp z_ij − z_iy     z the logits with margin and scale, y the given label

Of N samples the ⌊share·N⌋ with the highest loss are flagged; with `per_class` ⌊share·n_c⌋ of the
n_c of every class, so that a class of few and hard images does not lose all of them, and one of
fewer than 1/share images loses none. Equal losses: the earlier sample is flagged first. There is no
bar of its own: the share has to be known or guessed, and on clean data as many are flagged.

Suspicion: r^(1/share − 1), with r in (0, 1) the mid-rank of the loss (within the class, with
`per_class`). Its mean is the share, as it should be if the share is right, and it keeps the order
of the losses. The posterior of a mixture of two normals fitted to the losses was the alternative
and is not used: with unequal spreads it rises again for the smallest losses, and margin-ed losses
of a fitted training set are not two normals.

Source: the small-loss criterion, as in Han et al., Co-teaching, NeurIPS 2018, arXiv 1804.06872,
where it selects within every batch while training. Here it is one pass with the finished model.
"""

from typing import ClassVar, Literal

import numpy as np

from frlib.cleaning.evidence import Evidence, Need
from frlib.cleaning.findings import Findings
from frlib.core.config import setting
from frlib.core.errors import NumericsError
from frlib.core.label import named
from frlib.core.paper import Paper
from frlib.denoise._ranks import by_share, highest, mid_ranks
from frlib.denoise._rule import Rule

PAPER = Paper(
    key="han2018coteaching",
    title="Large loss",
    where="the small-loss criterion, turned round and used in one pass",
    url="https://arxiv.org/abs/1804.06872",
)


class Config(Rule):
    """How many are flagged, among whom, and whether they are given another label."""

    needs: ClassVar[tuple[Need, ...]] = ("answers",)
    name: Literal["loss_quantile"] = "loss_quantile"
    share: float = setting(0.2, gt=0, le=1, doc="share of the samples that is flagged")
    per_class: bool = setting(False, doc="the share of every class, and not of the whole set")
    propose: bool = setting(False, doc="propose the nearest other class for what is flagged")


def label(config: Config) -> str:
    """Name in tables: Large loss, Large loss (share 0.3, per class)."""
    return named(PAPER.title, config, share="share {:g}", per_class="per class", propose="relabel")


def decide(evidence: Evidence, config: Config) -> Findings:
    """Verdicts; `NumericsError` for a loss that is not finite."""
    answers = evidence.answered
    loss = answers.log_sum_exp - answers.label_logit
    if not np.isfinite(loss).all():
        row = int(np.isfinite(loss).argmin())
        raise NumericsError(
            f"denoise {config.name!r}: the loss of sample {evidence.ids[row]!r} is {loss[row]} "
            f"({int((~np.isfinite(loss)).sum())} not finite); it has no place among the others. "
            "Check the checkpoint that the evidence was made with"
        )
    groups = evidence.given if config.per_class else np.zeros(len(evidence), dtype=np.int64)
    flagged = highest(loss, groups, config.share)
    return evidence.findings(
        config.name,
        flagged,
        by_share(mid_ranks(loss, groups), config.share),
        answers.rival_class if config.propose else None,
        {"lowest_loss_flagged": float(loss[flagged].min()) if flagged.any() else None},
    )
