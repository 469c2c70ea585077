"""The drop rule of Sub-center ArcFace: which images stay for the second training, with one centre.

    nearest_i  = argmax_k ⟨x_i/|x_i|, w_yk/|w_yk|⟩          y the given label of image i
    dominant_c = argmax_k #{i : y_i = c, nearest_i = k}     ties: lowest index
    keep_i     = cos(x_i, w_y,dominant) > cos(drop angle)   strictly

Every image is compared with the dominant centre of its class, also one that voted for another: the
README's "drop non-dominant sub-centers" removes centres, not the images that voted for them.
Classes of which nothing stays vanish; the others are numbered without gaps, in their old order.

Source: Deng et al., Sub-center ArcFace, ECCV 2020, and insightface,
recognition/subcenter_arcface/drop.py (`--k 3 --threshold 75`). Deviations: the cosine of every
image is kept, so that another angle needs no embeddings (`keep_within`); float64 throughout, where
the source multiplies float32 centres; images may come in any order, where the source reads them
class by class.

Suspicion: 1 / (1 + exp(s·(cos(x_i, w_y,dominant) − cos(drop angle)))), s the scale of the head: 1/2
at the angle and more beyond it. It is what the head would answer if the centre at hand had a single
rival, at the drop angle. With s = 64 it is close to 0 or 1 for most images.

Shapes: N images, C classes, K centres per class, D dimensions, B images of a block. Centre k of
class c is row c·K + k of the weight. Cosines in [−1, 1], angles in degrees.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from frlib.cleaning.evidence import Evidence, Need
from frlib.cleaning.findings import Findings
from frlib.core.config import setting
from frlib.core.errors import ConfigError, DataError, NumericsError
from frlib.core.label import named
from frlib.core.paper import Paper
from frlib.core.rows import row_norms
from frlib.denoise._rule import Rule

PAPER = Paper(
    key="deng2020subcenter",
    title="Sub-center drop",
    where="insightface, recognition/subcenter_arcface/drop.py",
    url="https://www.ecva.net/papers/eccv_2020/papers_ECCV/html/1445_ECCV_2020_paper.php",
)
DROP_ANGLE_DEG = 75.0
DROPPED = -1
BLOCK_NUMBERS = 2**22


class Config(Rule):
    """How far from the dominant centre is too far."""

    needs: ClassVar[tuple[Need, ...]] = ("embeddings",)
    name: Literal["subcenter_drop"] = "subcenter_drop"
    drop_angle_deg: float = setting(
        DROP_ANGLE_DEG,
        ge=0,
        le=180,
        doc="flag what lies as far or further from the dominant centre of its class",
        unit="degree",
        source="insightface, recognition/subcenter_arcface/drop.py --threshold",
    )


def label(config: Config) -> str:
    """Name in tables: Sub-center drop, Sub-center drop (70°)."""
    return named(PAPER.title, config, drop_angle_deg="{:g}°")


def decide(evidence: Evidence, config: Config) -> Findings:
    """Verdicts without proposals, in one pass over the embeddings."""
    from scipy.special import expit

    vectors = evidence.vectors
    found = drop(
        vectors.embeddings,
        vectors.weight,
        evidence.given,
        vectors.loss_k,
        config.drop_angle_deg,
    )
    bar = np.cos(np.pi * config.drop_angle_deg / 180)
    sizes = found.votes.sum(axis=1)
    return evidence.findings(
        config.name,
        ~found.keep,
        expit(vectors.scale * (bar - found.cos_to_dominant)),
        facts={
            "loss_k": vectors.loss_k,
            "votes_for_dominant": int(found.votes.max(axis=1).sum()),
            "votes_for_others": int(sizes.sum() - found.votes.max(axis=1).sum()),
            "classes_split": int(((found.votes > 0).sum(axis=1) > 1).sum()),
            "classes_lost": int(((sizes > 0) & (found.new_class == DROPPED)).sum()),
        },
    )


@dataclass(frozen=True, kw_only=True, eq=False)
class Kept:
    """What an angle leaves of a data set.

    keep: `[N]` whether the image stays.
    new_label: `[N]` its class in the new numbering, `DROPPED` (−1) where it goes.
    new_class: `[C]` old class to new class, `DROPPED` (−1) where nothing of the class stays.
    """

    keep: NDArray[np.bool_]
    new_label: NDArray[np.int64]
    new_class: NDArray[np.int64]


@dataclass(frozen=True, kw_only=True, eq=False)
class Drop(Kept):
    """What an angle leaves, and what that was decided from.

    votes: `[C, K]` images of the class that are nearest to the centre.
    dominant: `[C]` the centre with most votes; 0, without meaning, for a class without images.
    cos_to_dominant: `[N]` cosine of the image with the dominant centre of its class.
    """

    votes: NDArray[np.int64]
    dominant: NDArray[np.int64]
    cos_to_dominant: NDArray[np.float64]


def drop(
    embeddings: NDArray[Any] | Iterable[NDArray[Any]],
    weight_RD: NDArray[Any],
    labels_N: ArrayLike,
    loss_k: int,
    drop_angle_deg: float = DROP_ANGLE_DEG,
) -> Drop:
    """Vote, find the dominant centres, keep what is within the angle.

    embeddings: `[N, D]`, in memory or mapped, or blocks `[b, D]` of any sizes in the order of the
    labels, each read once. They need no unit length; a zero row has cosine 0 to everything.
    weight_RD: `[C·K, D]`, likewise. labels_N: given labels 0 .. C − 1.

    Beside its results it holds N·K cosines and about 32 MiB a copy of the centres that a block of
    images asks for, whatever N, C and D are. K = 1 leaves the angle test alone.
    """
    weight = np.asarray(weight_RD)
    num_classes = _num_classes(weight, loss_k)
    labels = _labels(labels_N, num_classes)
    cos_NK = _cosines(embeddings, weight, labels, loss_k)
    ballots_N = labels * loss_k + cos_NK.argmax(axis=1)
    votes = np.bincount(ballots_N, minlength=num_classes * loss_k).reshape(num_classes, loss_k)
    dominant = votes.argmax(axis=1)
    cos_N = np.take_along_axis(cos_NK, dominant[labels][:, None], axis=1)[:, 0].clip(-1, 1)
    kept = keep_within(cos_N, labels, num_classes, drop_angle_deg)
    return Drop(
        votes=votes.astype(np.int64, copy=False),
        dominant=dominant.astype(np.int64, copy=False),
        cos_to_dominant=cos_N,
        keep=kept.keep,
        new_label=kept.new_label,
        new_class=kept.new_class,
    )


def keep_within(
    cos_to_dominant_N: ArrayLike,
    labels_N: ArrayLike,
    num_classes: int,
    drop_angle_deg: float = DROP_ANGLE_DEG,
) -> Kept:
    """The same for another angle, from stored cosines: no embeddings, no forward pass.

    An image exactly at the angle goes: at 180 one opposite to its centre does, at 0 all do.
    """
    if not 0 <= drop_angle_deg <= 180:
        raise ConfigError(
            f"drop_angle_deg={drop_angle_deg}: expected degrees from 0 to 180 (the source's is "
            f"{DROP_ANGLE_DEG:g})"
        )
    labels = _labels(labels_N, num_classes)
    cos_N = np.asarray(cos_to_dominant_N, dtype=np.float64)
    if cos_N.shape != labels.shape:
        raise DataError(
            f"cosines of shape {cos_N.shape} for {len(labels)} labels: expected one an image. Were "
            "both stored by the same run?"
        )
    if np.isnan(cos_N).any():
        raise NumericsError(
            f"the cosine of image {int(np.isnan(cos_N).argmax())} is NaN ({np.isnan(cos_N).sum()} "
            "such): it would count as beyond every angle. Compute the cosines again."
        )
    keep = cos_N > np.cos(np.pi * drop_angle_deg / 180)
    stays_C = np.bincount(labels[keep], minlength=num_classes) > 0
    new_class = np.where(stays_C, np.cumsum(stays_C) - 1, DROPPED).astype(np.int64, copy=False)
    return Kept(
        keep=keep, new_label=np.where(keep, new_class[labels], DROPPED), new_class=new_class
    )


def _cosines(
    embeddings: NDArray[Any] | Iterable[NDArray[Any]],
    weight_RD: NDArray[Any],
    labels_N: NDArray[np.int64],
    loss_k: int,
) -> NDArray[np.float64]:
    """`[N, K]` cosines of every image with the centres of its class."""
    rows, dim = weight_RD.shape
    step = max(1, BLOCK_NUMBERS // dim)
    norm_R = np.empty(rows)
    for start in range(0, rows, step):
        norm_R[start : start + step] = row_norms(weight_RD[start : start + step], "weight", start)
    cos_NK = np.empty((len(labels_N), loss_k))
    done = 0
    for emb_BD in _blocks(embeddings, max(1, step // loss_k)):
        norm_B = row_norms(emb_BD, "embeddings", done)
        end = done + len(emb_BD)
        if emb_BD.shape[1] != dim or end > len(labels_N):
            raise DataError(
                f"embeddings: rows {done} to {end - 1} have {emb_BD.shape[1]} dimensions; expected "
                f"{len(labels_N)} rows, one a label, of {dim}, as the weight has. Are embeddings, "
                "labels and head of the same run?"
            )
        centres_BK = labels_N[done:end, None] * loss_k + np.arange(loss_k)
        centres_BKD = weight_RD[centres_BK].astype(np.float64, copy=False)
        dot_BK = np.vecdot(centres_BKD, emb_BD.astype(np.float64, copy=False)[:, None, :])
        cos_NK[done:end] = dot_BK / (norm_R[centres_BK] * norm_B[:, None])
        done = end
    if done != len(labels_N):
        raise DataError(
            f"{done} embeddings for {len(labels_N)} labels: expected one a label. Did the pass "
            "over the images end early?"
        )
    return cos_NK


def _blocks(embeddings: NDArray[Any] | Iterable[NDArray[Any]], rows: int) -> Iterator[NDArray[Any]]:
    whole = isinstance(embeddings, np.ndarray) and embeddings.ndim < 3
    for part in [embeddings] if whole else embeddings:
        block = np.asarray(part)
        if block.ndim != 2:
            raise DataError(
                f"embeddings: a block of shape {block.shape}; expected (images, dimensions), whole "
                "or in blocks"
            )
        for start in range(0, len(block), rows):
            yield block[start : start + rows]


def _num_classes(weight_RD: NDArray[Any], loss_k: int) -> int:
    if loss_k < 1:
        raise ConfigError(f"loss_k={loss_k}: a class has at least one centre")
    if weight_RD.ndim != 2 or not weight_RD.size or len(weight_RD) % loss_k:
        raise DataError(
            f"weight of shape {weight_RD.shape} with loss_k={loss_k}: expected {loss_k} rows a "
            "class, (classes * loss_k, dimensions). Take loss_k from the config of the run that "
            "trained the head."
        )
    return len(weight_RD) // loss_k


def _labels(labels_N: ArrayLike, num_classes: int) -> NDArray[np.int64]:
    labels = np.asarray(labels_N)
    if labels.ndim != 1 or (labels.size and not np.issubdtype(labels.dtype, np.integer)):
        raise DataError(
            f"labels: shape {labels.shape}, type {labels.dtype}; expected one row of whole numbers"
        )
    outside = (labels < 0) | (labels >= num_classes)
    if outside.any():
        raise DataError(
            f"labels: {labels[outside][0]} for image {int(outside.argmax())} ({int(outside.sum())} "
            f"such); expected 0 to {num_classes - 1}, the classes of the head. Are head and "
            "manifest of the same run, and loss_k the head's?"
        )
    return labels.astype(np.int64, copy=False)
