"""The noise list of Unequal Training: images the pretrained model is sure of in no class at all.

    p_j  = exp(z_j − log Σ_i exp z_i)        z the logits with margin and scale
    flag = max_j p_j < threshold             strictly

The given label's logit carries its margin, as in training. A low maximum says "like nobody here",
an open-set sample; a wrong label within the set shows as a high maximum elsewhere and is not
flagged. Flagged images leave the training sequence; the source lists them with both probabilities.

Source: Zhong et al., Unequal-Training for Deep Face Recognition with Long-tailed Noisy Data, CVPR
2019, and their repository, data_boot_gs.py (0.007 is the default of its iterator;
train_NR_savemodel.py passes it in a block that is commented out, train_NR.py passes 0, which flags
nothing). Deviation: the source works on `[B, C]` probabilities, here three numbers an image do.

The threshold belongs to a scale and a number of classes. A maximum is never below 1/C, so 0.007
flags nothing among 142 classes or fewer; a smaller s flattens all probabilities and flags more. The
source has s = 64 and tens of thousands of classes. Quote the three together.

Suspicion: 1 − max_j p_j, the probability that the model takes away from its best answer. It says
"nobody here" and not "somebody else": a confident flip has little of it.

Shapes: B images.
"""

from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from frlib.cleaning.evidence import Evidence, Need
from frlib.cleaning.findings import Findings
from frlib.core.config import setting
from frlib.core.errors import DataError, NumericsError
from frlib.core.label import named
from frlib.core.paper import Paper
from frlib.denoise._rule import Rule

PAPER = Paper(
    key="zhong2019unequal",
    title="Unequal noise list",
    where="Unequal repository (zhongyy), data_boot_gs.py",
    url="https://openaccess.thecvf.com/content_CVPR_2019/html/Zhong_Unequal-Training_for_Deep_Face_Recognition_With_Long-Tailed_Noisy_Data_CVPR_2019_paper.html",
)
THRESHOLD = 0.007
ROUNDING = 1e-4


class Config(Rule):
    """The threshold."""

    needs: ClassVar[tuple[Need, ...]] = ("answers",)
    name: Literal["low_confidence"] = "low_confidence"
    threshold: float = setting(
        THRESHOLD,
        ge=0,
        le=1,
        doc="flag what has a lower probability in every class; at 1/classes and below, nothing",
        unit="probability",
        source="Unequal repository, data_boot_gs.py, default of the iterator",
    )


def label(config: Config) -> str:
    """Name in tables: Unequal noise list, Unequal noise list (threshold 0.1)."""
    return named(PAPER.title, config, threshold="threshold {:g}")


def decide(evidence: Evidence, config: Config) -> Findings:
    """Verdicts without proposals. The facts name threshold, classes and, where known, scale."""
    answers = evidence.answered
    found = confidence(
        answers.log_sum_exp, answers.label_logit, answers.max_logit, config.threshold
    )
    facts: dict[str, Any] = {"threshold": config.threshold, "classes": evidence.num_classes}
    if evidence.embedded is not None:
        facts["scale"] = evidence.embedded.scale
    if config.threshold * evidence.num_classes <= 1:
        facts["warning"] = (
            f"threshold {config.threshold:g} flags nothing: the largest of {evidence.num_classes} "
            f"probabilities is never below {1 / evidence.num_classes:g}. Raise it"
        )
    return evidence.findings(config.name, found.flag, 1 - found.max_prob, facts=facts)


@dataclass(frozen=True, kw_only=True, eq=False)
class Confidence:
    """Probabilities 0..1 and the verdict, each `[B]`."""

    max_prob: NDArray[np.float64]
    label_prob: NDArray[np.float64]
    flag: NDArray[np.bool_]


def confidence(
    log_sum_exp_B: ArrayLike,
    label_logit_B: ArrayLike,
    max_logit_B: ArrayLike,
    threshold: float = THRESHOLD,
) -> Confidence:
    """Probabilities of the likeliest and the given class, and the flag.

    All three over the same margin-ed, scaled logits of all C classes, in float32 or wider: their
    log-sum-exp, that of the given label, and the largest, which may be the label's own.
    """
    lse, label, largest = (
        np.asarray(values, dtype=np.float64)
        for values in (log_sum_exp_B, label_logit_B, max_logit_B)
    )
    if lse.ndim != 1 or not lse.shape == label.shape == largest.shape:
        raise DataError(
            f"log-sum-exp of shape {lse.shape}, label logits {label.shape}, largest logits "
            f"{largest.shape}: expected one number an image in each"
        )
    bad = ~(np.isfinite(lse) & np.isfinite(label) & np.isfinite(largest))
    if bad.any():
        raise NumericsError(
            f"logits of image {int(bad.argmax())} of the batch are not finite ({int(bad.sum())} "
            "such): it would be neither flagged nor trusted. Check the checkpoint."
        )
    slack = ROUNDING * np.maximum(1, np.abs(lse))
    wrong = (label > largest + slack) | (largest > lse + slack)
    if wrong.any():
        i = int(wrong.argmax())
        raise DataError(
            f"image {i} of the batch: label logit {label[i]:g}, largest {largest[i]:g}, "
            f"log-sum-exp {lse[i]:g}; expected them in this order. Take all three from the logits "
            "after margin and scale, over all classes."
        )
    max_prob = np.exp(np.minimum(largest - lse, 0))
    return Confidence(
        max_prob=max_prob,
        label_prob=np.exp(np.minimum(label - lse, 0)),
        flag=max_prob < threshold,
    )
