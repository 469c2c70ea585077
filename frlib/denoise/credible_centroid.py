"""The credible samples of MixBCT: of every class, the share T nearest to its mean.

    u_i = x_i / |x_i|                                 rows of length 1
    v_i = u_i / q,   q_d = sqrt(Σ_i u_id²)            columns of length 1, if `column_scale`
    d_i = |v_i − m_y|,   m_c = mean of v over class c
    keep the ⌈T·n_c⌉ of the n_c samples of class c with the smallest d; flag the others

Equal distances, up to 1e-9 of the largest: the earlier sample is nearer. T·n_c is rounded to nine
digits first, since 0.55·100 is 55.000…01 as a float. At T = 0.9 a class of fewer than 10 loses
nothing, and every class of more loses some, also where no label in it is wrong.

The source scales columns, which is the default here: dimensions that hold little of all lengths
count as much as others, and a sample's verdict depends on the whole set. The README does not
explain it. Without, distances are those between directions.

Suspicion: r^(1/(1−T) − 1), with r in (0, 1) the mid-rank, among all samples, of how much further d
is than the median distance of the class. Its mean is 1 − T, the share of wrong labels that the rule
assumes. Ranks are taken over all samples, and not within the class, since a class without noise has
a furthest sample too. A sample alone in its class is at distance 0 of its median.

Source: Liang et al., MixBCT, arXiv 2308.06948, and their repository (yuleung),
denoise_credible.py. Deviations: samples may come in any order, where the source needs them class by
class; float64; ties are by place, where the source leaves them to its sort.

Shapes: N samples, C classes, D dimensions, b samples of a block. Two passes over the embeddings
with C·D numbers kept, whatever N is.
"""

from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from frlib.cleaning.evidence import Evidence, Need
from frlib.cleaning.findings import Findings
from frlib.core.config import setting
from frlib.core.label import named
from frlib.core.paper import Paper
from frlib.core.rows import Rows, add_by_class, blocks, labels_of
from frlib.denoise._ranks import by_share, mid_ranks, places
from frlib.denoise._rule import Rule

PAPER = Paper(
    key="liang2023mixbct",
    title="Credible centroid",
    where="MixBCT repository (yuleung), denoise_credible.py",
    url="https://arxiv.org/abs/2308.06948",
)
KEEP_SHARE = 0.9
TIE = 1e-9


class Config(Rule):
    """How many stay in a class, and whether columns are scaled."""

    needs: ClassVar[tuple[Need, ...]] = ("embeddings",)
    name: Literal["credible_centroid"] = "credible_centroid"
    keep_share: float = setting(
        KEEP_SHARE, gt=0, le=1, doc="share T of every class that is kept", source="MixBCT, T"
    )
    column_scale: bool = setting(
        True,
        doc="scale every dimension to length 1 over the whole set first",
        source="MixBCT repository, denoise_credible.py",
    )


def label(config: Config) -> str:
    """Name in tables: Credible centroid, Credible centroid (T=0.7)."""
    return named(PAPER.title, config, keep_share="T={:g}", column_scale="columns unscaled")


def decide(evidence: Evidence, config: Config) -> Findings:
    """Verdicts without proposals."""
    given, classes = evidence.given, evidence.num_classes
    found = credible(
        evidence.vectors.embeddings, given, classes, config.keep_share, config.column_scale
    )
    excess = found.distance - _medians(found.distance, given, classes)[given]
    digits = np.round(excess / max(found.distance.max(initial=0), np.finfo(float).tiny), 9)
    return evidence.findings(
        config.name,
        ~found.keep,
        by_share(mid_ranks(digits), 1 - config.keep_share),
        facts={
            "column_scale": config.column_scale,
            "classes_cut": len(np.unique(given[~found.keep])),
        },
    )


@dataclass(frozen=True, kw_only=True, eq=False)
class Credible:
    """keep: `[N]` whether the sample is credible. distance: `[N]` to the mean of its class."""

    keep: NDArray[np.bool_]
    distance: NDArray[np.float64]


def credible(
    embeddings_ND: Rows,
    labels_N: ArrayLike,
    num_classes: int,
    keep_share: float = KEEP_SHARE,
    column_scale: bool = True,
) -> Credible:
    """Distances to the class means, and who is near enough.

    embeddings_ND: an array, or read as needed; of any length, a zero row stays zero. labels_N:
    given labels 0 .. C − 1; classes without samples are fine. `DataError` where the two do not fit,
    `NumericsError` for an embedding that is not finite.
    """
    labels, dim = labels_of(embeddings_ND, labels_N, num_classes), embeddings_ND.shape[1]
    mean_CD, square_D = np.zeros((num_classes, dim)), np.zeros(dim)
    for part, rows_bD, norm_b in blocks(embeddings_ND, "embeddings"):
        unit_bD = rows_bD / norm_b[:, None]
        add_by_class(mean_CD, unit_bD, labels[part])
        square_D += np.square(unit_bD).sum(axis=0)
    count_C = np.bincount(labels, minlength=num_classes)
    mean_CD /= np.maximum(count_C, 1)[:, None]
    length_D = np.sqrt(square_D) if column_scale else np.ones(dim)
    length_D[length_D == 0] = 1
    distance = np.empty(len(labels))
    for part, rows_bD, norm_b in blocks(embeddings_ND, "embeddings"):
        away_bD = (rows_bD / norm_b[:, None] - mean_CD[labels[part]]) / length_D
        distance[part] = np.sqrt(np.vecdot(away_bD, away_bD))
    limit_C = np.ceil(np.round(keep_share * count_C, 9))
    place = places(_nearest_first(distance, labels), labels)
    return Credible(keep=place < limit_C[labels], distance=distance)


def _nearest_first(
    distance_N: NDArray[np.float64], labels_N: NDArray[np.int64]
) -> NDArray[np.int64]:
    """`[N]` samples class by class, nearest first; ties, which rounding may hide, by place."""
    order = np.lexsort((distance_N, labels_N))
    near, own = distance_N[order], labels_N[order]
    is_further = np.ones(len(order), dtype=np.bool_)
    is_further[1:] = (own[1:] != own[:-1]) | (near[1:] - near[:-1] > TIE * near.max(initial=0))
    resorted: NDArray[np.int64] = order[np.lexsort((order, np.cumsum(is_further)))]
    return resorted


def _medians(
    values_N: NDArray[np.float64], labels_N: NDArray[np.int64], num_classes: int
) -> NDArray[np.float64]:
    """`[C]` median of every class; 0 for one without samples."""
    ordered = values_N[np.lexsort((values_N, labels_N))]
    count = np.bincount(labels_N, minlength=num_classes)
    some = np.flatnonzero(count)
    first = (np.cumsum(count) - count)[some]
    medians = np.zeros(num_classes)
    medians[some] = (
        ordered[first + (count[some] - 1) // 2] + ordered[first + count[some] // 2]
    ) / 2
    return medians
