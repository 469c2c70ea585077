"""Runs the code cells of a notebook in order, without Jupyter: what it computes, and shows."""

import ast
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parents[2] / "analysis" / "notebooks"


def cells(name: str) -> list[dict[str, Any]]:
    """The cells of a notebook."""
    found: list[dict[str, Any]] = json.loads((FOLDER / f"{name}.ipynb").read_text())["cells"]
    return found


def run(name: str, values: Mapping[str, Any]) -> tuple[dict[str, Any], list[Any]]:
    """(names that the cells have set, values that cells end with).

    values: stand in for those of the cell that is tagged `parameters`, which runs as well.
    """
    space: dict[str, Any] = {"__name__": "__main__"}
    shown = []
    for cell in cells(name):
        if cell["cell_type"] != "code":
            continue
        *first, last = ast.parse("".join(cell["source"])).body
        where = f"{name}.ipynb: {cell['id']}"
        if isinstance(last, ast.Expr):
            exec(compile(ast.Module(first, []), where, "exec"), space)
            shown.append(eval(compile(ast.Expression(last.value), where, "eval"), space))
        else:
            exec(compile(ast.Module([*first, last], []), where, "exec"), space)
        if "parameters" in cell["metadata"].get("tags", ()):
            assert set(values) <= set(space), "a parameter that the notebook does not have"
            space.update(values)
    return space, shown
