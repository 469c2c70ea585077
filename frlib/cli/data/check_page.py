"""What a check found, for people: facts by question, then findings and what to do about them."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from rich.console import Console, Group
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from frlib.data.check.report import many

if TYPE_CHECKING:
    from frlib.data.check.report import Answer, Finding, Report, Rule, Scalar

_BAR = 30
_INDENT = 2
_STYLE = {"error": "bold red", "warning": "yellow"}


def page(report: "Report", console: Console, *, strict: bool) -> None:
    """The whole report."""
    for place, one in enumerate(report.sets):
        role = "against " if place else ""
        console.print(Text.assemble(role, (one.path or one.name, "bold")), soft_wrap=True)
        looked = "all" if one.looked_at == one.images else f"{one.looked_at:,} of"
        about = f"{one.format}, digest {one.digest}; {looked} {one.images:,} images decoded"
        console.print(" " * _INDENT + about, soft_wrap=True)
    for section in report.sections:
        console.print()
        console.print(Text(section.title, "bold"))
        _answer(section.answer, console)
    console.print()
    console.print(Text("Findings", "bold"))
    for finding in report.findings:
        console.print(_indented(_finding(finding)))
    errors, warnings = report.count("error"), report.count("warning")
    verdict = "failed" if report.failed(strict=strict) else "passed"
    counted = f"{many(errors, 'error')}, {many(warnings, 'warning')}"
    console.print(
        Text.assemble(
            (f"{verdict}: ", "bold red" if verdict == "failed" else "bold green"),
            f"{counted}, in {report.seconds:.1f} s. All rules: frlib data check --rules",
        )
    )


def rules(found: "Iterable[Rule]", console: Console) -> None:
    """Every rule with its severity, when it is met and what to do."""
    grid = Table(box=None, pad_edge=False, show_header=False, padding=(0, 2, 1, 0))
    grid.add_column(no_wrap=True)
    grid.add_column(no_wrap=True)
    grid.add_column()
    for rule in found:
        grid.add_row(
            Text(rule.name, "bold"),
            Text(rule.severity, _STYLE[rule.severity]),
            Group(Text(rule.when), Text(rule.do, "dim")),
        )
    console.print(grid)
    console.print("An error gives exit code 1; with --strict a warning does too.")


def _answer(answer: "Answer", console: Console) -> None:
    grid = Table.grid(padding=(0, 3, 0, 0))
    grid.add_column()
    grid.add_column(justify="right")
    for name, value in answer.facts.items():
        grid.add_row(name, _text(value))
    if answer.facts:
        console.print(_indented(grid))
    if answer.rows:
        console.print(_indented(_rows(answer)))


def _rows(answer: "Answer") -> Table:
    grid = Table(box=None, pad_edge=False, header_style="dim")
    columns = list(answer.rows[0])
    for column in columns:
        is_text = any(isinstance(row[column], str) for row in answer.rows)
        grid.add_column(column, justify="left" if is_text else "right", overflow="fold")
    largest = 0.0
    if answer.bar:
        grid.add_column("")
        largest = max(_number(row[answer.bar]) for row in answer.rows)
    for row in answer.rows:
        bar = [_bar(_number(row[answer.bar]) / largest)] if answer.bar else []
        grid.add_row(*(_text(row[column]) for column in columns), *bar)
    return grid


def _finding(finding: "Finding") -> Group:
    head = Text.assemble(
        (f"{finding.severity} ", _STYLE[finding.severity]),
        (f"{finding.rule}: ", "bold"),
        finding.says,
    )
    lines: list[Text | Padding] = [head]
    lines += [_below(Text(example, "dim")) for example in finding.examples]
    more = finding.count - len(finding.examples)
    if finding.examples and more > 0:
        lines.append(_below(Text(f"and {more:,} more", "dim")))
    return Group(*lines, _below(Text(finding.do)), Text())


def _below(text: Text) -> Padding:
    return Padding(text, (0, 0, 0, 2 * _INDENT), expand=False)


def _indented(what: Table | Group) -> Padding:
    return Padding(what, (0, 0, 0, _INDENT), expand=False)


def _bar(share: float) -> Text:
    eighths = round(share * _BAR * 8)
    whole, rest = divmod(eighths, 8)
    return Text("█" * whole + ("▏▎▍▌▋▊▉"[rest - 1] if rest else ""), "cyan")


def _number(value: "Scalar") -> float:
    return float(value) if isinstance(value, (int, float)) else 0.0


def _text(value: "Scalar") -> str:
    if value is None:
        return "-"
    if isinstance(value, int):
        return f"{value:,}"
    return f"{value:,.6g}" if isinstance(value, float) else value
