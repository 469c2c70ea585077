"""A study for people: question, axes, what is searched and how, and the run that is varied."""

from collections.abc import Iterator

from rich.console import Console
from rich.table import Table

from frlib.core.config import Config, flatten
from frlib.core.reference import plain, plain_space
from frlib.core.space import Branches, Distribution
from frlib.study.arms import shown
from frlib.study.schema import Study

PARTS = ("search", "pruning", "replicates", "selection", "budget", "contest", "resources")


def show(study: Study, console: Console) -> None:
    """The whole page."""
    console.print(f"[bold]{study.name}[/bold]\n")
    for paragraph in _paragraphs(study.question):
        console.print(paragraph, markup=False)
        console.print()
    grid = Table(box=None, show_header=False, pad_edge=False)
    grid.add_column(no_wrap=True)
    grid.add_column(overflow="fold")
    for axis in study.axes:
        grid.add_row(axis, f"axis: {', '.join(_values(study, axis))}")
    for path, distribution in study.space.items():
        for label, text in _searched(path, distribution, ""):
            grid.add_row(label, text)
    for part in PARTS:
        value = getattr(study, part)
        if value is not None:
            grid.add_row(part, _settings(value))
    grid.add_row("report", ", ".join(study.report))
    console.print(grid)
    console.print()
    for path, leaf in flatten(study.base):
        console.print(f"base.{path} = {leaf}", markup=False)


def _paragraphs(text: str) -> Iterator[str]:
    """Text whose lines are joined, but for lists and tables."""
    for paragraph in text.strip().split("\n\n"):
        is_laid_out = any(line.startswith(("* ", " ")) for line in paragraph.splitlines())
        yield paragraph if is_laid_out else " ".join(paragraph.split())


def _searched(path: str, distribution: Distribution, indent: str) -> Iterator[tuple[str, str]]:
    """(field, what may be drawn), and below a slot each module with its own fields."""
    if not isinstance(distribution, Branches):
        yield indent + path, f"searched: {plain_space(distribution)}"
        return
    yield indent + path, "searched: one of"
    for option in distribution.options:
        given = distribution.given(option)
        told = ", ".join(f"{field} {plain(value)}" for field, value in given.items())
        yield f"{indent}  {option}", told
        for field, inner in distribution.space(option).items():
            yield from _searched(field, inner, f"{indent}    ")


def _settings(value: Config) -> str:
    """A choice with what differs from its defaults; of other parts, what differs alone."""
    text, kind = plain(value), type(value).__name__
    if text == kind:
        return "as by default"
    return text.removeprefix(f"{kind} (").removesuffix(")") if text.startswith(kind) else text


def _values(study: Study, axis: str) -> Iterator[str]:
    """As tables show them, the other axes at their first values."""
    for value in study.axes[axis]:
        point = [value if one == axis else values[0] for one, values in study.axes.items()]
        config = study.config_at(tuple(point))
        yield "+".join(str(shown(config, path)) for path in axis.split("+"))
