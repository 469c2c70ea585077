"""Templates of the IJB protocols: many images of one person, pooled to one feature.

    x = a (F0) or a + b (F1)        the original view, or both views
    x = x / |x| (N0) or x (N1)      the norm removed, or kept
    x = x (D0) or s · x (D1)        unweighted, or times the detector's face score

The images of a medium (a photo, a video) are averaged, the media of a template are summed, and the
sum is divided by its L2 norm. So image i of a medium with k images has the weight 1 / k (times s,
over |x|), and a template is one weighted sum of its images: a sparse product in one pass over the
rows, in the order of the file, in float64.

Source: insightface, recognition/_evaluation_/ijb (ijb_11.py, ijb_evals.py). N1D1F1 are the headline
numbers of InsightFace, ExpFace and MixBCT, N0D1F0 those of FaceX-Zoo, N0D0F0 those of TFace. Their
flag `use_norm_score` means N1 in one program and N0 in the next; the names here are what is done.
An image or a template without direction stays zero and is counted (one of the sources divides by
the zero).

Shapes: N images, D dimensions, T templates.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.sparse import coo_array

from frlib.core.errors import ConfigError, NumericsError, ProtocolError
from frlib.metrics.embeddings import Floats, normalise

HEADLINE = "N1D1F1"
SETTINGS = tuple(f"N{norm}D{score}F{flip}" for norm in "10" for score in "10" for flip in "10")
ROWS_AT_ONCE = 1024
_TABLE = 2**24


@dataclass(frozen=True, kw_only=True, eq=False)
class Templates:
    """Pooled features of one setting.

    setting: `N1D1F1` and so on. ids: `[T]`, ascending. features: `[T, D]` float32 of unit length,
    or zero. num_zero_images: images whose x is zero; they add nothing to their medium but count in
    its mean.
    """

    setting: str
    ids: NDArray[np.int64]
    features: NDArray[np.float32]
    num_zero_images: int

    @property
    def num_zero(self) -> int:
        """Templates without direction; their scores are all 0."""
        return int((~self.features.any(axis=1)).sum())

    def positions(self, ids: ArrayLike) -> NDArray[np.int32]:
        """Rows of `features` for template ids of any order; `ProtocolError` names an unknown id."""
        return positions(self.ids, ids)

    def of(self, ids: ArrayLike) -> NDArray[np.float32]:
        """`[n, D]` features of these ids."""
        return self.features[self.positions(ids)]


def positions(known_T: NDArray[np.int64], ids: ArrayLike) -> NDArray[np.int32]:
    """Where each of `ids` is in the ascending `known_T`; `ProtocolError` names one that is not."""
    wanted = whole(ids, "template ids")
    low, high = int(known_T[0]), int(known_T[-1])
    outside = (wanted < low) | (wanted > high)
    if not outside.any() and high - low < _TABLE:
        row_of = np.full(high - low + 1, -1, dtype=np.int32)
        row_of[known_T - low] = np.arange(len(known_T), dtype=np.int32)
        found = row_of[wanted - low]
        missing = found < 0
    else:
        found = np.searchsorted(known_T, np.clip(wanted, low, high)).astype(np.int32)
        missing = known_T[found] != wanted
    if missing.any():
        raise ProtocolError(
            f"template {wanted[np.argmax(missing)]} has no images ({int(missing.sum())} of "
            f"{len(wanted)} entries; {len(known_T)} templates were pooled, ids {low} to {high}). "
            "Are the list and the pooled images of the same set?"
        )
    return found


def pool(
    emb_ND: Floats,
    template_N: ArrayLike,
    media_N: ArrayLike,
    *,
    flip_ND: Floats | None = None,
    score_N: ArrayLike | None = None,
    settings: Sequence[str] = (HEADLINE,),
    rows_at_once: int = ROWS_AT_ONCE,
) -> dict[str, Templates]:
    """Templates for each of `settings`, out of one pass over the images.

    emb_ND, flip_ND: raw outputs for both views, float16 to float64; memory maps are read
    `rows_at_once` rows at a time. template_N, media_N: whole numbers, in any order; a medium
    belongs to its template, and equal ids in two templates are two media. score_N: face scores.
    Memory: 8 T D bytes a setting and 16 T D at the end, besides blocks of `rows_at_once` rows.

    `ProtocolError` when shapes disagree or a setting needs a view or scores that are not given;
    `NumericsError` names the first image that is not finite.
    """
    plan = [_parsed(name) for name in settings]
    emb, flip = _same_shape(emb_ND, flip_ND)
    num_images, dim = emb.shape
    score = _scores(score_N, num_images)
    for name, (_, has_score, has_flip) in zip(settings, plan, strict=True):
        if (has_flip and flip is None) or (has_score and score is None):
            raise ProtocolError(
                f"setting {name} needs {'mirrored embeddings' if has_flip else 'face scores'}"
                f"{' and face scores' if has_flip and has_score else ''}: give them, or choose "
                "among the settings with F0 (one view) or D0 (no scores)"
            )
    ids, row_N = np.unique(_of_images(template_N, num_images, "template"), return_inverse=True)
    share_N = 1.0 / _images_of_medium(row_N, _of_images(media_N, num_images, "media"))
    sums = {name: np.zeros((len(ids), dim)) for name in settings}
    zeros = dict.fromkeys((True, False), 0)
    for start in range(0, num_images, rows_at_once):
        rows = slice(start, start + rows_at_once)
        for with_flip in sorted({has_flip for *_, has_flip in plan}):
            x_nD = emb[rows].astype(np.float64)
            if with_flip:
                assert flip is not None
                x_nD += flip[rows]
            norm_n = _norms(x_nD, start)
            zeros[with_flip] += int((norm_n == 0).sum())
            norm_n[norm_n == 0] = 1
            names, weights = [], []
            for name, (keeps_norm, has_score, has_flip) in zip(settings, plan, strict=True):
                if has_flip == with_flip:
                    weight_n = share_N[rows].copy()
                    if has_score:
                        assert score is not None
                        weight_n *= score[rows]
                    names.append(name)
                    weights.append(weight_n if keeps_norm else weight_n / norm_n)
            _add(sums, names, weights, row_N[rows], x_nD)
    found = {}
    for name, (*_, has_flip) in zip(settings, plan, strict=True):
        features = normalise(sums.pop(name)).astype(np.float32)
        found[name] = Templates(
            setting=name, ids=ids, features=features, num_zero_images=zeros[has_flip]
        )
    return found


def whole(values: ArrayLike, what: str) -> NDArray[np.integer[Any]]:
    """One row of whole numbers in their own type, else `ProtocolError`."""
    found = np.asarray(values)
    if found.ndim != 1 or not len(found) or not np.issubdtype(found.dtype, np.integer):
        raise ProtocolError(
            f"{what} have shape {found.shape} and type {found.dtype}; expected a row of whole "
            "numbers, at least one"
        )
    return found


def _parsed(name: str) -> tuple[bool, bool, bool]:
    """Keeps the norm, weighs by score, adds the mirrored view."""
    if name not in SETTINGS:
        raise ConfigError(f"template setting {name!r}: expected one of {', '.join(SETTINGS)}")
    return name[1] == "1", name[3] == "1", name[5] == "1"


def _same_shape(emb_ND: Floats, flip_ND: Floats | None) -> tuple[Floats, Floats | None]:
    """The arrays as they are: a memory map stays one."""
    for what, array in (("embeddings", emb_ND), ("mirrored embeddings", flip_ND)):
        if array is None:
            continue
        if array.ndim != 2 or 0 in array.shape or not np.issubdtype(array.dtype, np.floating):
            raise ProtocolError(
                f"{what} have shape {array.shape} and type {array.dtype}; expected numbers with a "
                "fraction, (images, dimensions)"
            )
        if array.shape != emb_ND.shape:
            raise ProtocolError(
                f"embeddings have shape {emb_ND.shape}, mirrored ones {array.shape}: both views "
                "need the same images in the same order"
            )
    return emb_ND, flip_ND


def _of_images(values: ArrayLike, num_images: int, what: str) -> NDArray[np.int64]:
    found = whole(values, f"{what} ids")
    if len(found) != num_images:
        raise ProtocolError(
            f"{len(found)} {what} ids for {num_images} images: expected one an image, in the order "
            "of the embeddings"
        )
    return found.astype(np.int64)


def _scores(score_N: ArrayLike | None, num_images: int) -> NDArray[np.float64] | None:
    if score_N is None:
        return None
    score = np.asarray(score_N, dtype=np.float64)
    if score.shape != (num_images,):
        raise ProtocolError(
            f"face scores have shape {score.shape}; expected one an image ({num_images})"
        )
    bad = ~(np.isfinite(score) & (score >= 0))
    if bad.any():
        raise ProtocolError(
            f"image {int(np.argmax(bad))} has the face score {score[np.argmax(bad)]} "
            f"({int(bad.sum())} of {num_images} are negative or not finite); expected 0 to 1"
        )
    return score


def _images_of_medium(row_N: NDArray[np.int64], media_N: NDArray[np.int64]) -> NDArray[np.int64]:
    """`[N]` how many images the medium of each image has within its template."""
    media, medium_N = np.unique(media_N, return_inverse=True)
    _, group_N, size = np.unique(
        row_N * len(media) + medium_N, return_inverse=True, return_counts=True
    )
    found: NDArray[np.int64] = size[group_N]
    return found


def _norms(x_nD: NDArray[np.float64], start: int) -> NDArray[np.float64]:
    with np.errstate(over="ignore", invalid="ignore"):
        norm_n = np.sqrt(np.einsum("nd,nd->n", x_nD, x_nD))
    good_n = np.isfinite(norm_n)
    if not good_n.all():
        raise NumericsError(
            f"image {start + int(np.argmin(good_n))} has an embedding that is not finite: its "
            "template would be undefined. Check the checkpoint, or evaluate in float32."
        )
    return norm_n


def _add(
    sums: dict[str, NDArray[np.float64]],
    names: list[str],
    weights: list[NDArray[np.float64]],
    row_n: NDArray[np.int64],
    x_nD: NDArray[np.float64],
) -> None:
    """Weighted sums of the block's images, every setting by one sparse product."""
    touched, local_n = np.unique(row_n, return_inverse=True)
    row = np.concatenate([local_n + at * len(touched) for at in range(len(names))])
    column = np.tile(np.arange(len(row_n)), len(names))
    shape = (len(names) * len(touched), len(row_n))
    part = coo_array((np.concatenate(weights), (row, column)), shape=shape).tocsr() @ x_nD
    for name, own in zip(names, np.split(part, len(names)), strict=True):
        sums[name][touched] += own
