"""Confident learning, by the package cleanlab: a baseline from outside face recognition.

    p_ij = softmax_j(s · max_k cos(x_i, w_jk))     of all classes that have samples, no margin

From these and the given labels cleanlab estimates how often each class is labelled as each other
one, and names the samples that it holds to be mislabelled (`filter_by`). The proposal is the
likeliest class.

cleanlab asks for probabilities that are out of sample, from a model that has not seen the sample.
Here the model is asked about its own training set, as all rules here do: a label that it has
learned by heart looks right, which weakens the method most where a model overfits. Several models,
each trained without a part of the set, would do it justice.

Suspicion: 1 − p_iy, one minus what cleanlab calls self-confidence.

All N·C probabilities are held at once, and copied: no more than 2^28 of them are accepted, which
take about 4 GB. cleanlab compares every class with every other one: eight thousand take over a
minute. Its pruning filters name no image of a class that has a single one, and warn of it; the
facts count the warnings.

Source: Northcutt, Jiang and Chuang, Confident Learning, JAIR 70, 2021, arXiv 1911.00068; package
cleanlab, `cleanlab.filter.find_label_issues`. Needs the extra `denoise`.

Shapes: N samples, C classes with samples, K centres a class, D dimensions.
"""

import warnings
from typing import ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from frlib.cleaning.evidence import Embedded, Evidence, Need
from frlib.cleaning.findings import NO_PROPOSAL, Findings
from frlib.core.config import setting
from frlib.core.errors import ConfigError
from frlib.core.label import named
from frlib.core.paper import Paper
from frlib.core.rows import row_norms
from frlib.denoise._rule import Rule

PAPER = Paper(
    key="northcutt2021confident",
    title="Confident learning",
    where="as cleanlab.filter.find_label_issues does it",
    url="https://arxiv.org/abs/1911.00068",
)
MOST_NUMBERS = 2**28
BLOCK_NUMBERS = 2**22

By = Literal[
    "prune_by_noise_rate",
    "prune_by_class",
    "both",
    "confident_learning",
    "predicted_neq_given",
    "low_normalized_margin",
    "low_self_confidence",
]


class Config(Rule):
    """How cleanlab chooses."""

    needs: ClassVar[tuple[Need, ...]] = ("embeddings",)
    name: Literal["confident_learning"] = "confident_learning"
    filter_by: By = setting(
        "prune_by_noise_rate", doc="which samples are named", source="cleanlab's default"
    )


def label(config: Config) -> str:
    """Name in tables: Confident learning, Confident learning (both)."""
    return named(PAPER.title, config, filter_by=config.filter_by.replace("_", " "))


def decide(evidence: Evidence, config: Config) -> Findings:
    """Verdicts; `ConfigError` without the package, or for a larger table than it takes."""
    present, labels = np.unique(evidence.given, return_inverse=True)
    numbers = len(labels) * len(present)
    if numbers > MOST_NUMBERS:
        raise ConfigError(
            f"denoise {config.name!r}: {len(labels):,} samples of {len(present):,} classes make "
            f"{numbers:,} probabilities, which are all held in memory; expected no more than "
            f"{MOST_NUMBERS:,}. Take a part of the set (data.parts), or a rule that needs no table "
            "of all classes: label_mix, loss_quantile, subcenter_drop"
        )
    prob_NC = _probabilities(evidence.vectors, present)
    flagged, warned = _label_issues(labels, prob_NC, config.filter_by)
    likeliest = present[prob_NC.argmax(axis=1)]
    own = prob_NC[np.arange(len(labels)), labels].astype(np.float64)
    return evidence.findings(
        config.name,
        flagged,
        1 - own,
        np.where(likeliest == evidence.given, NO_PROPOSAL, likeliest),
        {"in_sample": True, "scale": evidence.vectors.scale, "warnings": warned},
    )


def _label_issues(
    labels_N: NDArray[np.int64], prob_NC: NDArray[np.float32], by: By
) -> tuple[NDArray[np.bool_], int]:
    """`[N]` what cleanlab names, and how often it warned. Of one class nothing is mislabelled."""
    from importlib.util import find_spec

    if find_spec("cleanlab") is None:
        raise ConfigError(
            "denoise 'confident_learning' needs the package cleanlab: "
            "pip install 'frlib[denoise]', or take another rule"
        )
    if prob_NC.shape[1] < 2:
        return np.zeros(len(labels_N), dtype=np.bool_), 0
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        from cleanlab import filter as cleanlab_filter

        named = cleanlab_filter.find_label_issues(labels_N, prob_NC, filter_by=by, n_jobs=1)
        cleanlab_filter.pred_probs_by_class = {}
    return np.asarray(named, dtype=np.bool_), len(told)


def _probabilities(vectors: Embedded, classes_C: NDArray[np.int64]) -> NDArray[np.float32]:
    """`[N, C]` softmax of scaled cosines with the nearest centre of each of these classes."""
    rows = (classes_C[:, None] * vectors.loss_k + np.arange(vectors.loss_k)).ravel()
    weight_RD = vectors.weight[rows].astype(np.float64)
    weight_RD /= row_norms(weight_RD, "weight")[:, None]
    prob_NC = np.empty((len(vectors.embeddings), len(classes_C)), dtype=np.float32)
    step = max(1, BLOCK_NUMBERS // max(weight_RD.shape))
    for start in range(0, len(prob_NC), step):
        emb_bD = vectors.embeddings[start : start + step].astype(np.float64)
        emb_bD /= row_norms(emb_bD, "embeddings", start)[:, None]
        cos_bR = emb_bD @ weight_RD.T
        logits_bC = vectors.scale * cos_bR.reshape(len(emb_bD), -1, vectors.loss_k).max(axis=2)
        exp_bC = np.exp(logits_bC - logits_bC.max(axis=1, keepdims=True))
        prob_NC[start : start + step] = exp_bC / exp_bC.sum(axis=1, keepdims=True)
    return prob_NC
