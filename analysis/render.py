"""Table -> Markdown, CSV, LaTeX, HTML; a module of `analysis.rendering` each.

Equal tables give equal bytes.
"""

from collections.abc import Callable
from pathlib import Path

from analysis.rendering.comma_separated import csv_text
from analysis.rendering.html import html
from analysis.rendering.latex import latex, tex
from analysis.rendering.markdown import markdown
from analysis.rendering.numbers import decimals, number
from analysis.table import Table
from frlib.core import safeio

__all__ = ["FORMATS", "csv_text", "decimals", "html", "latex", "markdown", "number", "tex", "write"]

FORMATS: dict[str, Callable[[Table], str]] = {
    "md": markdown,
    "csv": csv_text,
    "tex": latex,
    "html": html,
}


def write(table: Table, folder: Path) -> list[Path]:
    """Write every format as `<folder>/<name>.<format>`, each whole or not at all."""
    paths = []
    for suffix, render in FORMATS.items():
        path = folder / f"{table.name}.{suffix}"
        safeio.write_text(path, render(table))
        paths.append(path)
    return paths
