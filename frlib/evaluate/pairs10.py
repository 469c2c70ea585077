"""Pair verification on folds: held-out identities that select, benchmarks that report."""

from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from dataclasses import dataclass

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


@dataclass(frozen=True)
class Outcome:
    """One protocol variant on one benchmark: its accuracy and what happened to each pair.

    protocol: what really ran, e.g. `insightface2` where the pairs come in two folds.
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

    def metrics(self) -> dict[str, float]:
        """Named as `benchmark/variant/metric`."""
        stem = f"{self.benchmark}/{self.variant}"
        return {f"{stem}/accuracy": self.accuracy, f"{stem}/std": self.std}


def selection(view: View, pixels: Pixels, pairs: Pairs) -> dict[str, float]:
    """`selection/*` of the held-out identities, without the mirror view (it is asked often).

    Where pairs are drawn within groups, `selection/<group>/auc` and `/accuracy` besides, each as if
    there were no other group (with thresholds of its own, as RFW has it), and the lowest of them:
    `selection/worst_auc`, `selection/worst_accuracy`. The area over all pairs compares scores of
    one group with those of another; the groups' own do not.
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
    return row


def benchmark(
    view: View, name: str, pixels: Pixels, pairs: Pairs, variants: Iterable[str]
) -> list[Outcome]:
    """Every variant on the same embeddings, mirror view included."""
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
    outcomes = []
    for variant in variants:
        found = verification.VARIANTS[variant](emb, flip, left, right, pairs.same, pairs.fold)
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
            )
        )
    return outcomes


def _used(pairs: Pairs) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """The rows that occur in pairs, and the pairs as positions among them."""
    rows, place = np.unique(np.concatenate([pairs.left, pairs.right]), return_inverse=True)
    half = len(pairs.left)
    return rows, place[:half], place[half:]
