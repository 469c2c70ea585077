"""Pair verification against the published loops over thresholds.

In a process with one thread, in CPU time; results are compared before they are timed. The grids of
insightface are measured twice: from embeddings, of which both sides first make distances, and from
distances alone.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from frlib.bench import apart, measure, plain_verification
from frlib.core.errors import BenchmarkError
from frlib.metrics import val, verification
from frlib.metrics.embeddings import summed_distance
from frlib.metrics.folds import contiguous

_FAR = 1e-3
_EXACT = 1e-9


@dataclass(frozen=True, kw_only=True)
class Sizes:
    """Pairs, dimensions of one view (there are two), folds, timed turns."""

    pairs: int = 6_000
    dim: int = 512
    folds: int = 10
    repeats: int = 5


SMALL = Sizes(pairs=200, dim=32, folds=2, repeats=1)


@dataclass(frozen=True, kw_only=True)
class VerificationResult:
    """One protocol from one start. CPU ms of one thread: median, least, most over the repeats.

    differing: pairs of a fold judged otherwise than by plain code, at most (1 where the sources
    round to float32 what is exact here).
    """

    what: str
    pairs: int
    dim: int
    plain_ms: float
    ms: float
    least_ms: float
    most_ms: float
    faster: float
    differing: int


@dataclass(frozen=True, eq=False)
class _Faces:
    emb: NDArray[np.float32]
    flip: NDArray[np.float32]
    same: NDArray[np.bool_]
    fold: NDArray[np.int64]


def measured(sizes: Sizes, *, say: Callable[[str], None]) -> tuple[VerificationResult, ...]:
    """`BenchmarkError` where plain code and frlib differ."""
    say(f"verification of {sizes.pairs:,} pairs, against loops over thresholds")
    return apart.run(1, compared, sizes)


def compared(sizes: Sizes) -> tuple[VerificationResult, ...]:
    """Plain code and frlib in turns, in this process."""
    faces = _faces(sizes)
    plain = plain_verification.distances(faces.emb, faces.flip)
    own = _distances(faces)
    both = {"plain": lambda: _plain_grids(plain, faces), "frlib": lambda: _own_grids(own, faces)}
    whole = {
        "plain": lambda: _plain_grids(plain_verification.distances(faces.emb, faces.flip), faces),
        "frlib": lambda: _own_grids(_distances(faces), faces),
    }
    centred = {"plain": lambda: _plain_centred(faces), "frlib": lambda: _own_centred(faces)}
    exact, close = (0, _EXACT), (1, 1e-3)
    return (
        _case("insightface, from embeddings", sizes, whole, *exact),
        _case("insightface, from distances", sizes, both, *exact),
        _case("boundaryface", sizes, centred, *close),
    )


def _case(
    what: str,
    sizes: Sizes,
    steps: Mapping[str, Callable[[], NDArray[np.float64]]],
    pairs: int,
    rest: float,
) -> VerificationResult:
    wanted, found = (step() for step in steps.values())
    gap = np.abs(wanted - found)
    judged = round(float(gap[: sizes.folds].max()) * sizes.pairs / sizes.folds)
    other = float(gap[sizes.folds :].max())
    if judged > pairs or other > rest:
        raise BenchmarkError(
            f"{what}: {judged} pairs of a fold are judged differently by plain code (at most "
            f"{pairs}), other numbers differ by {other:.1e}. It was not timed"
        )
    clock = measure.clock(torch.device("cpu"), 1)
    times = measure.interleaved(steps, clock, sizes.repeats, lambda: None)
    own = times["frlib"]
    return VerificationResult(
        what=what,
        pairs=sizes.pairs,
        dim=sizes.dim,
        plain_ms=1e3 * times["plain"].median_s,
        ms=1e3 * own.median_s,
        least_ms=1e3 * own.least_s,
        most_ms=1e3 * own.most_s,
        faster=times["plain"].median_s / own.median_s,
        differing=judged,
    )


def _faces(sizes: Sizes) -> _Faces:
    """Faces that are hard to tell: about nine of ten pairs are judged right."""
    draw = np.random.default_rng(0)
    fold = contiguous(sizes.pairs, sizes.folds)
    same = np.arange(sizes.pairs) % 2 == 0
    left = draw.standard_normal((sizes.pairs, sizes.dim), dtype=np.float32)
    other = draw.standard_normal((sizes.pairs, sizes.dim), dtype=np.float32)
    right = np.where(same[:, None], left, other)
    emb = np.empty((2 * sizes.pairs, sizes.dim), dtype=np.float32)
    emb[0::2], emb[1::2] = left, right
    blur = np.float32(0.7 * sizes.dim**0.25)
    emb += blur * draw.standard_normal(emb.shape, dtype=np.float32)
    flip = emb + draw.standard_normal(emb.shape, dtype=np.float32)
    return _Faces(emb, flip, same, fold)


def _rows(faces: _Faces) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    rows = np.arange(len(faces.emb))
    return rows[0::2], rows[1::2]


def _distances(faces: _Faces) -> NDArray[np.float64]:
    return summed_distance(faces.emb, faces.flip, *_rows(faces))


def _plain_grids(distance: NDArray[np.floating], faces: _Faces) -> NDArray[np.float64]:
    found = plain_verification.insightface(distance, faces.same, faces.fold, _FAR)
    return np.concatenate(
        [found.accuracy, found.threshold, found.tpr, found.fpr, [found.val, found.far]]
    )


def _own_grids(distance: NDArray[np.float64], faces: _Faces) -> NDArray[np.float64]:
    found = verification.insightface(distance, faces.same, faces.fold)
    tpr, fpr = verification.mean_roc(distance, faces.same, faces.fold)
    rates = val.val_at_far(distance, faces.same, faces.fold, _FAR, "classic")
    return np.concatenate(
        [found.accuracy_per_fold, found.threshold_per_fold, tpr, fpr, [rates.val, rates.far]]
    )


def _plain_centred(faces: _Faces) -> NDArray[np.float64]:
    both = np.concatenate((faces.emb, faces.flip), axis=1)
    found = plain_verification.boundaryface(both[0::2], both[1::2], faces.same, faces.fold)
    return np.concatenate(found)


def _own_centred(faces: _Faces) -> NDArray[np.float64]:
    run = verification.VARIANTS["boundaryface10"]
    found = run(faces.emb, faces.flip, *_rows(faces), faces.same, faces.fold)
    return np.concatenate([found.accuracy_per_fold, found.threshold_per_fold])
