"""Progress of a study: a bar with an estimate in a terminal, a line per event in a log."""

import math
import sys
import time
from collections.abc import Mapping
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, TextColumn, TimeElapsedColumn
from rich.progress import Progress as Bar

from frlib.core.config import canonical
from frlib.core.space import Scalar
from frlib.study.plan import Plan

_QUIET_S = 20.0


class Progress:
    """A `Watcher` that prints. Epochs over all arms and replicates are the unit of work."""

    def __init__(self, plan: Plan) -> None:
        seeds = len(plan.study.replicates.seeds)
        self._per_arm = {
            canonical(one.cell.shown): one.cell.config.epochs * seeds for one in plan.cells
        }
        self._total = plan.epochs_left
        self._complete = {
            arm: len(entry.complete_seeds) * cell.cell.config.epochs
            for cell in plan.cells
            for arm, entry in cell.entries.items()
        }
        self._metric = plan.study.selection.name
        self._steps: dict[str, int] = {}
        self._first: dict[str, int] = {}
        self._began: float | None = None
        self._spoke = 0.0
        self._live = sys.stdout.isatty()
        self._bar = Bar(
            TextColumn("{task.description}"),
            BarColumn(),
            TextColumn("{task.completed}/{task.total} epochs"),
            TimeElapsedColumn(),
            TextColumn("{task.fields[left]}"),
            console=Console(highlight=False),
            disable=not self._live,
        )

    def __enter__(self) -> Self:
        self._bar.start()
        self._task = self._bar.add_task("starting Ray", total=self._total, left="")
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._bar.stop()

    def epoch(
        self, arm: str, cell: Mapping[str, Scalar], step: int, value: float, seed: int
    ) -> None:
        """Count epochs; estimate what is left from the pace so far."""
        now = time.monotonic()
        self._began = self._began or now
        if arm not in self._first:
            self._first[arm] = step - 1
            self._total -= max(0, step - 1 - self._complete.get(arm, 0))
        self._steps[arm] = step
        self._show(now, f"{_label(cell)} seed {seed}: {self._metric} {value:.4f}")

    def ended(
        self, arm: str, cell: Mapping[str, Scalar], status: str, message: str, value: float
    ) -> None:
        """Say how an arm ended; epochs it no longer needs leave the total."""
        done = self._steps.get(arm, self._complete.get(arm, 0))
        if status != "complete":
            self._total -= max(0, self._per_arm[canonical(cell)] - done)
        shown = "" if math.isnan(value) else f" {self._metric} {value:.4f}"
        why = f" ({message})" if message else ""
        self._say(f"{_label(cell)}: {status}{shown}{why}")

    @property
    def _done(self) -> int:
        return sum(self._steps[arm] - self._first[arm] for arm in self._steps)

    def _show(self, now: float, text: str) -> None:
        left = self._left(now)
        if self._live:
            self._bar.update(
                self._task, completed=self._done, total=self._total, description=text, left=left
            )
        elif now - self._spoke > _QUIET_S:
            self._spoke = now
            self._say(f"{self._done}/{self._total} epochs, {left}; {text}")

    def _left(self, now: float) -> str:
        if self._began is None or now - self._began < 2 or not self._done:
            return "estimating"
        seconds = (now - self._began) / self._done * max(0, self._total - self._done)
        return (
            f"about {seconds / 60:.1f} min left" if seconds > 90 else f"about {seconds:.0f} s left"
        )

    def _say(self, text: str) -> None:
        if self._live:
            self._bar.console.print(text)
        else:
            print(f"{time.strftime('%H:%M:%S')} {text}", flush=True)


def _label(cell: Mapping[str, Scalar]) -> str:
    return ", ".join(str(v) if k == "head" else f"{k}={v}" for k, v in cell.items())
