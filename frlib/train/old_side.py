"""The old model's features of a run's images, read as its batches come.

They lie in one file that all workers of a machine map (`frlib.evaluate.mapped`); rows are found by
sample id once, when the run begins.
"""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from frlib.compat._term import Block
from frlib.core import safeio
from frlib.core.errors import DataError
from frlib.data.manifest import Manifest
from frlib.evaluate.mapped import Mapped, open_mapped
from frlib.parallel.transfer import sent
from frlib.train.compatibility import OldRows, summary
from frlib.train.compatible import Compat, require_made
from frlib.train.mining import Embed
from frlib.train.old_files import ABOUT, TRAIN

_BLOCK = 4096


class OldSide:
    """Of the training rows of one run, on one worker."""

    def __init__(self, compat: Compat, manifest: Manifest) -> None:
        """`DataError` for samples without old features, or what is of another training set."""
        require_made(compat)
        self._store: Mapped = open_mapped(Path(compat.features) / TRAIN)
        self._place = self._store.places(manifest.ids)
        self._labels = manifest.labels
        self._credible = np.ones(len(manifest), dtype=bool)
        if compat.summary:
            _require_of(Path(compat.summary), manifest)
            made = summary(compat)
            if "credible" in made:
                self._credible = made["credible"].numpy().astype(bool)

    @property
    def dimensions(self) -> int:
        """e."""
        return self._store.dimensions

    def rows(self, rows_b: NDArray[np.int64], device: torch.device) -> OldRows:
        """`[b]` rows of the manifest -> their old features, on the device."""
        unit_be, norm_b = self._store.take(self._place[rows_b])
        has_direction = norm_b > 0
        credible_b = self._credible[rows_b] & has_direction
        return OldRows(
            sent(torch.from_numpy(unit_be), device),
            sent(torch.from_numpy(credible_b), device),
        )

    def blocks(self, embed: Embed, device: torch.device) -> Iterator[Block]:
        """All images, whole classes in ascending order, with both models' raw features.

        Those of the old one are `[n, e]`, as they are.
        """
        order = np.argsort(self._labels, kind="stable")
        ends = np.flatnonzero(np.diff(self._labels[order], append=-1)) + 1
        first = 0
        while first < len(order):
            within = ends[ends <= first + _BLOCK]
            last = int(within[-1] if len(within) and within[-1] > first else ends[ends > first][0])
            rows = order[first:last]
            unit_ne, norm_n = self._store.take(self._place[rows])
            yield Block(
                torch.from_numpy(self._labels[rows]).to(device),
                torch.from_numpy(embed(rows)).to(device),
                torch.from_numpy(unit_ne * norm_n[:, None]).to(device),
            )
            first = last


def _require_of(folder: Path, manifest: Manifest) -> None:
    told = safeio.read_json(folder / ABOUT)
    if told.get("manifest") != manifest.digest:
        raise DataError(
            f"{folder}: made of training set {told.get('manifest')}, this run has "
            f"{manifest.digest}: other samples, labels or noise. Leave compat.summary empty, and "
            "it is made for this run"
        )
