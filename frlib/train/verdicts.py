"""Decisions a head made about samples during one epoch, gathered over workers and scored."""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from frlib.data.manifest import CLOSED, UNKNOWN, Manifest
from frlib.heads.head import Decisions
from frlib.metrics.correction import score_decisions
from frlib.parallel.collectives import Group


@dataclass(frozen=True)
class Verdicts:
    """One epoch's decisions, sorted by manifest row, and their scores where the truth is known."""

    kind: str
    rows: NDArray[np.int64]
    given: NDArray[np.int64]
    proposed: NDArray[np.int64]
    score: NDArray[np.float64]
    scores: dict[str, float]


class VerdictLog:
    """Collects decisions step by step; `close` gathers them over workers and starts anew."""

    def __init__(self, manifest: Manifest, group: Group, device: torch.device) -> None:
        self._manifest = manifest
        self._group = group
        self._device = device
        self._kind = ""
        self._columns: list[torch.Tensor] = []
        self._flags: list[torch.Tensor] = []

    def add(self, rows: NDArray[np.int64], decisions: Decisions) -> None:
        """Take the decisions of one batch whose samples are these manifest rows. No device sync."""
        self._kind = decisions.kind
        where = torch.from_numpy(rows).to(decisions.is_flagged_B.device)
        columns = (where, decisions.given_B, decisions.proposed_B, decisions.score_B)
        self._columns.append(torch.stack([c.double() for c in columns], dim=1))
        self._flags.append(decisions.is_flagged_B)

    def close(self) -> Verdicts:
        """The epoch's decisions of all workers."""
        kind, columns, flags = self._kind, self._columns, self._flags
        self._kind, self._columns, self._flags = "", [], []
        empty = torch.zeros(0, 4, dtype=torch.float64, device=self._device)
        found = torch.cat(columns)[torch.cat(flags)] if columns else empty
        table = self._gathered(found).cpu().numpy()
        table = table[np.argsort(table[:, 0], kind="stable")]
        rows, given, proposed = (table[:, i].astype(np.int64) for i in range(3))
        scores = self._score(rows, proposed) if kind else {}
        return Verdicts(kind, rows, given, proposed, table[:, 3], scores)

    def _gathered(self, table: torch.Tensor) -> torch.Tensor:
        if self._group.size == 1:
            return table
        longest = int(self._group.max(torch.tensor(float(len(table)), device=self._device)))
        padded = torch.full((longest, 4), -1.0, dtype=torch.float64, device=self._device)
        padded[: len(table)] = table
        every = self._group.all_gather(padded).reshape(-1, 4)
        return every[every[:, 0] >= 0]

    def _score(self, rows: NDArray[np.int64], proposed: NDArray[np.int64]) -> dict[str, float]:
        truth = self._manifest.true_labels
        counts = {"corrections/flagged": float(len(rows))}
        if (truth == UNKNOWN).any():
            return counts
        found = score_decisions(rows, proposed, truth, self._manifest.labels)
        return counts | {
            "corrections/precision": found.precision,
            "corrections/recall": found.recall,
            "corrections/relabel_accuracy": found.relabel_accuracy,
            "corrections/flipped": float((self._manifest.kinds == CLOSED).sum()),
        }
