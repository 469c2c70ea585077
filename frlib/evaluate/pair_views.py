"""The images that a list of pairs asks about, by one model or by one for each side.

Only these are looked at, so that others may be damaged.
"""

from collections.abc import Sequence

import numpy as np

from frlib.evaluate import crossed
from frlib.evaluate.features import Features
from frlib.evaluate.pair_variants import Views
from frlib.evaluate.questions import Questions


def views_of(
    asked: Questions, features: Features, enrolled: Features | None = None
) -> tuple[list[str], Views]:
    """Ids of the rows of the views, and the views. enrolled: the model of left sides."""
    if enrolled is None:
        return _of_one(asked, features)
    return _crossed(asked, *crossed.sides(features, enrolled))


def zeros(name: str, ids: Sequence[str], views: Views) -> list[str]:
    """A warning about images without direction, if there are any."""
    is_zero = ~views.plain.any(axis=1)
    if views.mirrored is not None:
        is_zero |= ~views.mirrored.any(axis=1)
    zero = np.flatnonzero(is_zero)
    if not len(zero):
        return []
    return [
        f"{name}: {len(zero):,} of {len(views.plain):,} embeddings are all zero, first of "
        f"{ids[int(zero[0])]!r}; they have no direction and their pairs mean nothing"
    ]


def _of_one(asked: Questions, features: Features) -> tuple[list[str], Views]:
    place = {name: row for row, name in enumerate(asked.ids)}
    rows = features.places(np.array(asked.ids, dtype=np.dtypes.StringDType()))
    mirrored = features.mirrored
    left, right = (
        np.array([place[name] for name in side], dtype=np.int64)
        for side in (asked.pairs.left, asked.pairs.right)
    )
    return asked.ids, Views(
        plain=features.plain[rows],
        mirrored=None if mirrored is None else mirrored[rows],
        left=left,
        right=right,
        same=asked.pairs.same,
        fold=asked.pairs.fold,
    )


def _crossed(asked: Questions, enrolled: Features, features: Features) -> tuple[list[str], Views]:
    """Images of left sides by one model, then images of right sides by the other."""
    used, rows = [], []
    ids: list[str] = []
    for one, side in ((enrolled, asked.pairs.left), (features, asked.pairs.right)):
        names, row_P = np.unique(np.array(side, np.dtypes.StringDType()), return_inverse=True)
        rows.append(row_P + len(ids))
        used.append(one.take(one.places(names)))
        ids += names.tolist()
    mirrored = [one.mirrored for one in used if one.mirrored is not None]
    return ids, Views(
        plain=np.concatenate([one.plain for one in used]),
        mirrored=np.concatenate(mirrored) if mirrored else None,
        left=rows[0],
        right=rows[1],
        same=asked.pairs.same,
        fold=asked.pairs.fold,
    )
