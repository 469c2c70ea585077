"""Two models on the same images: one space for both, and which of them stands on which side.

In a cross-test the enrolled side (left of pairs, galleries, distractors) is embedded by one model
and the query side by another. A cosine between them needs vectors of one size. Where the sizes
differ, a rule has to be named:

    refuse    `ConfigError`
    truncate  the longer vectors keep their first coordinates, as many as the shorter ones have
    pad       zeros are appended to the shorter ones
    project   the new vectors times a matrix, new W^T (learned with the new model)

With x the longer vector and x' its first coordinates, the padded cosine is |x'| / |x| times the
truncated one. For one query that factor is the same for the whole gallery, so ranks are those of
`truncate`. Between queries it differs: a threshold that holds for all of them (FAR, FPIR) is
another one, and has to be chosen on padded scores.

Shapes: N images, D dimensions.
"""

from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from frlib.core.errors import ConfigError, DataError
from frlib.data.texts import Texts
from frlib.evaluate.features import Features

Rule = Literal["refuse", "pad", "truncate"]
_PROJECTED = "times the matrix that was learned with it"


def name_of(features: Features) -> str:
    """A model in messages: kind and digest, or the name of the file."""
    about = features.about
    kind = Path(features.where).name if about.get("kind") in (None, "file") else about["kind"]
    return " ".join(str(part) for part in (kind, about.get("digest")) if part)


def agreed(old: Features, new: Features, rule: Rule = "refuse") -> tuple[Features, Features]:
    """Both in one space by `rule`, which their `about["space"]` then names.

    `ConfigError` where the sizes differ and the rule is `refuse`; `DataError` where both say that
    they are of other images.
    """
    _require_one_set(old, new)
    if old.dimensions == new.dimensions:
        return old, new
    if rule == "refuse":
        raise _sizes(old, new, "Name a rule (pad or truncate), or give the matrix of a projection")
    size = (max if rule == "pad" else min)(old.dimensions, new.dimensions)
    return _resized(old, size), _resized(new, size)


def projected(new: Features, old: Features, matrix: NDArray[np.floating[Any]]) -> Features:
    """New features in the space of the old ones. matrix: `[D_old, D_new]`, applied as x W^T.

    `ConfigError` for a matrix of another shape.
    """
    _require_one_set(old, new)
    expected = (old.dimensions, new.dimensions)
    if matrix.shape != expected:
        raise ConfigError(
            f"a matrix of shape {matrix.shape} to bring {name_of(new)} to {name_of(old)}; expected "
            f"{expected}. Was the new model trained against another old model?"
        )
    weight = np.ascontiguousarray(matrix.T, dtype=np.float32)
    mirrored = None if new.mirrored is None else new.mirrored @ weight
    return replace(
        new, plain=new.plain @ weight, mirrored=mirrored, about={**new.about, "space": _PROJECTED}
    )


def in_one_space(
    old: Features,
    new: Features,
    rule: Rule = "refuse",
    matrix: NDArray[np.floating[Any]] | None = None,
) -> tuple[Features, Features]:
    """By the rule, or where none is named by the matrix that the new model was trained with."""
    if matrix is not None and rule == "refuse":
        return old, projected(new, old, matrix)
    return agreed(old, new, rule)


def same_views(old: Features, new: Features) -> tuple[Features, Features]:
    """Without the mirrored view, unless both have it."""
    if old.mirrored is not None and new.mirrored is not None:
        return old, new
    return replace(old, mirrored=None), replace(new, mirrored=None)


def sides(features: Features, enrolled: Features | None) -> tuple[Features, Features]:
    """The enrolled side and the query side, with the views that both have.

    enrolled: None, then `features` is on both. `ConfigError` where the sizes differ: see `agreed`.
    """
    if enrolled is None:
        return features, features
    _require_one_set(enrolled, features)
    if enrolled.dimensions != features.dimensions:
        raise _sizes(enrolled, features, "Bring both into one space first (`agreed`, `projected`)")
    left, right = same_views(enrolled, features)
    return (
        replace(left, where=f"enrolled side, {name_of(enrolled)}"),
        replace(right, where=f"query side, {name_of(features)}"),
    )


def about_sides(features: Features, enrolled: Features | None) -> dict[str, Any]:
    """For `Report.about`: nothing for one model, else which model is on which side."""
    if enrolled is None:
        return {}
    spaces = {
        side: one.about.get("space", "as it is")
        for side, one in (("enrolled", enrolled), ("query", features))
    }
    return {
        "enrolled": enrolled.about,
        "sides": {"enrolled": name_of(enrolled), "query": name_of(features)},
        "spaces": spaces,
    }


def require_both(old: Features, new: Features, ids: Texts) -> None:
    """`DataError` unless both models have a vector for every one of these images."""
    for one, other in ((old, new), (new, old)):
        lacking = np.setdiff1d(ids, one.ids)
        if not len(lacking):
            continue
        has_all = "; the other model has them all" if np.isin(lacking, other.ids).all() else ""
        sets = {each.about.get("images") for each in (old, new)}
        are_told = len(sets) > 1 and None not in sets
        said = " Both say that they are of different sets of images." if are_told else ""
        raise DataError(
            f"{one.where} ({name_of(one)}): {len(lacking):,} of {len(ids):,} images of the gallery "
            f"have no vector, first {str(lacking[0])!r}{has_all}.{said} Both models are needed for "
            "gallery and probes: the old one's own test is what the new one has to beat"
        )


def _require_one_set(old: Features, new: Features) -> None:
    """Equal names and other checksums: the same files before and after a change."""
    said = [one.about.get("contents") for one in (old, new)]
    if None in said or said[0] == said[1] or len(old) != len(new):
        return
    if bool((np.sort(old.ids) == np.sort(new.ids)).all()):
        raise DataError(
            f"{name_of(old)} and {name_of(new)} embedded {len(old):,} images of the same names "
            f"and other contents (sets {said[0]} and {said[1]}). Embed both models on one set"
        )


def _sizes(old: Features, new: Features, hint: str) -> ConfigError:
    return ConfigError(
        f"{name_of(old)} has {old.dimensions} dimensions, {name_of(new)} has {new.dimensions}: no "
        f"cosine between them is defined. {hint}"
    )


def _resized(features: Features, size: int) -> Features:
    have = features.dimensions
    if size == have:
        return features
    plain, mirrored = (
        None if view is None else _columns(view, size)
        for view in (features.plain, features.mirrored)
    )
    assert plain is not None
    how = f"first {size} of {have} coordinates" if size < have else f"{size - have} zeros appended"
    return replace(features, plain=plain, mirrored=mirrored, about={**features.about, "space": how})


def _columns(view: NDArray[np.float32], size: int) -> NDArray[np.float32]:
    if size <= view.shape[1]:
        return view[:, :size]
    return np.pad(view, ((0, 0), (0, size - view.shape[1])))
