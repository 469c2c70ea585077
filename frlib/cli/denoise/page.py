"""Findings and their scores, for people and as JSON."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

if TYPE_CHECKING:
    from rich.console import Console

    from frlib.cleaning.findings import Findings
    from frlib.cleaning.score import Scores

_LEFT = "of"
_SAID = {
    "relabel_accuracy": "{:.1%} of the proposals for people with a class are right",
    "harm": "{:.1%} of the right labels are flagged",
    "classes_emptied": "{:,.0f} classes would lose all their right labels if the flagged went",
    "ece": "{:.3f} is the calibration error of the suspicion",
    "brier": "{:.3f} is its Brier score",
}


def written(found: "Findings", scores: "Scores", out: Path, *, as_json: bool) -> None:
    """Write findings, and print what they are worth."""
    from frlib.cleaning import findings

    findings.write(found, out)
    show(found, scores, as_json=as_json, also={"written": str(out)})
    if not as_json:
        typer.echo(f"Written to {out}")


def show(
    found: "Findings", scores: "Scores", *, as_json: bool, also: Mapping[str, Any] | None = None
) -> None:
    """Counts, what the rule says of itself, then the scores or that the truth is unknown."""
    from rich.console import Console

    from frlib.cli import reference

    if as_json:
        reference.print_json(scores.to_json() | {"facts": dict(found.facts)} | dict(also or {}))
        return
    console = Console(highlight=False)
    flagged, relabelled = int(found.is_flagged.sum()), int(found.relabelled().sum())
    share = 100 * flagged / len(found) if len(found) else 0.0
    console.print(
        f"{found.kind}: {flagged:,} of {len(found):,} images flagged ({share:.1f} %), "
        f"{relabelled:,} with a proposal, {flagged - relabelled:,} without",
        markup=False,
    )
    told = ", ".join(f"{name} {_value(value)}" for name, value in found.facts.items())
    if told:
        console.print(told, markup=False)
    console.print()
    if scores.is_known:
        _scores(scores, console)
    else:
        console.print("Truth: unknown, so nothing is scored.")


def _scores(scores: "Scores", console: "Console") -> None:
    from rich.table import Table

    from frlib.cleaning.score import rows

    lines = rows(scores)
    grid = Table(box=None, pad_edge=False, header_style="underline", padding=(0, 1, 0, 0))
    for name in lines[0]:
        is_name = name == _LEFT
        grid.add_column("" if is_name else name, justify="left" if is_name else "right")
    for line in lines:
        grid.add_row(*(_cell(value) for value in line.values()))
    console.print(grid)
    console.print()
    metrics = scores.metrics("")
    for name, text in _SAID.items():
        if name in metrics:
            console.print(text.format(metrics[name]).replace("%", " %"))
    if scores.num_unknown:
        console.print(f"{scores.num_unknown:,} images of unknown truth are left out")


def _cell(value: Any) -> str:
    if value is None:
        return "–"
    if isinstance(value, float):
        return f"{value:.3f}"
    return f"{value:,}" if isinstance(value, int) else str(value)


def _value(value: Any) -> str:
    if isinstance(value, Mapping):
        return "(" + ", ".join(f"{key} {_value(one)}" for key, one in value.items()) + ")"
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(_value(one) for one in value) + "]"
    if isinstance(value, bool) or value is None:
        return str(value).lower()
    if isinstance(value, int):
        return f"{value:,}"
    return f"{value:.4g}" if isinstance(value, float) else str(value)
