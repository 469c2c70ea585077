"""Section: every cell in full: the arm that stands for it, others tried, how to repeat it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

from analysis.columns import metric_column
from analysis.grid import LEVEL, Grid
from analysis.rendering.numbers import number
from analysis.report import _again, _curves
from analysis.report._curves import Curves
from analysis.report._done import by_arm, label, reason
from analysis.report._ran import artefacts, ran
from analysis.table import Cell, measured, missing
from analysis.web.markup import (
    breakable,
    command,
    folded,
    grid,
    said,
    section,
    terms,
    valued,
)
from frlib.core.differences import differences
from frlib.records import select
from frlib.records.read import Arm, Attempt, Records
from frlib.records.select import Choice
from frlib.stats.intervals import mean_interval

LOSS = "train/loss"
_BY_STEP = ("steps/", "schedule/")


def cells(found: Grid) -> str:
    """A folded entry a cell, in the order of the table."""
    book = _Book.of(found)
    entries = "\n".join(
        folded(_summary(book, row), _body(book, row, number, again), f"cell-{number}")
        for number, (row, again) in enumerate(
            zip(found.rows, _again.commands(found.records, found.rows), strict=True), 1
        )
    )
    seeds = sorted({one.seed for one in found.records.attempts})
    lines = _curves.legend(seeds)
    legend = f'<ul class="legend" aria-label="Lines of curves">{lines}</ul>' if lines else ""
    return section(
        "cells",
        "Every cell",
        said("What stands for a cell, how it was trained, and how to get it again."),
        legend,
        f'<div class="folds">{entries}</div>',
    )


@dataclass(frozen=True)
class _Book:
    """What all cells need: records looked up once. finals: arm -> metric -> seed -> value."""

    found: Grid
    attempts: Mapping[str, Sequence[Attempt]]
    finals: Mapping[str, Mapping[str, Mapping[int, float]]]
    curves: Curves
    selection: str
    report: tuple[str, ...]

    @classmethod
    def of(cls, found: Grid) -> "_Book":
        records = found.records
        finals: dict[str, dict[str, dict[int, float]]] = {}
        for arm, seed, name, value in records.finals.itertuples(index=False):
            finals.setdefault(str(arm), {}).setdefault(str(name), {})[int(seed)] = float(value)
        selection, _ = select.metric(records.study)
        report = found.matching(tuple(records.study.get("report") or ()))
        curves = Curves(records.metrics, (LOSS, selection, *report))
        return cls(found, by_arm(records), finals, curves, selection, report)

    def cell(self, arm: Arm, name: str) -> Cell:
        """Mean over seeds of one metric of any arm."""
        values = list(self.finals.get(arm.digest, {}).get(name, {}).values())
        return measured(mean_interval(values, LEVEL)) if values else missing("not recorded")

    def number(self, arm: Arm, name: str) -> str:
        """The same as text, with its unit."""
        column = metric_column(name)
        cell = self.cell(arm, name)
        return number(cell, column) + (f" {column.unit}" if column.unit and cell.value else "")


def _summary(book: _Book, row: Choice) -> str:
    result = book.number(row.arm, book.report[0]) if row.arm and book.report else "no result"
    return f'<h3>{escape(label(row))}</h3> <span class="result">{escape(result)}</span>'


def _body(book: _Book, row: Choice, at: int, again: str) -> str:
    parts = [said(f"No arm stands for this cell: {row.missing}.")] if row.arm is None else []
    if row.arm is not None:
        parts += _standing(book, row.arm, at)
    others = [arm for arm in row.arms if arm is not row.arm]
    if others:
        parts.append(_tried(book, others, at))
    if again:
        parts.append(f"<h4>To get it again</h4>{command(again)}")
    return "\n".join(part for part in parts if part)


def _standing(book: _Book, arm: Arm, at: int) -> list[str]:
    attempts = book.attempts.get(arm.digest, ())
    counting = [one for one in attempts if one.counts]
    shown = [
        _curves.drawn(book.curves.of(arm.digest, name), name)
        for name in dict.fromkeys((LOSS, book.selection, *book.report))
    ]
    curves = f'<div class="curves">{"".join(shown)}</div>' if any(shown) else ""
    facts = [
        ("Arm", f"<code>{arm.digest}</code>"),
        ("Chosen settings", _settings(arm)),
        ("Verdict", escape(arm.message)),
        *((name, escape(text)) for name, text in ran(counting)),
    ]
    return [
        terms(facts),
        curves,
        _replicates(book, arm, attempts, at),
        _changes(book.found.records, arm, at),
        _metrics(book, arm, at),
        artefacts(counting, at),
    ]


def _settings(arm: Arm) -> str:
    told = ", ".join(
        f"<code>{breakable(path)}</code> {escape(_short(value))}"
        for path, value in sorted(arm.params.items())
    )
    return f"{told} (the default)" if told and arm.default else told


def _short(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def _replicates(book: _Book, arm: Arm, attempts: Sequence[Attempt], at: int) -> str:
    names = list(dict.fromkeys((*book.report, book.selection)))
    finals = book.finals.get(arm.digest, {})
    rows = []
    for one in attempts:
        values = [finals.get(name, {}).get(one.seed) if one.counts else None for name in names]
        told = [_value(value, name) for value, name in zip(values, names, strict=True)]
        seconds = one.run.get("seconds")
        why = str(one.run.get("reason") or "")
        rows.append(
            (
                str(one.seed),
                str(one.attempt),
                escape(f"{one.status}: {why}" if why else one.status),
                "" if seconds is None else f"{float(seconds):.0f}",
                *told,
            )
        )
    heads = ("seed", "attempt", "status", "time (s)", *(metric_column(n).heading for n in names))
    return grid(f"cell-{at}-runs", "Attempts of its replicates", heads, rows)


def _value(value: float | None, name: str) -> str:
    return "" if value is None else number(Cell(value), metric_column(name))


def _changes(records: Records, arm: Arm, at: int) -> str:
    base: Mapping[str, Any] = records.study.get("base") or {}
    rows = [
        (f"<code>{breakable(path)}</code>", valued(was), valued(now))
        for path, was, now in differences(base, arm.config)
    ]
    if not base or not rows:
        return said("It is the base run, unchanged.") if base else ""
    heads = ("field", "base", "here")
    caption = "Fields in which it differs from the base run"
    return grid(f"cell-{at}-changes", caption, heads, rows)


def _metrics(book: _Book, arm: Arm, at: int) -> str:
    finals = book.finals.get(arm.digest, {})
    seeds = sorted({seed for values in finals.values() for seed in values})
    rows = [
        (
            breakable(name),
            *("" if seed not in values else f"{values[seed]:.6g}" for seed in seeds),
        )
        for name, values in sorted(finals.items())
        if not name.startswith(_BY_STEP)
    ]
    if not rows:
        return ""
    heads = ("metric", *(f"seed {seed}" for seed in seeds))
    caption = "Last values of all metrics, in base units"
    return folded(f"All {len(rows)} metrics", grid(f"cell-{at}-metrics", caption, heads, rows))


def _tried(book: _Book, arms: Sequence[Arm], at: int) -> str:
    rows = [
        (
            f"<code>{arm.digest}</code>",
            arm.status if arm.status != "running" else "not ended",
            _settings(arm),
            escape(book.number(arm, book.selection)),
            escape(reason(arm, book.attempts.get(arm.digest, ()))),
        )
        for arm in arms
    ]
    heads = ("arm", "status", "settings", book.selection, "reason")
    caption = "Other arms that were tried here"
    return grid(f"cell-{at}-others", caption, heads, rows)
