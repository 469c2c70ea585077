"""The one renderer: Table -> Markdown, CSV, LaTeX. Equal tables give equal bytes.

Rounding happens here. A half-width is shown with one significant digit, with two where it begins
below 3.55 (the Particle Data Group's rule), and its value with as many decimals: more would claim
what the interval does not support.
"""

import csv
import io
import math
from collections.abc import Callable
from pathlib import Path

from analysis.table import Cell, Column, Table
from frlib.core import safeio

_ROUNDING = 1e-12
_MOST_DECIMALS = 8
_TWO_DIGITS_BELOW = 3.55
_LATEX = {
    "\\": r"\textbackslash{}",
    "&": r"\&",
    "%": r"\%",
    "$": r"\$",
    "#": r"\#",
    "_": r"\_",
    "{": r"\{",
    "}": r"\}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "λ": r"$\lambda$",
    "π": r"$\pi$",
    "α": r"$\alpha$",
    "β": r"$\beta$",
    "θ": r"$\theta$",
    "±": r"$\pm$",
    "×": r"$\times$",
    "°": r"$^\circ$",
    "≥": r"$\geq$",
    "≤": r"$\leq$",
    "−": "$-$",
    "—": "---",
    "–": "--",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
}


def markdown(table: Table) -> str:
    """Title, GitHub-style table, caption and numbered notes."""
    notes = _Notes()
    body = [
        [_shown(entry, column, notes, lambda t: f"**{t}**", str) for entry, column in row]
        for row in _pairs(table)
    ]
    heads = [column.heading for column in table.columns]
    aligned = ["---:" if _is_number(table, i) else "---" for i in range(len(heads))]
    lines = [f"# {table.title}", ""]
    lines += [_md_row(row) for row in (heads, aligned, *body)]
    lines += ["", table.caption]
    if notes.texts:
        lines += ["", *(f"- [{i}] {text}" for i, text in enumerate(notes.texts, 1))]
    return "\n".join(lines) + "\n"


def csv_text(table: Table) -> str:
    """One line a row; a column of numbers has its half-width, n, origin, mark and note beside it.

    Numbers are in base units (shares, seconds) with ten significant digits.
    """
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    numeric = [_is_number(table, i) for i in range(len(table.columns))]
    heads: list[str] = []
    for column, number in zip(table.columns, numeric, strict=True):
        heads.append(column.key)
        if number:
            parts = ("half_width", "n", "origin", "best", "note")
            heads += [f"{column.key}:{part}" for part in parts]
    writer.writerow(heads)
    for row in table.rows:
        line: list[str] = []
        for entry, number in zip(row, numeric, strict=True):
            line += _csv_entry(entry, number)
        writer.writerow(line)
    return out.getvalue()


def latex(table: Table) -> str:
    r"""A `table` with booktabs rules (`\usepackage{booktabs}`), caption above, notes below."""
    notes = _Notes()
    body = [
        [_shown(entry, column, notes, lambda t: rf"\textbf{{{t}}}", tex) for entry, column in row]
        for row in _pairs(table)
    ]
    kinds = "".join("r" if _is_number(table, i) else "l" for i in range(len(table.columns)))
    lines = [
        r"\begin{table}",
        r"\centering",
        r"\small",
        rf"\caption{{\textbf{{{tex(table.title)}}} {tex(table.caption)}}}",
        rf"\label{{tab:{table.name}}}",
        rf"\begin{{tabular}}{{{kinds}}}",
        r"\toprule",
        " & ".join(tex(column.heading) for column in table.columns) + r" \\",
        r"\midrule",
        *(" & ".join(row) + r" \\" for row in body),
        r"\bottomrule",
        r"\end{tabular}",
    ]
    if notes.texts:
        lines.append(r"\par\smallskip\footnotesize\raggedright")
        lines += [rf"[{i}] {tex(text)}\par" for i, text in enumerate(notes.texts, 1)]
    return "\n".join([*lines, r"\end{table}"]) + "\n"


FORMATS: dict[str, Callable[[Table], str]] = {"md": markdown, "csv": csv_text, "tex": latex}


def write(table: Table, folder: Path) -> list[Path]:
    """Write every format as `<folder>/<name>.<format>`, each whole or not at all."""
    paths = []
    for suffix, render in FORMATS.items():
        path = folder / f"{table.name}.{suffix}"
        safeio.write_text(path, render(table))
        paths.append(path)
    return paths


def number(cell: Cell, column: Column) -> str:
    """`87.3 ± 0.8`, `99.28`, or a dash: the number as a reader sees it, without mark and note."""
    if cell.value is None:
        return "—"
    value = cell.value * column.scale
    if cell.half_width is None:
        return f"{value:.{column.digits if cell.digits is None else cell.digits}f}"
    half = cell.half_width * column.scale
    places = decimals(half, column.digits)
    return f"{value:.{places}f} ± {half:.{places}f}"


def decimals(half_width: float, otherwise: int) -> int:
    """Decimals that show one significant digit of `half_width`, two where it begins below 3.55.

    What is left of equal numbers after rounding is no width.
    """
    if not half_width > _ROUNDING:
        return otherwise
    exponent = math.floor(math.log10(half_width))
    first = half_width / 10.0**exponent
    return min(max(-exponent + (1 if first < _TWO_DIGITS_BELOW else 0), 0), _MOST_DECIMALS)


def tex(text: str) -> str:
    """Text with everything escaped that LaTeX would read as a command."""
    return "".join(_LATEX.get(letter, letter) for letter in text)


class _Notes:
    """Numbers equal notes alike, in order of appearance."""

    def __init__(self) -> None:
        self.texts: list[str] = []

    def mark(self, note: str) -> str:
        if not note:
            return ""
        if note not in self.texts:
            self.texts.append(note)
        return f" [{self.texts.index(note) + 1}]"


def _pairs(table: Table) -> list[list[tuple[str | Cell, Column]]]:
    return [list(zip(row, table.columns, strict=True)) for row in table.rows]


def _shown(
    entry: str | Cell,
    column: Column,
    notes: _Notes,
    bold: Callable[[str], str],
    escape: Callable[[str], str],
) -> str:
    if isinstance(entry, str):
        return escape(entry)
    text = escape(number(entry, column))
    return (bold(text) if entry.best else text) + notes.mark(entry.note)


def _is_number(table: Table, index: int) -> bool:
    return any(isinstance(row[index], Cell) for row in table.rows)


def _md_row(entries: list[str]) -> str:
    return "| " + " | ".join(text.replace("|", r"\|") for text in entries) + " |"


def _csv_entry(entry: str | Cell, number: bool) -> list[str]:
    if isinstance(entry, str):
        return [entry, *([""] * 5 if number else [])]
    return [
        _exact(entry.value),
        _exact(entry.half_width),
        "" if entry.n is None else str(entry.n),
        entry.origin,
        "yes" if entry.best else "",
        entry.note,
    ]


def _exact(value: float | None) -> str:
    return "" if value is None else format(value, ".10g")
