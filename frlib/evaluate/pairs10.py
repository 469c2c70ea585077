"""Pair verification on folds: held-out identities that select, benchmarks that report.

With an old model's features of the same images (`Crossed`) the same pairs are judged across models
as well: the left image of a pair is enrolled, the right one asks.

    cross      enrolled by the old model, asked by the new one
    reverse    enrolled by the new model, asked by the old one
    old        both by the old model: the bar that `cross` has to beat
"""

from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from itertools import product

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from frlib.data.pairs import Pairs
from frlib.data.pixels.batches import Pixels
from frlib.evaluate.embed import embed
from frlib.metrics import roc, verification

SELECTION_VARIANT = "insightface10"


@dataclass(frozen=True)
class View:
    """A model as evaluation sees it."""

    backbone: nn.Module
    device: torch.device
    autocast: Callable[[], AbstractContextManager[object]]


@dataclass(frozen=True, eq=False)
class Crossed:
    """The old model beside the new one, in the d dimensions in which both are compared.

    both: raw new embeddings `[n, D]` -> `[n, d]`. plain, mirrored: `[N, d]` raw old features of all
    images of a pair set. Without the mirrored view all tests across models do without it, the new
    model's as well. alone, alone_mirrored: `[N, e]`, the same as the old model gives them.
    """

    both: Callable[[NDArray[np.float32]], NDArray[np.float32]]
    plain: NDArray[np.float32]
    mirrored: NDArray[np.float32] | None
    alone: NDArray[np.float32]
    alone_mirrored: NDArray[np.float32] | None

    def stacked(self, emb: NDArray[np.float32], rows: NDArray[np.int64]) -> NDArray[np.float32]:
        """`[2n, d]`: new embeddings of these rows, then the old features of the same."""
        return np.concatenate([self.both(emb), self.plain[rows]])

    def stacked_mirrored(
        self, flip: NDArray[np.float32], rows: NDArray[np.int64]
    ) -> NDArray[np.float32] | None:
        """The same of the mirrored images; None without old features of them."""
        if self.mirrored is None:
            return None
        return np.concatenate([self.both(flip), self.mirrored[rows]])


@dataclass(frozen=True)
class Outcome:
    """One protocol variant on one benchmark: its accuracy and what happened to each pair.

    protocol: what really ran, e.g. `insightface2` where the pairs come in two folds. test: empty
    for the model alone, else one of the three across models.
    """

    benchmark: str
    variant: str
    protocol: str
    accuracy: float
    std: float
    fold: NDArray[np.int64]
    same: NDArray[np.bool_]
    score: NDArray[np.float64]
    threshold: NDArray[np.float64]
    correct: NDArray[np.bool_]
    test: str = ""

    def metrics(self) -> dict[str, float]:
        """Named as `benchmark/variant/metric`, across models `benchmark/variant/cross_metric`."""
        stem = f"{self.benchmark}/{self.variant}/" + (f"{self.test}_" if self.test else "")
        return {f"{stem}accuracy": self.accuracy, f"{stem}std": self.std}

    @property
    def name(self) -> str:
        """Variant and test, as scores of pairs are kept under."""
        return f"{self.variant}/{self.test}" if self.test else self.variant


