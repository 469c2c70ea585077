"""How to get a cell again: the command that trains the arm that stands for it, and nothing else.

The design is in the page itself (`design_link`), as `frlib study run` keeps it, so that no file of
another machine is needed. `name` gives the repetition records of its own, beside the first ones.
"""

import base64
import json
import shlex
from collections.abc import Mapping, Sequence
from itertools import product
from typing import Any

from frlib.records.read import Records
from frlib.records.select import Choice

FILE = "study.json"
WHOLE = f"frlib study run {FILE}"
"""The whole study."""


def design(study: Mapping[str, Any]) -> str:
    """The study as JSON text that `frlib study run study.json` reads."""
    fields = {name: value for name, value in study.items() if name != "cells"}
    return json.dumps(fields, indent=1, sort_keys=True, ensure_ascii=False) + "\n"


def design_link(study: Mapping[str, Any]) -> str:
    """The design as a file within the page."""
    data = base64.b64encode(design(study).encode()).decode()
    return (
        f'<a class="button" download="{FILE}" href="data:application/json;base64,{data}">'
        f"Save {FILE}</a>"
    )


def commands(records: Records, rows: Sequence[Choice]) -> list[str]:
    """One command a row, of the arm that stands for it or, without one, of the cell's default.

    Empty where neither the arm nor its place in the design is on record.
    """
    study = records.study
    axes: Mapping[str, Sequence[Any]] = study.get("axes") or {}
    points = list(product(*axes.values()))
    planned = points if len(points) == len(rows) else [None] * len(rows)
    return [
        _command(study, axes, row, at, f"{study['name']}_cell{number}")
        for number, (row, at) in enumerate(zip(rows, planned, strict=True), 1)
    ]


def _command(
    study: Mapping[str, Any],
    axes: Mapping[str, Any],
    row: Choice,
    at: tuple[Any, ...] | None,
    name: str,
) -> str:
    arm = row.arm
    if not axes or (arm is None and at is None):
        return ""
    changes: dict[str, Any] = {}
    if arm is None:
        assert at is not None
        values = dict(zip(axes, at, strict=True))
    else:
        values = {axis: _at_axis(arm.config, axis) for axis in axes}
        varied = [path for axis in axes for path in axis.split("+")]
        for path in arm.params:
            if not any(path == one or path.startswith(f"{one}.") for one in varied):
                changes[f"base.{path}"] = _at(arm.config, path)
    sets = {
        "name": name,
        "axes": {axis: [value] for axis, value in values.items()},
        **changes,
        **_unsearched(study),
    }
    return " ".join([WHOLE, *(_set(path, value) for path, value in sets.items())])


def _unsearched(study: Mapping[str, Any]) -> dict[str, Any]:
    """What makes one arm of a cell, which runs to its end."""
    search = study.get("search") or {}
    wanted: dict[str, tuple[Any, Any]] = {
        "space": (study.get("space") or {}, {}),
        "search.arms_per_cell": (search.get("arms_per_cell", 1), 1),
        "search.warm_start": (search.get("warm_start") or [], []),
        "pruning": ((study.get("pruning") or {}).get("name", "none"), "none"),
        "contest": (study.get("contest"), None),
        "budget.runs": ((study.get("budget") or {}).get("runs", 0), 0),
    }
    return {path: value for path, (now, value) in wanted.items() if now != value}


def _set(path: str, value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return f"--set {shlex.quote(f'{path}={text}')}"


def _at_axis(config: Mapping[str, Any], axis: str) -> Any:
    paths = axis.split("+")
    values = [_at(config, path) for path in paths]
    return values[0] if len(paths) == 1 else values


def _at(config: Mapping[str, Any], path: str) -> Any:
    """The value at `a.b`; keys may have dots in them."""
    inside: Any = config
    rest = path.split(".")
    while rest:
        key = next(
            (
                found
                for count in range(len(rest), 0, -1)
                if (found := ".".join(rest[:count])) in inside
            ),
            None,
        )
        if key is None:
            return None
        inside, rest = inside[key], rest[key.count(".") + 1 :]
    return inside
