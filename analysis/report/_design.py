"""Section: what the study was made of, as it was recorded."""

from collections.abc import Iterator, Mapping
from html import escape
from typing import Any

from analysis import detectable
from analysis.columns import axis_title, axis_value
from analysis.grid import Grid
from analysis.web.markup import breakable, folded, grid, leaves, section, terms, valued
from frlib.core.errors import RecordError
from frlib.records import select

_BETWEEN = {"uniform": "between", "int": "whole numbers between"}


def design(found: Grid) -> str:
    """Axes, search, replicates, rules, budget, the run that is varied, and what it could see."""
    study = found.records.study
    name = found.matching(tuple(study.get("report") or ()))[:1]
    pairs = [
        *_axes(found),
        *_space(study.get("space") or {}),
        ("Arms of a cell", _arms(study)),
        ("Replicates", _replicates(study)),
        ("Selection", escape(select.rule(study))),
        ("Early stopping", _choice(study.get("pruning"))),
        ("Reported", ", ".join(f"<code>{breakable(n)}</code>" for n in study.get("report") or ())),
        ("Budget", _budget(study.get("budget") or {})),
        ("Could have seen", escape(_seen(found, name[0])) if name else ""),
    ]
    return section("design", "Design", terms(pairs), _base(study))


def _axes(found: Grid) -> Iterator[tuple[str, str]]:
    for axis in found.axes:
        values = dict.fromkeys(axis_value(axis, row.shown.get(axis)) for row in found.rows)
        title = axis_title(axis)
        path = "" if title == axis else f" <code>{breakable(axis)}</code>"
        shown = "; ".join(escape(value) for value in values)
        yield f"Axis: {title}", f"{shown}{path}"


def _space(space: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """A path a line; what a choice of modules brings along is told as plain JSON."""
    for path, leaf in space.items():
        kind = leaf.get("kind") if isinstance(leaf, Mapping) else None
        if kind in _BETWEEN:
            scale = ", on a log scale" if leaf.get("log") else ""
            text = f"{_BETWEEN[kind]} {leaf['low']:g} and {leaf['high']:g}{scale}"
        else:
            text = valued(leaf)
        yield f"Searched: {path}", text


def _seen(found: Grid, name: str) -> str:
    try:
        return detectable.statement(detectable.of_study(found, name), name)
    except RecordError as error:
        return f"Not known: {error}."


def _arms(study: Mapping[str, Any]) -> str:
    search = study.get("search") or {}
    count = int(search.get("arms_per_cell", 1))
    if count == 1:
        return "the cell's own settings, nothing searched"
    sampler = search.get("sampler") or {}
    name = sampler.get("name", "") if isinstance(sampler, Mapping) else sampler
    return escape(f"up to {count}, proposed by {name}" if name else f"up to {count}")


def _replicates(study: Mapping[str, Any]) -> str:
    seeds = (study.get("replicates") or {}).get("seeds") or ()
    listed = ", ".join(map(str, seeds))
    return escape(
        f"seeds {listed}; the same in all arms, and with them noise draws, initial weights and "
        "order"
        if len(seeds) > 1
        else f"seed {listed}"
        if seeds
        else "not on record"
    )


def _choice(value: Any) -> str:
    """A choice with its settings; empty where there is none on record."""
    if not isinstance(value, Mapping) or "name" not in value:
        return ""
    rest = ", ".join(f"{key} {one}" for key, one in value.items() if key != "name")
    return escape(f"{value['name']} ({rest})" if rest else str(value["name"]))


def _budget(budget: Mapping[str, Any]) -> str:
    told = [f"{name.replace('_', ' ')} {value:g}" for name, value in budget.items() if value]
    return escape(", ".join(told) or "without limit")


def _base(study: Mapping[str, Any]) -> str:
    rows = [
        (f"<code>{breakable(path)}</code>", valued(value))
        for path, value in leaves(study.get("base") or {})
    ]
    if not rows:
        return ""
    caption = "Every field of the run that axes and search vary"
    return folded("The base run, field by field", grid("base", caption, ("field", "value"), rows))


def question(study: Mapping[str, Any]) -> tuple[str, str]:
    """First paragraph of the question, and the others."""
    first, _, rest = str(study.get("question") or "").strip().partition("\n\n")
    return " ".join(first.split()), rest
