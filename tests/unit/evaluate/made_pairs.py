"""Pairs of made people and embeddings that tell them apart to a chosen degree."""

import numpy as np

from frlib.data.pairsets.listed import ListedPairs
from frlib.data.texts import texts
from frlib.evaluate.features import Features


def listed(people: int = 40, folds: int = 4, flat: bool = False) -> ListedPairs:
    """Each person with its own two images, and with the next person; `flat`: no folders."""
    form = "{0}_{1}.jpg" if flat else "p{0}/{1}.jpg"
    rows = []
    for k in range(people):
        rows.append((form.format(k, 0), form.format(k, 1), True))
        rows.append((form.format(k, 0), form.format((k + 1) % people, 1), False))
    return ListedPairs(
        left=tuple(a for a, _, _ in rows),
        right=tuple(b for _, b, _ in rows),
        same=np.array([same for _, _, same in rows]),
        fold=np.arange(len(rows), dtype=np.int64) * folds // len(rows),
    )


def features(pairs: ListedPairs, noise: float = 0.6, mirrored: bool = True) -> Features:
    """Directions of people plus noise; the person is what the id starts with."""
    ids = sorted({*pairs.left, *pairs.right})
    people = sorted({name.replace("/", "_").split("_")[0] for name in ids})
    rng = np.random.default_rng(0)
    centre = {person: rng.normal(size=16) for person in people}
    base = np.array([centre[name.replace("/", "_").split("_")[0]] for name in ids])
    plain, second = (base + noise * rng.normal(size=base.shape) for _ in range(2))
    return Features(
        texts(ids),
        plain.astype(np.float32),
        second.astype(np.float32) if mirrored else None,
        {"colour": "RGB"},
    )
