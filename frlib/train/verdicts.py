"""Decisions a head made about samples during one epoch, gathered over workers and scored.

A sample that was flagged more than once in the epoch counts once, with the last decision.
"""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from frlib.data.manifest import UNKNOWN, Manifest
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

    @classmethod
    def none(cls) -> "Verdicts":
        """No decision."""
        rows = np.empty(0, dtype=np.int64)
        return cls("", rows, rows, rows, np.empty(0), {})


class VerdictLog:
    """Collects decisions step by step; `close` gathers them over workers and starts anew."""

    def __init__(self, manifest: Manifest, group: Group, device: torch.device) -> None:
        self._manifest = manifest
        self._group = group
        self._device = device
        self._kind = ""
        self._columns: list[torch.Tensor] = []
        self._flags: list[torch.Tensor] = []

    def add(self, step: int, rows: torch.Tensor, decisions: Decisions) -> None:
        """Take the decisions of a step whose samples are these manifest rows. No device sync."""
        self._kind = decisions.kind
        when = torch.full_like(rows, step)
        columns = (rows, decisions.given_B, decisions.proposed_B, decisions.score_B, when)
        self._columns.append(torch.stack([c.double() for c in columns], dim=1))
        self._flags.append(decisions.is_flagged_B)

    def table(self) -> torch.Tensor:
        """`[m, 5]` decisions of all workers so far in the epoch, for a checkpoint."""
        empty = torch.zeros(0, 5, dtype=torch.float64, device=self._device)
        found = torch.cat(self._columns)[torch.cat(self._flags)] if self._columns else empty
        return self._gathered(found)

    def go_on(self, kind: str, table: torch.Tensor) -> None:
        """Begin with the decisions of an epoch that was broken off. The first worker has them."""
        self._kind, self._columns, self._flags = kind, [], []
        if self._group.rank == 0 and len(table):
            self._columns = [table]
            self._flags = [torch.ones(len(table), dtype=torch.bool, device=table.device)]

    @property
    def kind(self) -> str:
        """Of the decisions so far; empty before the first."""
        return self._kind

    def close(self) -> Verdicts:
        """The epoch's decisions of all workers."""
        kind, table = self._kind, self.table().cpu().numpy()
        self._kind, self._columns, self._flags = "", [], []
        table = table[np.lexsort((table[:, 4], table[:, 0]))]
        table = table[np.append(table[1:, 0] != table[:-1, 0], True)[: len(table)]]
        rows, given, proposed = (table[:, i].astype(np.int64) for i in range(3))
        scores = self._score(rows, proposed) if kind else {}
        return Verdicts(kind, rows, given, proposed, table[:, 3], scores)

    def _gathered(self, table: torch.Tensor) -> torch.Tensor:
        if self._group.size == 1:
            return table
        longest = int(self._group.max(torch.tensor(float(len(table)), device=self._device)))
        padded = torch.full((longest, 5), -1.0, dtype=torch.float64, device=self._device)
        padded[: len(table)] = table
        every = self._group.all_gather(padded).reshape(-1, 5)
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
            "corrections/flipped": float(found.num_closed),
        }
