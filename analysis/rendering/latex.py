r"""LaTeX with booktabs rules; what LaTeX would read as a command is escaped."""

from analysis.rendering.numbers import Notes, rows
from analysis.table import Table

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
    "σ": r"$\sigma$",
    "τ": r"$\tau$",
    "δ": r"$\delta$",
    "Δ": r"$\Delta$",
    "≈": r"$\approx$",
    "≠": r"$\neq$",
    "→": r"$\to$",
    "▸": r"$\triangleright$",
    "·": r"$\cdot$",
    "²": r"$^2$",
    "ᵀ": r"$^\top$",
    "…": r"\ldots{}",
    "\u2009": r"\,",
}


def latex(table: Table) -> str:
    r"""A `table` with booktabs rules (`\usepackage{booktabs}`), caption above, notes below."""
    notes = Notes()
    body = rows(table, notes, lambda text: rf"\textbf{{{text}}}", _entry)
    kinds = "".join("r" if is_number else "l" for is_number in table.numeric)
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
        *(_begun(" & ".join(row)) + r" \\" for row in body),
        r"\bottomrule",
        r"\end{tabular}",
    ]
    if notes.texts:
        lines.append(r"\par\smallskip\footnotesize\raggedright")
        lines += [rf"[{i}] {tex(text)}\par" for i, text in enumerate(notes.texts, 1)]
    return "\n".join([*lines, r"\end{table}"]) + "\n"


def tex(text: str) -> str:
    """Text with everything escaped that LaTeX would read as a command."""
    return "".join(_LATEX.get(letter, letter) for letter in text)


def _entry(text: str) -> str:
    """Of a cell: before a number a hyphen is a minus."""
    return tex(f"−{text[1:]}" if text[:1] == "-" and text[1:2].isdigit() else text)


def _begun(row: str) -> str:
    r"""A bracket after `\\` would be read as its argument."""
    return "{}" + row if row.startswith("[") else row
