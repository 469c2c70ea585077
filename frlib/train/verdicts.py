"""Decisions a head made about samples during one epoch, gathered over workers and scored.

A sample that was flagged more than once in the epoch counts once, with the last decision. Scores,
by `frlib.metrics.correction`, each `corrections/...`:

    flagged           decisions, whatever the truth; the others are of samples of known truth
    flipped           samples that show another class of the set than the given one
    precision         of all flags
    recall            of the flipped
    relabel_accuracy  of the proposals on flipped samples
    f1, harm          over all wrong samples, those that show nobody of the set included
    recall/KIND       of each kind of wrongness that occurs (`frlib.cleaning.score`)
    auprc             average precision over all wrong samples, by the decisions' scores; samples
                      without a decision are tied below them all

The first five are always there where some truth is known, NaN where undefined, so that the last
epoch's value is never an older one; the others are left out where undefined, which depends on the
set alone.
"""

from dataclasses import dataclass
from functools import cached_property
from math import isnan

import numpy as np
import torch
from numpy.typing import NDArray

from frlib.cleaning.score import faults
from frlib.data.manifest import UNKNOWN, Manifest
from frlib.heads.head import Decisions
from frlib.metrics.average_precision import average_precision
from frlib.metrics.correction import FAULTS, MISPLACED, NO_PROPOSAL, NONE, counted
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
        scores = self._score(rows, proposed, table[:, 3]) if kind else {}
        return Verdicts(kind, rows, given, proposed, table[:, 3], scores)

    def _gathered(self, table: torch.Tensor) -> torch.Tensor:
        if self._group.size == 1:
            return table
        longest = int(self._group.max(torch.tensor(float(len(table)), device=self._device)))
        padded = torch.full((longest, 5), -1.0, dtype=torch.float64, device=self._device)
        padded[: len(table)] = table
        every = self._group.all_gather(padded).reshape(-1, 5)
        return every[every[:, 0] >= 0]

    @cached_property
    def _fault(self) -> NDArray[np.int8]:
        own = self._manifest
        return faults(own.labels, own.true_labels, own.kinds, own.num_classes)

    def _score(
        self, rows: NDArray[np.int64], proposed: NDArray[np.int64], score: NDArray[np.float64]
    ) -> dict[str, float]:
        truth = self._manifest.true_labels
        known = truth != UNKNOWN
        counts = {"corrections/flagged": float(len(rows))}
        if not known.any():
            return counts
        is_flagged = np.zeros(len(truth), dtype=np.bool_)
        is_flagged[rows] = True
        proposal = np.full(len(truth), NO_PROPOSAL, dtype=np.int64)
        proposal[rows] = proposed
        excess = np.full(len(truth), -np.inf)
        excess[rows] = score
        fault = self._fault[known]
        found = counted(fault, is_flagged[known], proposal[known], truth[known])
        others = {
            "corrections/f1": found.f1(),
            "corrections/harm": found.harm,
            "corrections/auprc": average_precision(excess[known], fault != NONE),
            **{f"corrections/recall/{name}": found.recall((k,)) for name, k in FAULTS.items()},
        }
        return {
            **counts,
            "corrections/precision": found.precision(),
            "corrections/recall": found.recall(MISPLACED),
            "corrections/relabel_accuracy": found.relabel_accuracy(MISPLACED),
            "corrections/flipped": float(found.num(MISPLACED)),
            **{name: value for name, value in others.items() if not isnan(value)},
        }
