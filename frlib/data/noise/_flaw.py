"""Steps that spoil pixels: a share of every class gets a flaw, whatever its labels are by then."""

import logging
from dataclasses import replace
from typing import Protocol

import numpy as np

from frlib.data import flaws
from frlib.data.manifest import Manifest
from frlib.data.noise import _share

STAGE = "flaw"
_log = logging.getLogger(__name__)


class Spoiling(Protocol):
    """Settings of a flaw."""

    @property
    def ratio(self) -> float:
        """Share of each class."""
        ...

    @property
    def strength(self) -> float:
        """In units of the flaw."""
        ...

    @property
    def strict(self) -> bool:
        """How the share is counted."""
        ...


def put(
    manifest: Manifest, config: Spoiling, rng: np.random.Generator, clean: Manifest, name: str
) -> Manifest:
    """The flaw `name` on rows that have none yet; `DataError` when a class has too few of them."""
    before = flaws.none(len(manifest)) if manifest.flaws is None else manifest.flaws
    free = before.kinds == flaws.NONE
    sizes = clean.class_sizes
    wanted = _share.counts(sizes, config.ratio, config.strict)
    _share.require_enough(clean, wanted, free, f"noise.{name}.ratio={config.ratio}")
    rows = _share.pick(clean.labels, wanted, free, rng)
    seeds = rng.integers(0, 2**32, size=len(manifest), dtype=np.uint32)[rows]
    entry = _share.account(clean, rows, config.ratio, config.strict, sizes)
    entry["strength"] = config.strength
    _share.log_shortfall(_log, f"noise.{name}", entry)
    return replace(
        manifest,
        flaws=before.put(rows, flaws.FLAWS.index(name), config.strength, seeds)
        if len(rows)
        else manifest.flaws,
        facts=_share.with_account(manifest, name, entry),
    )
