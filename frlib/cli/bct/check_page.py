"""A check for people: the tests of every metric, what changes, the backfill, and the verdict."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console

if TYPE_CHECKING:
    from frlib.evaluate.compatibility.check import Check, Compared
    from frlib.evaluate.compatibility.mixed import CurveRow

_HEADER = ("", "value", "95 % interval", "n", "note")
_RIGHT = ("value", "n")
_TESTS = {
    "self old": "old queries, old gallery",
    "cross": "new queries, old gallery",
    "reversed": "old queries, new gallery",
    "self new": "new queries, new gallery",
}
_Cells = tuple[str, ...]


def show(found: "Check") -> None:
    """Print it; 80 columns are enough for all but the sentences."""
    console = Console(highlight=False)
    notes: dict[str, str] = {}
    groups = list(_groups(found, notes))
    lines = [_HEADER, *(cells for _, rows in groups for cells in rows)]
    widths = [max(len(cells[at]) for cells in lines) for at in range(len(_HEADER))]
    text = [_line(_HEADER, widths)]
    for title, rows in groups:
        text += [title, *(_line(cells, widths) for cells in rows)]
    for line in [*text, "", *_below(found, notes), found.verdict.sentence]:
        console.print(line, markup=False, soft_wrap=True)


def save(found: "Check", folder: Path) -> None:
    """`report.json`, `table.md`, `backfill.png`, and reports and scores of the four tests."""
    from analysis.figures import backfill
    from frlib.core import safeio

    found.save(folder)
    notes: dict[str, str] = {}
    rows = [_HEADER, tuple("---:" if name in _RIGHT else "---" for name in _HEADER)]
    for title, group in _groups(found, notes):
        rows += [(f"**{title}**", "", "", "", ""), *(tuple(c.strip() for c in g) for g in group)]
    table = ["| " + " | ".join(cells) + " |" for cells in rows]
    page = [f"# {found.title}", "", found.verdict.sentence, "", *table, ""]
    page += [f"* {line}" for line in _below(found, notes)]
    safeio.write_bytes(folder / "table.md", ("\n".join(page) + "\n").encode())
    lines = [
        backfill.Line(
            metric=metric,
            spots=tuple(
                backfill.Spot(share=row.share, value=row.value, low=row.low, high=row.high)
                for row in found.curve
                if row.metric == metric
            ),
            bar=next(row.bar for row in found.curve if row.metric == metric),
        )
        for metric in dict.fromkeys(row.metric for row in found.curve)
    ]
    title = f"{found.title}: {found.models['new']} in the gallery of {found.models['old']}"
    backfill.write(lines, title, folder / "backfill.png")


def _groups(found: "Check", notes: dict[str, str]) -> Iterator[tuple[str, list[_Cells]]]:
    for one in found.compared:
        title = f"{one.outcome.protocol}  {one.outcome.variant}  {one.outcome.metric}"
        yield title, list(_of_metric(one, notes))
    rows = found.headline_curve
    if rows:
        title = f"partial backfill  {rows[0].metric}  {rows[0].protocol}"
        yield title, [_of_share(row, notes) for row in rows]


def _of_metric(one: "Compared", notes: dict[str, str]) -> Iterator[_Cells]:
    for test, told in _TESTS.items():
        row = one.tests[test]
        if row is None:
            yield f"  {told}", "-", "", "0", _noted(notes, "not defined in this test")
        else:
            ends = _ends({"low": row.low, "high": row.high}, _share)
            marks = _noted(notes, row.interval, row.mark)
            yield f"  {told}", _share(row.value), ends, f"{row.n:,}", marks
    found = one.to_json()
    how = _noted(notes, one.outcome.how, one.outcome.weak)
    for told, key in (("gain of the update", "gain"), ("gain of indexing again", "room")):
        span = found[key]
        yield f"  {told}", _points(span["value"]), _ends(span, _points), f"{span['n']:,}", how
    won = one.share_won
    yield "  of it the update has", _share(won.value), "", "", _noted(notes, won.why)
    for told, key in (("right, then wrong", "negative"), ("wrong, then right", "positive")):
        span = found[f"{key}_flips"]
        yield f"  {told}", _share(span["value"]), _ends(span, _share), f"{span['n']:,}", ""


def _of_share(row: "CurveRow", notes: dict[str, str]) -> _Cells:
    label = f"  {100 * row.share:.0f} % indexed again"
    ends = _ends({"low": row.low, "high": row.high}, _share)
    return label, _share(row.value), ends, f"{row.n:,}", _noted(notes, row.interval, row.mark)


def _below(found: "Check", notes: dict[str, str]) -> list[str]:
    """Notes, the models, and the warnings of all tests."""
    told = [f"note {number}: {text}" for text, number in notes.items()]
    told += [f"{side}: {name} ({found.spaces[side]})" for side, name in found.models.items()]
    return told + [f"WARNING {text}" for text in found.warnings]


def _noted(notes: dict[str, str], *texts: str) -> str:
    """Numbers of notes; new ones are added."""
    return " ".join(notes.setdefault(text, str(len(notes) + 1)) for text in texts if text)


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    padded = (
        cell.rjust(width) if name in _RIGHT else cell.ljust(width)
        for name, cell, width in zip(_HEADER, cells, widths, strict=True)
    )
    return "  ".join(padded).rstrip()


def _ends(span: Mapping[str, Any], shown: Callable[[float | None], str]) -> str:
    """Both ends; nothing where they are not known."""
    if span["low"] is None or span["high"] is None:
        return ""
    return f"{shown(span['low'])} to {shown(span['high'])}"


def _share(value: float | None) -> str:
    return "-" if value is None else f"{100 * value:.2f} %"


def _points(value: float | None) -> str:
    return "-" if value is None else f"{100 * value:+.2f}"
