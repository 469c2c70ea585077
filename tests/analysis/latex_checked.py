"""A small reader of our LaTeX: what it accepts has balanced braces, environments and rows."""

import re

_BEGIN_END = re.compile(r"\\(begin|end)\{(\w+)\}")
_COMMAND = re.compile(r"\\(?:[a-zA-Z]+|.)", re.DOTALL)
_NAMES = (
    r"begin end centering small caption textbf toprule midrule bottomrule par smallskip "
    r"footnotesize raggedright textbackslash textasciitilde textasciicircum lambda pi alpha "
    r"beta theta pm times circ geq leq textless textgreater sigma tau delta Delta approx neq "
    r"to triangleright cdot top ldots "
)
KNOWN = frozenset("\\" + name for name in (*_NAMES.split(), *"&%$#_{}\\,"))


def check(text: str) -> None:
    """`AssertionError` says what LaTeX would stumble over."""
    _environments(text)
    text = re.sub(r"\\label\{[\w:]+\}", "", text)
    for command in _COMMAND.findall(text):
        assert command in KNOWN, f"unknown {command}"
    plain = _COMMAND.sub("", text)
    assert plain.count("$") % 2 == 0, "a formula is not closed"
    outside = re.sub(r"\$[^$]*\$", "", plain)
    for letter in "#_^%~":
        assert letter not in outside, f"a bare {letter}"
    depth = 0
    for letter in plain:
        depth += (letter == "{") - (letter == "}")
        assert depth >= 0, "a brace is closed that was not opened"
    assert depth == 0, "a brace is not closed"
    strange = sorted({letter for letter in outside if ord(letter) > 0x17F})
    assert not strange, f"letters that pdflatex does not know: {strange}"
    _rows(text)


def _environments(text: str) -> None:
    opened: list[str] = []
    for kind, name in _BEGIN_END.findall(text):
        if kind == "begin":
            opened.append(name)
        else:
            assert opened and opened.pop() == name, f"{name} is closed out of order"
    assert not opened, f"{opened} not closed"


def _rows(text: str) -> None:
    body = text.partition(r"\begin{tabular}{")[2].partition(r"\end{tabular}")[0]
    kinds, _, rest = body.partition("}")
    lines = [line for line in rest.splitlines() if line.endswith(r"\\")]
    assert lines, "no rows"
    for line in lines:
        cells = len(re.findall(r"(?<!\\)&", line)) + 1
        assert cells == len(kinds), f"{cells} cells for {len(kinds)} columns: {line}"
        assert not line.startswith("["), "a bracket after a row's end"
