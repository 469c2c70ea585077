"""Section: what was run and what was not, and why."""

from collections import Counter
from collections.abc import Sequence
from html import escape

import pandas as pd

from analysis.columns import axis_title, axis_value
from analysis.grid import Grid
from analysis.web.markup import folded, grid, said, section
from frlib.records.read import Arm, Attempt, Records
from frlib.records.select import Choice

STATES = ("complete", "stopped", "failed", "running")
_WORDS = {"running": "not ended"}
_CELLS = 16
"""Longer tables are folded."""
_EVENTS = 40
"""Events that are shown; the others are counted."""


def done(found: Grid) -> str:
    """Arms by status, a table of the cells, what ended early and what it said, and events."""
    records = found.records
    arms = Counter(str(arm.status) for arm in records.arm_list)
    runs = Counter(one.status for one in records.attempts)
    known = {arm.digest for row in found.rows for arm in row.arms}
    others = len(records.arm_list) - len(known)
    lines = [
        f"Arms: {_counts(arms)}.",
        f"Attempts of replicates: {_counts(runs)}.",
        f"{others} arms belong to cells that the study no longer has." if others else "",
    ]
    return section(
        "done",
        "What was run, and what was not",
        *(said(line) for line in lines if line),
        _cells(found),
        _ended(found),
        _events(found),
    )


def label(row: Choice) -> str:
    """A cell in words."""
    return ", ".join(
        f"{axis_title(axis)} {axis_value(axis, value)}" for axis, value in row.shown.items()
    )


def reason(arm: Arm, attempts: Sequence[Attempt]) -> str:
    """Why it ended early: the verdict's words, else those of the last attempt that has some."""
    said_last = (str(one.run.get("reason") or "") for one in reversed(attempts))
    return arm.message or next((text for text in said_last if text), "")


def by_arm(records: Records) -> dict[str, list[Attempt]]:
    """Digest -> attempts, in the order of seeds and attempts."""
    found: dict[str, list[Attempt]] = {}
    for one in records.attempts:
        found.setdefault(one.arm, []).append(one)
    return found


def _counts(counted: Counter[str]) -> str:
    order = [*STATES, *sorted(set(counted) - set(STATES))]
    told = [f"{counted[state]} {_WORDS.get(state, state)}" for state in order if counted[state]]
    return ", ".join(told) or "none"


def _cells(found: Grid) -> str:
    heads = ("cell", *STATES[:-1], _WORDS["running"], "without a result because")
    rows = [
        (
            f'<a href="#cell-{number}">{escape(label(row))}</a>',
            *(str(sum(arm.status == state for arm in row.arms)) for state in STATES),
            escape("" if row.arm is not None else row.missing),
        )
        for number, row in enumerate(found.rows, 1)
    ]
    made = grid("done-cells", "Arms of every cell, by how they ended", heads, rows, "sortable")
    empty = sum(row.arm is None for row in found.rows)
    summary = f"{len(rows)} cells, {len(rows) - empty} with a result, {empty} without"
    return made if len(rows) <= _CELLS else folded(summary, made)


def _ended(found: Grid) -> str:
    attempts = by_arm(found.records)
    rows = [
        (
            f'<a href="#cell-{number}">{escape(label(row))}</a>',
            f"<code>{arm.digest}</code>",
            arm.status,
            escape(reason(arm, attempts.get(arm.digest, [])) or "no reason on record"),
        )
        for number, row in enumerate(found.rows, 1)
        for arm in row.arms
        if arm.status in ("stopped", "failed")
    ]
    if not rows:
        return said("No arm was stopped early, and none failed.")
    caption = "Arms that were stopped early or failed, and what they said"
    return grid("done-ended", caption, ("cell", "arm", "status", "reason"), rows, "sortable")


def _events(found: Grid) -> str:
    events = found.records.events
    if events.empty:
        return ""
    told = Counter(zip(events["level"], events["name"], strict=True))
    summary = ", ".join(f"{count} × {name} ({level})" for (level, name), count in told.items())
    cells = {arm.digest: number for number, row in enumerate(found.rows, 1) for arm in row.arms}
    rows = [_event(one, cells) for one in events.head(_EVENTS).itertuples(index=False)]
    more = len(events) - len(rows)
    caption = "Events that runs wrote down" + (f"; {more:,} more are on record" if more else "")
    heads = ("arm", "seed", "level", "event", "message")
    return folded(escape(f"Events: {summary}"), grid("done-events", caption, heads, rows))


def _event(one: pd.Series, cells: dict[str, int]) -> tuple[str, ...]:
    arm = f"<code>{one.arm}</code>"
    number = cells.get(str(one.arm))
    linked = f'<a href="#cell-{number}">{arm}</a>' if number else arm
    return (linked, str(one.seed), escape(one.level), escape(one.name), escape(one.message))
