"""The label that the noise-resistant loss mixes in: the model's own answer where it is another one.

    ŷ_i    = argmax_j z_ij      z the logits with scale, and the margin on the given label y
    flag_i = z_iŷ > z_iy        strictly: where the given label is among the largest, it stays
    proposal = ŷ_i

The loss L = −[β·log p_y + (1 − β)·log p_ŷ] (equation 4) gives ŷ the weight 1 − β of the target.
This rule says where that is another label than the given one, and which. β decides how strongly
the training listens to ŷ and not what ŷ is, so it is no field here. The margin lowers the given
label's logit, so that ŷ differs more often than the nearest centre does: some right labels that
lie within the margin of a rival are flagged.

Suspicion: 1 − p_y, the probability that the model gives to all other classes together; above 1/2
wherever the sample is flagged. The margin is in it, so it is too high for right labels.

Source: Zhong et al., Unequal-Training for Deep Face Recognition with Long-tailed Noisy Data, CVPR
2019, equation 4. The paper trains with ŷ and writes no list; reading it as a verdict is ours.
"""

from typing import ClassVar, Literal

import numpy as np

from frlib.cleaning.evidence import Evidence, Need
from frlib.cleaning.findings import Findings
from frlib.core.paper import Paper
from frlib.denoise._rule import Rule

PAPER = Paper(
    key="zhong2019unequal",
    title="Unequal label mix",
    where="equation 4, the second label of the mixture read as a verdict",
    url="https://openaccess.thecvf.com/content_CVPR_2019/html/Zhong_Unequal-Training_for_Deep_Face_Recognition_With_Long-Tailed_Noisy_Data_CVPR_2019_paper.html",
)


class Config(Rule):
    """Nothing to set."""

    needs: ClassVar[tuple[Need, ...]] = ("answers",)
    name: Literal["label_mix"] = "label_mix"


def label(config: Config) -> str:
    """Name in tables."""
    return PAPER.title


def decide(evidence: Evidence, config: Config) -> Findings:
    """Verdicts, with the model's own answer as the proposal."""
    answers = evidence.answered
    label_prob = np.exp(np.minimum(answers.label_logit - answers.log_sum_exp, 0))
    flagged = answers.max_logit > answers.label_logit
    nearer = answers.rival > answers.own
    return evidence.findings(
        config.name,
        flagged,
        1 - label_prob,
        answers.rival_class,
        {"by_the_margin_alone": int((flagged & ~nearer).sum())},
    )
