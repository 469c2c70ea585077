"""Tests of a run's model against its old one: on held-out people, benchmarks, and a backfill.

In a backfill the first image of every person of a benchmark is enrolled, the others are searched
for, and the gallery's entries are indexed again by the new model share by share
(`frlib.metrics.backfill`). The old model's own search of it is the bar.
"""

import logging
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from frlib.core.errors import ProtocolError
from frlib.data.manifest import Manifest
from frlib.data.pixels.batches import Pixels
from frlib.data.prepare import PairSet
from frlib.evaluate.embed import embed
from frlib.evaluate.features import load
from frlib.evaluate.pairs10 import Crossed, View
from frlib.metrics import backfill
from frlib.train.compatibility import Compatibility
from frlib.train.compatible import Compat
from frlib.train.old_files import SELECTION, benchmark

RANK = "rank1"
_log = logging.getLogger(__name__)


@dataclass(frozen=True, eq=False)
class CrossTest:
    """Of one run, for its first worker."""

    config: Compat
    model: Compatibility

    def selection(self, manifest: Manifest) -> Crossed:
        """For the held-out people."""
        return self._crossed(SELECTION, manifest)

    def benchmark(self, one: PairSet) -> Crossed:
        """For the pairs of a benchmark."""
        return self._crossed(benchmark(one.name), one.manifest)

    def backfill(
        self, one: PairSet, view: View, pixels: Pixels, crossed: Crossed
    ) -> dict[str, float]:
        """`<benchmark>/backfill/rank1@<share>`, `@old` of old queries in the gallery as it was.

        Nothing where no person has two images, or (with a warning) an image has no direction.
        """
        labels = one.manifest.labels
        _, first = np.unique(labels, return_index=True)
        probes = np.setdiff1d(np.arange(len(labels)), first)
        if not len(probes):
            return {}
        rows = np.concatenate([first, probes])
        emb = embed(
            view.backbone, pixels, rows, mirrored=False, device=view.device, autocast=view.autocast
        )
        new, old, whole = crossed.both(emb), crossed.plain, crossed.alone
        people = labels[first], labels[probes]
        try:
            points = backfill.curve(
                old[first], new[: len(first)], people[0], new[len(first) :], people[1], fars=()
            )
            (bar,) = backfill.curve(
                whole[first],
                whole[first],
                people[0],
                whole[probes],
                people[1],
                shares=(0,),
                fars=(),
            )
        except ProtocolError as error:
            _log.warning("%s: no backfill is measured: %s", one.name, error)
            return {}
        stem = f"{one.name}/backfill/{RANK}@"
        found = {f"{stem}{point.share:g}": point.rate(RANK).value for point in points}
        return found | {f"{stem}old": bar.rate(RANK).value}

    def _crossed(self, file: str, manifest: Manifest) -> Crossed:
        found = load(Path(self.config.features) / file)
        own = found.take(found.places(manifest.ids))
        old = self.model.old_in_both
        mirrored = None if own.mirrored is None else old(own.mirrored)
        return Crossed(self._both, old(own.plain), mirrored, own.plain, own.mirrored)

    def _both(self, emb: NDArray[np.float32]) -> NDArray[np.float32]:
        weight = next(self.model.parameters(), None)
        device = torch.device("cpu") if weight is None else weight.device
        with torch.no_grad():
            found = self.model.raw_in_both(torch.from_numpy(emb).to(device))
        compared: NDArray[np.float32] = found.cpu().numpy()
        return compared
