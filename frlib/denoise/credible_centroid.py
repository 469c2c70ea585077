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

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from frlib.cleaning.evidence import Evidence, Need
from frlib.cleaning.findings import Findings
from frlib.core.config import setting
from frlib.core.errors import DataError
from frlib.core.paper import Paper
from frlib.core.rows import row_norms
from frlib.denoise._label import named
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
BLOCK_NUMBERS = 2**20


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
    embeddings_ND: NDArray[Any],
    labels_N: ArrayLike,
    num_classes: int,
    keep_share: float = KEEP_SHARE,
    column_scale: bool = True,
) -> Credible:
    """Distances to the class means, and who is near enough.

    embeddings_ND: in memory or mapped, of any length; a zero row stays zero. labels_N: given
    labels 0 .. C − 1; classes without samples are fine. `DataError` where the two do not fit,
    `NumericsError` for an embedding that is not finite.
    """
    labels = np.asarray(labels_N, dtype=np.int64)
    if embeddings_ND.ndim != 2 or labels.shape != embeddings_ND.shape[:1]:
        raise DataError(
            f"embeddings of shape {embeddings_ND.shape} for labels of shape {labels.shape}: "
            "expected one row a label. Are both of the same run?"
        )
    if labels.size and not 0 <= labels.min() <= labels.max() < num_classes:
        raise DataError(
            f"labels from {labels.min()} to {labels.max()}: expected 0 to {num_classes - 1}, the "
            "classes of the set"
        )
    dim = embeddings_ND.shape[1]
    mean_CD, square_D = np.zeros((num_classes, dim)), np.zeros(dim)
    for start, unit_bD in _unit_rows(embeddings_ND):
        own = labels[start : start + len(unit_bD)]
        order = np.argsort(own, kind="stable")
        present, first = np.unique(own[order], return_index=True)
        mean_CD[present] += np.add.reduceat(unit_bD[order], first, axis=0)
        square_D += np.square(unit_bD).sum(axis=0)
    count_C = np.bincount(labels, minlength=num_classes)
    mean_CD /= np.maximum(count_C, 1)[:, None]
    length_D = np.sqrt(square_D) if column_scale else np.ones(dim)
    length_D[length_D == 0] = 1
    distance = np.empty(len(labels))
    for start, unit_bD in _unit_rows(embeddings_ND):
        end = start + len(unit_bD)
        away_bD = (unit_bD - mean_CD[labels[start:end]]) / length_D
        distance[start:end] = np.sqrt(np.vecdot(away_bD, away_bD))
    limit_C = np.ceil(np.round(keep_share * count_C, 9))
    place = places(_nearest_first(distance, labels), labels)
    return Credible(keep=place < limit_C[labels], distance=distance)


def _unit_rows(embeddings_ND: NDArray[Any]) -> Iterator[tuple[int, NDArray[np.float64]]]:
    """Where a block of rows begins, and the rows at length 1."""
    step = max(1, BLOCK_NUMBERS // embeddings_ND.shape[1])
    for start in range(0, len(embeddings_ND), step):
        rows_bD = embeddings_ND[start : start + step].astype(np.float64)
        rows_bD /= row_norms(rows_bD, "embeddings", start)[:, None]
        yield start, rows_bD


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
