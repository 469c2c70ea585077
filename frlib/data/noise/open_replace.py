"""Open-set noise: a share of every class is replaced by images of people outside the set.

    floor(n_c * ratio) images of class c, drawn from those that earlier noise left alone, become
    outliers, each with a label drawn uniformly from all C classes; n_c is the size before any noise

Source: the outlier script of BoundaryFace, which runs on the flipped list. The number of rows does
not change, class sizes do. The pool is used in random order and, when exhausted, shuffled and used
again, so uses of its images differ by at most one.
"""

import logging
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from frlib.core.config import Config as Base
from frlib.core.config import setting
from frlib.core.errors import DataError
from frlib.data.manifest import CLEAN, OPEN, OUTLIER, Manifest
from frlib.data.noise import _share

_log = logging.getLogger(__name__)


class Config(Base):
    """Replacement by outliers."""

    ratio: float = setting(
        0.0, ge=0, le=1, doc="share of each class (of its size before any noise) that is replaced"
    )
    strict: bool = setting(
        True, doc="count floor(n * ratio) in binary floating point, as the source; else decimal"
    )


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
    if config.ratio == 0:
        return manifest
    if pool is None:
        raise DataError(
            f"noise.open.ratio={config.ratio} needs images of people outside the set, and there "
            "are none: set data.outliers to a source of them, or noise.open.ratio=0."
        )
    untouched = manifest.kinds == CLEAN
    wanted = _share.counts(clean.class_sizes, config.ratio, config.strict)
    _share.require_enough(clean, wanted, untouched, f"noise.open.ratio={config.ratio}")
    rows = _share.pick(clean.labels, wanted, untouched, rng)
    given = rng.integers(0, clean.num_classes, size=len(clean))[rows]
    drawn = _cycle(len(pool), len(rows), rng)
    uses = np.arange(len(rows)) // len(pool)
    ids = [
        f"open:{pool.ids[place]}" + (f"#{use + 1}" if use else "")
        for place, use in zip(drawn, uses, strict=True)
    ]
    entry = _share.account(clean, rows, config.ratio, config.strict) | {
        "pool_images": len(pool),
        "pool_max_uses": int(uses.max()) + 1 if len(rows) else 0,
    }
    _share.log_shortfall(_log, "noise.open", entry)
    return replace(
        manifest,
        ids=_put(manifest.ids, rows, np.asarray(ids, dtype=np.str_)),
        refs=_put(manifest.refs, rows, pool.refs[drawn]),
        sources=_put(manifest.sources, rows, pool.sources[drawn] + len(manifest.readers)),
        labels=_put(manifest.labels, rows, given),
        true_labels=_put(manifest.true_labels, rows, np.full(len(rows), OUTLIER)),
        kinds=_put(manifest.kinds, rows, np.full(len(rows), OPEN)),
        checksums=_put(manifest.checksums, rows, pool.checksums[drawn]),
        readers=(*manifest.readers, *pool.readers),
        facts=_share.with_account(manifest, "open_replace", entry),
    )


def _cycle(size: int, wanted: int, rng: np.random.Generator) -> NDArray[np.int64]:
    rounds = [rng.permutation(size) for _ in range(-(-wanted // size))]
    return np.concatenate([*rounds, np.empty(0, dtype=np.int64)])[:wanted]


def _put(column: NDArray[Any], rows: NDArray[np.int64], values: NDArray[Any]) -> NDArray[Any]:
    """A copy with `values` at `rows`; texts are widened, never cut."""
    wide = np.result_type(column, values) if column.dtype.kind == "U" else column.dtype
    out = column.astype(wide)
    out[rows] = values
    return out
