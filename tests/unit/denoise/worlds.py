"""Small evidence: made by hand, or with wrong labels planted into a world that is easy to learn."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from frlib.cleaning.evidence import Answers, Course, Embedded, Evidence, Truth
from frlib.data.manifest import CLEAN, CLOSED, OUTLIER
from frlib.data.texts import texts

SCALE, MARGIN, LOSS_K, DIM, CLASSES, EMPTY = 16.0, 0.2, 3, 24, 14, 5
EPOCHS = 6


def evidence(
    given: ArrayLike, classes: int, true: ArrayLike | None = None, **parts: Any
) -> Evidence:
    """Of samples s0, s1, ... of people p0, p1, ...; the truth is what was given unless told."""
    labels = np.asarray(given, dtype=np.int64)
    truth = labels if true is None else np.asarray(true, dtype=np.int64)
    usual = {
        "ids": texts([f"s{i}" for i in range(len(labels))]),
        "identities": tuple(f"p{c:02d}" for c in range(classes)),
        "given": labels,
        "truth": Truth(true=truth, kinds=np.where(truth == labels, CLEAN, CLOSED).astype(np.int8)),
        "course": course("", 0, []),
    }
    return Evidence(**(usual | parts))


def course(
    kind: str,
    epochs: int,
    moves: list[tuple[int, int, int]],
    losses: NDArray[Any] | None = None,
) -> Course:
    """Of (epoch, row, proposed) each."""
    told = np.array(sorted(moves), dtype=np.int64).reshape(-1, 3)
    return Course(
        kind=kind,
        epochs=epochs,
        epoch=told[:, 0],
        row=told[:, 1],
        proposed=told[:, 2],
        score=np.full(len(told), 0.1),
        losses=None if losses is None else losses.astype(np.float16),
    )


def answers(
    logits: ArrayLike, given: ArrayLike, margin: float = 0.0, scale: float = 1.0
) -> Answers:
    """Of logits `[N, C]` that have scale and margin."""
    z, y = np.asarray(logits, dtype=np.float64), np.asarray(given)[:, None]
    label = np.take_along_axis(z, y, axis=1)[:, 0]
    others = z.copy()
    np.put_along_axis(others, y, -np.inf, axis=1)
    most = z.max(axis=1)
    return Answers(
        own=label / scale + margin,
        rival=others.max(axis=1) / scale,
        rival_class=others.argmax(axis=1),
        second=np.sort(others, axis=1)[:, -2] / scale,
        label_logit=label,
        max_logit=most,
        log_sum_exp=most + np.log(np.exp(z - most[:, None]).sum(axis=1)),
    )


def embedded(
    embeddings: ArrayLike, weight: ArrayLike, loss_k: int = 1, scale: float = 8.0
) -> Embedded:
    return Embedded(
        embeddings=np.asarray(embeddings, dtype=np.float32),
        weight=np.asarray(weight, dtype=np.float32),
        loss_k=loss_k,
        scale=scale,
    )


def planted(
    kind: str = "boundary", seed: int = 0, images: int = 30, flips: float = 0.15
) -> Evidence:
    """Every class but one has images. Some are labelled as another class, a few show nobody.

    A mislabelled image lies between the centres of its true and its given class, nearer to the true
    one, and a head has said so in most epochs; so it has, now and then, of right ones.
    """
    draw = np.random.default_rng(seed)
    centres = _unit(draw.normal(size=(CLASSES, LOSS_K, DIM)))
    true = np.repeat([c for c in range(CLASSES) if c != EMPTY], images)
    given = true.copy()
    is_flip = draw.random(len(true)) < flips
    others = [c for c in range(CLASSES) if c != EMPTY]
    for i in np.flatnonzero(is_flip):
        given[i] = draw.choice([c for c in others if c != true[i]])
    emb = centres[true, 0] + is_flip[:, None] * 0.6 * centres[given, 0]
    emb += draw.normal(size=emb.shape) * 0.12
    is_open = ~is_flip & (draw.random(len(true)) < 0.05)
    emb[is_open] = draw.normal(size=(is_open.sum(), DIM)) * 0.2 + 0.4 * centres[given[is_open], 0]
    true = np.where(is_open, OUTLIER, true)
    emb *= draw.uniform(0.5, 20, (len(emb), 1))
    weight = (centres * draw.uniform(0.1, 3, (CLASSES, LOSS_K, 1))).reshape(-1, DIM)
    vectors = embedded(emb, weight, LOSS_K, SCALE)
    logits = SCALE * np.einsum("nd,ckd->nck", _unit(vectors.embeddings), centres).max(axis=2)
    logits[np.arange(len(given)), given] -= SCALE * MARGIN
    told = answers(logits, given, MARGIN, SCALE)
    moves = [
        (epoch, int(i), int(told.rival_class[i]))
        for epoch in range(EPOCHS)
        for i in np.flatnonzero(draw.random(len(given)) < np.where(is_flip, 0.8, 0.04))
    ]
    lost = told.log_sum_exp - told.label_logit
    losses = lost + np.arange(EPOCHS)[::-1, None] + draw.random((EPOCHS, len(given)))
    return evidence(
        given,
        CLASSES,
        true,
        course=course(kind, EPOCHS, moves, losses),
        answers=told,
        embedded=vectors,
    )


def permuted(found: Evidence, order: NDArray[np.int64]) -> Evidence:
    """The same samples in another order: new row r is old row `order[r]`."""
    assert found.embedded is not None
    place = np.argsort(order)
    moves = [
        (int(epoch), int(place[row]), int(proposed))
        for epoch, row, proposed in zip(
            found.course.epoch, found.course.row, found.course.proposed, strict=True
        )
    ]
    losses = found.course.losses
    moved = None if losses is None else losses[:, order]
    columns: Mapping[str, NDArray[Any]] = vars(found.answered)
    return replace(
        found,
        ids=found.ids[order],
        given=found.given[order],
        truth=Truth(true=found.truth.true[order], kinds=found.truth.kinds[order]),
        course=course(found.course.kind, found.course.epochs, moves, moved),
        answers=Answers(**{name: column[order] for name, column in columns.items()}),
        embedded=replace(found.embedded, embeddings=found.embedded.embeddings[order]),
    )


def _unit(rows: NDArray[Any]) -> NDArray[np.float64]:
    wide = rows.astype(np.float64)
    unit: NDArray[np.float64] = wide / np.linalg.norm(wide, axis=-1, keepdims=True)
    return unit
