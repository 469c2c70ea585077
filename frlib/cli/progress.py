"""Progress of a study: a table that lives in a terminal, a line per event in a log."""

import math
import sys
import time
from collections.abc import Mapping
from types import TracebackType
from typing import Literal, Self

from rich.console import Console, Group
from rich.live import Live
from rich.progress import BarColumn, TextColumn, TimeElapsedColumn
from rich.progress import Progress as Bar
from rich.table import Table
from rich.text import Text

from frlib.cli.board import Board, Row, label
from frlib.core.space import Scalar
from frlib.study.driver import Driving
from frlib.study.plan import Plan

_QUIET_S = 20.0
_VALUES = "searched values"
_ARMS, _CELLS = 6, 7
"""Rows shown at most, so that all of it fits into a terminal of 24 lines."""


class Progress:
    """A `Watcher` that prints. driving: what others learn of this process, and stop it by."""

    def __init__(
        self, plan: Plan, driving: Driving | None = None, console: Console | None = None
    ) -> None:
        self.board = Board(plan)
        self._driving = driving
        self._spoke = 0.0
        self._is_live = sys.stdout.isatty() if console is None else console.is_terminal
        self._told_to_stop = False
        self._console = console or Console(highlight=False)
        self._bar = Bar(
            TextColumn("{task.description}"),
            BarColumn(),
            TextColumn("{task.completed}/{task.total} epochs"),
            TimeElapsedColumn(),
            TextColumn("{task.fields[left]}"),
            console=self._console,
        )
        self._task = self._bar.add_task("starting Ray", total=self.board.total, left="")
        self._live = Live(
            console=self._console, refresh_per_second=2, get_renderable=self.page, transient=True
        )

    def __enter__(self) -> Self:
        if self._is_live:
            self._live.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._is_live:
            self._live.stop()

    def began(self, arm: str, cell: Mapping[str, Scalar], params: Mapping[str, Scalar]) -> None:
        """A new row."""
        self.board.began(arm, cell, params)

    def epoch(
        self, arm: str, cell: Mapping[str, Scalar], step: int, value: float, seed: int
    ) -> None:
        """Count epochs; estimate what is left from the pace so far."""
        self.board.epoch(arm, cell, step, value, seed)
        if self._driving is not None:
            self._driving.left_s = self.board.left_s()
        now = time.monotonic()
        if not self._is_live and now - self._spoke > _QUIET_S:
            self._spoke = now
            self._say(
                f"{self.board.done}/{self.board.total} epochs, {self._left()}; "
                f"{label(cell)} seed {seed}: {self.board.metric} {value:.4f}"
            )

    def ended(
        self, arm: str, cell: Mapping[str, Scalar], status: str, message: str, value: float
    ) -> None:
        """Say how an arm ended."""
        self.board.end(arm, cell, status, message)
        shown = "" if math.isnan(value) else f" {self.board.metric} {value:.4f}"
        why = f" ({message})" if message else ""
        if not self._is_live:
            self._say(f"{label(cell)}: {status}{shown}{why}")

    def stopping(self) -> bool:
        """Whether somebody asked this process to stop; says so once."""
        asked = self._driving is not None and self._driving.stopping()
        if asked and not self._told_to_stop:
            self._told_to_stop = True
            self._say("asked to stop: no new arm starts, running ones end after their epoch")
        return asked

    def page(self) -> Group:
        """Everything, as it is now."""
        counts = ", ".join(f"{count} {status}" for status, count in self.board.ended.items())
        running = len(self.board.running)
        self._bar.update(
            self._task,
            completed=self.board.done,
            total=self.board.total,
            description=f"{running} running{f', {counts}' if counts else ''}",
            left=self._left(),
        )
        reasons = [
            Text(f"  {one}", overflow="ellipsis", no_wrap=True) for one in self.board.reasons
        ]
        return Group(self._arms(), *reasons, self._cells(), self._bar)

    def _arms(self) -> Table:
        newest = list(self.board.running.values())[::-1]
        grid = _grid("running", _VALUES, "seed", "epoch", self.board.metric)
        for row in newest[:_ARMS]:
            grid.add_row(*_row(row, self.board.doing(row.arm)))
        if len(newest) > _ARMS:
            grid.add_row(f"and {len(newest) - _ARMS} more", "", "", "", "")
        return grid

    def _cells(self) -> Table:
        found = self.board.best
        grid = _grid("best so far", self.board.metric, "± 95 %", "n")
        for shown, one in found[:_CELLS]:
            wide = one.interval.half_width
            half = "" if math.isnan(wide) else f"{wide:.4f}"
            grid.add_row(label(shown), f"{one.interval.value:.4f}", half, str(one.interval.n))
        if len(found) > _CELLS:
            grid.add_row(f"and {len(found) - _CELLS} more cells", "", "", "")
        return grid

    def _left(self) -> str:
        seconds = self.board.left_s()
        if seconds is None:
            return "estimating"
        return (
            f"about {seconds / 60:.1f} min left" if seconds > 90 else f"about {seconds:.0f} s left"
        )

    def _say(self, text: str) -> None:
        if self._is_live:
            self._console.print(text, markup=False)
        else:
            print(f"{time.strftime('%H:%M:%S')} {text}", flush=True)


def _grid(first: str, *others: str) -> Table:
    grid = Table(box=None, pad_edge=False, header_style="bold", expand=False)
    grid.add_column(first, overflow="ellipsis", no_wrap=True, ratio=2)
    for title in others:
        side: Literal["left", "right"] = "left" if title == _VALUES else "right"
        grid.add_column(title, overflow="ellipsis", no_wrap=True, justify=side)
    return grid


def _row(row: Row, doing: str) -> tuple[str, str, str, str, str]:
    values = [f"{k.rpartition('.')[2]} {_short(v)}" for k, v in row.params.items()]
    searched = ", ".join([doing, *values] if doing else values)
    value = "–" if math.isnan(row.value) else f"{row.value:.4f}"
    seed = "–" if row.seed is None else str(row.seed)
    return label(row.cell), searched, seed, f"{row.epoch}/{row.epochs}", value


def _short(value: Scalar) -> str:
    return f"{value:.3g}" if isinstance(value, float) else str(value)
