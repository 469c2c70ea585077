"""Markdown as GitHub reads it, with notes below."""

from analysis.rendering.numbers import Notes, rows
from analysis.table import Table


def markdown(table: Table) -> str:
    """Title, GitHub-style table, caption and numbered notes."""
    notes = Notes()
    body = rows(table, notes, lambda text: f"**{text}**", str)
    heads = [column.heading for column in table.columns]
    aligned = ["---:" if is_number else "---" for is_number in table.numeric]
    lines = [f"# {table.title}", ""]
    lines += [_row(row) for row in (heads, aligned, *body)]
    lines += ["", table.caption]
    if notes.texts:
        lines += [
            "",
            *(f"- [{i}] {' '.join(text.split())}" for i, text in enumerate(notes.texts, 1)),
        ]
    return "\n".join(lines) + "\n"


def _row(entries: list[str]) -> str:
    return "| " + " | ".join(text.replace("|", r"\|") for text in entries) + " |"
