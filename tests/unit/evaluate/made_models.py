"""An old model, a better one that was trained to fit it, and one that was not; a search of people.

The old model sees people through noise; the compatible one sees the same directions with less.
"""

from pathlib import Path

import numpy as np

from frlib.data.texts import texts
from frlib.evaluate.features import Features

DIM = 16


def search(root: Path, people: int = 60, probes: int = 3, strangers: int = 120) -> list[str]:
    """`search.csv`: one enrolled image and some probes of everybody, and probes of strangers."""
    rows = [
        f"p{k}/{n}.jpg,p{k},{'probe' if n else 'gallery'}"
        for k in range(people)
        for n in range(probes + 1)
    ]
    rows += [f"s{k}/0.jpg,s{k},probe" for k in range(strangers)]
    (root / "search.csv").write_text("\n".join(["path,identity,role", *rows]) + "\n")
    return [row.partition(",")[0] for row in rows]


def model(ids: list[str], noise: float, name: str, *, mirrored: bool = False) -> Features:
    """Features of a model of this noise; people have the same directions in all of them."""
    draw = np.random.default_rng(7)
    people = list(dict.fromkeys(one.partition("/")[0] for one in ids))
    centre = dict(zip(people, draw.normal(size=(len(people), DIM)), strict=True))
    base = np.array([centre[one.partition("/")[0]] for one in ids])
    own = np.random.default_rng(sum(name.encode()))
    views = [
        (base + noise * own.normal(size=base.shape)).astype(np.float32) for _ in range(1 + mirrored)
    ]
    about = {"kind": "made", "digest": name, "colour": "RGB"}
    return Features(texts(ids), views[0], views[1] if mirrored else None, about)


def rotation(dim: int = DIM) -> np.ndarray:
    """A rotation of all coordinates."""
    found, _ = np.linalg.qr(np.random.default_rng(1).normal(size=(dim, dim)))
    return found.astype(np.float32)


def rotated(features: Features) -> Features:
    """The same model in a space turned by `rotation`."""
    turn = rotation(features.dimensions)
    mirrored = None if features.mirrored is None else features.mirrored @ turn
    return Features(features.ids, features.plain @ turn, mirrored, features.about, features.where)
