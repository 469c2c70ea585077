"""Open-set noise: a share of every class is replaced by images of people outside the set.

    floor(n_c * ratio) images of class c become outliers, labels U{0..C-1}

n_c is the size before any flip, and the images are drawn from those that earlier noise left alone.
The number of rows does not change, class sizes do. The pool is used in random order and, when
exhausted, shuffled and used again, so uses of its images differ by at most one.

With `aligned=False` every outlier gets the flaw `misaligned`: the published outliers were resized
only, and with aligned ones training is said to collapse at a ratio of 0.2. Faces that are stored
aligned cannot be un-aligned, so a random similarity transform stands in for it.
"""

import logging
from dataclasses import replace
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from frlib.core.config import setting
from frlib.core.errors import DataError
from frlib.core.paper import Paper
from frlib.data import flaws
from frlib.data.manifest import OPEN, OUTLIER, Manifest
from frlib.data.noise import _share
from frlib.data.noise._step import Step
from frlib.data.texts import KIND, Texts

STAGE, ORDER = "flip", 30
PAPER = Paper(
    key="wu2022boundaryface",
    title="Open-set outliers",
    where="BoundaryFace (ECCV 2022), repository, utils/generate_outlier_update.py",
)
_log = logging.getLogger(__name__)


class Config(Step):
    """Replacement by outliers."""

    ratio: float = setting(
        0.0, ge=0, le=1, doc="share of each class (of its size before any flip) that is replaced"
    )
    strict: bool = setting(
        True, doc="count floor(n * ratio) in binary floating point, as the source; else decimal"
    )
    aligned: bool = setting(
        True,
        doc="outliers are as well aligned as their source has them; else they look merely resized",
        source="BoundaryFace, README: outliers were deliberately not aligned",
    )
    pool: Literal["outliers", "own"] = setting(
        "outliers",
        doc="where outliers come from: the source data.outliers, or identities of the training set "
        "itself, a share data.own_outliers of them, that are never trained on",
    )

    @property
    def wants_pool(self) -> bool:
        """It does, unless it is neutral."""
        return not self.is_neutral


def apply(
    manifest: Manifest,
    config: Config,
    rng: np.random.Generator,
    *,
    clean: Manifest,
    pool: Manifest | None = None,
) -> Manifest:
    """Replace rows by outliers: id `open:<id in the pool>`, from its second use on with `#<use>`.

    Raises `DataError` without a pool, or when a class has too few untouched images.
    """
    if config.is_neutral:
        return manifest
    if pool is None:
        raise DataError(
            f"noise.open.ratio={config.ratio} needs images of people outside the set, and there "
            "are none: set data.outliers to a source of them, or noise.open.pool=own and "
            "data.own_outliers above 0, or noise.open.ratio=0."
        )
    what = f"noise.open.ratio={config.ratio}"
    rows = _share.flippable(manifest, clean, config.ratio, config.strict, rng, what)
    given = rng.integers(0, clean.num_classes, size=len(clean))[rows]
    drawn = _cycle(len(pool), len(rows), rng)
    uses = np.arange(len(rows)) // len(pool)
    entry = _share.account(clean, rows, config.ratio, config.strict) | {
        "pool": config.pool,
        "pool_images": len(pool),
        "pool_max_uses": int(uses.max()) + 1 if len(rows) else 0,
        "aligned": config.aligned,
    }
    _share.log_shortfall(_log, "noise.open", entry)
    return replace(
        manifest,
        ids=_put(manifest.ids, rows, _names(pool.ids[drawn], uses)),
        refs=_put(manifest.refs, rows, pool.refs[drawn]),
        sources=_put(manifest.sources, rows, pool.sources[drawn] + len(manifest.readers)),
        labels=_put(manifest.labels, rows, given),
        true_labels=_put(manifest.true_labels, rows, np.full(len(rows), OUTLIER)),
        kinds=_put(manifest.kinds, rows, np.full(len(rows), OPEN)),
        checksums=_put(manifest.checksums, rows, pool.checksums[drawn]),
        readers=(*manifest.readers, *pool.readers),
        flaws=manifest.flaws if config.aligned else _misaligned(manifest, rows, rng),
        facts=_share.with_account(manifest, "open", entry),
    )


def _cycle(size: int, wanted: int, rng: np.random.Generator) -> NDArray[np.int64]:
    rounds = [rng.permutation(size) for _ in range(-(-wanted // size))]
    return np.concatenate([*rounds, np.empty(0, dtype=np.int64)])[:wanted]


def _names(ids: Texts, uses: NDArray[np.int64]) -> Texts:
    names: Texts = np.strings.add("open:", ids)
    again = np.flatnonzero(uses)
    names[again] = np.strings.add(np.strings.add(names[again], "#"), (uses[again] + 1).astype(KIND))
    return names


def _misaligned(
    manifest: Manifest, rows: NDArray[np.int64], rng: np.random.Generator
) -> flaws.Flaws:
    seeds = rng.integers(0, 2**32, size=len(manifest), dtype=np.uint32)[rows]
    before = flaws.none(len(manifest)) if manifest.flaws is None else manifest.flaws
    return before.put(rows, flaws.MISALIGNED, 1.0, seeds)


def _put(column: NDArray[Any], rows: NDArray[np.int64], values: NDArray[Any]) -> NDArray[Any]:
    out = column.copy()
    out[rows] = values
    return out