def selection(
    view: View, pixels: Pixels, pairs: Pairs, crossed: Crossed | None = None
) -> dict[str, float]:
    """`selection/*` of the held-out identities, without the mirror view (it is asked often).

    Where pairs are drawn within groups, `selection/<group>/auc` and `/accuracy` besides, each as if
    there were no other group (with thresholds of its own, as RFW has it), and the lowest of them:
    `selection/worst_auc`, `selection/worst_accuracy`. The area over all pairs compares scores of
    one group with those of another; the groups' own do not.

    With an old model `selection/cross_*` and `selection/compatible_*` besides, the latter the mean
    of the model alone and of it against the old one's features.
    """
    rows, left, right = _used(pairs)
    emb = embed(
        view.backbone, pixels, rows, mirrored=False, device=view.device, autocast=view.autocast
    )

    def measured(own: NDArray[np.bool_]) -> tuple[float, float, float]:
        """Accuracy, area and equal-error rate of some of the pairs."""
        same = pairs.same[own]
        found = verification.VARIANTS[SELECTION_VARIANT](
            emb, None, left[own], right[own], same, pairs.fold[own]
        )
        return found.accuracy, roc.auc(found.score_P, same), roc.eer(found.score_P, same)

    accuracy, auc, eer = measured(np.ones(len(pairs), dtype=bool))
    row = {"selection/accuracy": accuracy, "selection/auc": auc, "selection/eer": eer}
    if pairs.groups:
        groups = [measured(pairs.group == number)[:2] for number in range(len(pairs.groups))]
        row["selection/worst_accuracy"], row["selection/worst_auc"] = np.min(
            groups, axis=0
        ).tolist()
        for name, (accuracy, auc) in zip(pairs.groups, groups, strict=True):
            row |= {f"selection/{name}/accuracy": accuracy, f"selection/{name}/auc": auc}
    if crossed is not None:
        row |= _crossed_selection(row, crossed.stacked(emb, rows), left, right, pairs)
    return row


def _crossed_selection(
    row: dict[str, float],
    stacked: NDArray[np.float32],
    left: NDArray[np.int64],
    right: NDArray[np.int64],
    pairs: Pairs,
) -> dict[str, float]:
    enrolled, asking = _ends("cross", left, right, len(stacked) // 2)
    found = verification.VARIANTS[SELECTION_VARIANT](
        stacked, None, enrolled, asking, pairs.same, pairs.fold
    )
    cross = {"accuracy": found.accuracy, "auc": roc.auc(found.score_P, pairs.same)}
    told = {f"selection/cross_{name}": value for name, value in cross.items()}
    for name, value in cross.items():
        told[f"selection/compatible_{name}"] = (row[f"selection/{name}"] + value) / 2
    return told


def _ends(
    test: str, left: NDArray[np.int64], right: NDArray[np.int64], size: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Rows of both ends of the pairs; across models the old one's are `size` behind the new ones.

    left: who is enrolled.
    """
    if test == "cross":
        left = left + size
    elif test == "reverse":
        right = right + size
    return left, right


def benchmark(
    view: View,
    name: str,
    pixels: Pixels,
    pairs: Pairs,
    variants: Iterable[str],
    crossed: Crossed | None = None,
) -> list[Outcome]:
    """Every variant on the same embeddings, mirror view included, and the tests across models."""
    rows, left, right = _used(pairs)
    emb, flip = (
        embed(
            view.backbone,
            pixels,
            rows,
            mirrored=mirrored,
            device=view.device,
            autocast=view.autocast,
        )
        for mirrored in (False, True)
    )
    views: dict[str, tuple[NDArray[np.float32], NDArray[np.float32] | None]] = {"": (emb, flip)}
    if crossed is not None:
        both = crossed.stacked(emb, rows), crossed.stacked_mirrored(flip, rows)
        mirrored = crossed.alone_mirrored
        alone = crossed.alone[rows], None if mirrored is None else mirrored[rows]
        views |= {"cross": both, "reverse": both, "old": alone}
    outcomes = []
    for variant, (test, (plain, mirrored)) in product(variants, views.items()):
        enrolled, asking = _ends(test, left, right, len(rows))
        found = verification.VARIANTS[variant](
            plain, mirrored, enrolled, asking, pairs.same, pairs.fold
        )
        outcomes.append(
            Outcome(
                name,
                variant,
                found.protocol,
                found.accuracy,
                found.std,
                pairs.fold,
                pairs.same,
                found.score_P,
                found.threshold_P,
                found.correct_P,
                test,
            )
        )
    return outcomes


def _used(pairs: Pairs) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """The rows that occur in pairs, and the pairs as positions among them."""
    rows, place = np.unique(np.concatenate([pairs.left, pairs.right]), return_inverse=True)
    half = len(pairs.left)
    return rows, place[:half], place[half:]
