"""`frlib study diff`."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from frlib.cli.options import DEFAULT_STORE, Faces, Json, Store

if TYPE_CHECKING:
    from frlib.study.compare import Comparison, Side

_RECORDED = "store:"
_SHOWN = 10
One = Annotated[
    str, typer.Argument(help="A study's name, a file with study(), or store:NAME as recorded.")
]


def diff(
    a: One, b: One, store: Store = DEFAULT_STORE, faces: Faces = "", as_json: Json = False
) -> None:
    """Compare two studies: fields that differ, cells of one or both, arms on record they share."""
    from frlib.study.compare import compare

    found = compare(*(_side(name, store, faces) for name in (a, b)))
    if as_json:
        facts = {
            "fields": [{"path": p, "a": one, "b": other} for p, one, other in found.fields],
            "cells_only_in_a": found.only_a,
            "cells_only_in_b": found.only_b,
            "cells_in_both": found.both,
            "arms_on_record_of_both": found.arms,
        }
        typer.echo(json.dumps(facts, indent=1, ensure_ascii=False))
    else:
        _page(found, a, b)


def _side(name: str, store: Path, faces: str) -> "Side":
    from frlib.core import safeio
    from frlib.records import layout, ledger
    from frlib.study.arms import cells
    from frlib.study.compare import Side
    from frlib.study.find import find
    from frlib.study.plan import contents

    if name.startswith(_RECORDED):
        own = name.removeprefix(_RECORDED)
        value = safeio.read_json(layout.find_study(store, own) / "study.json")
        known = {one["digest"]: dict(one["shown"]) for one in value.pop("cells", ())}
    else:
        study = find(name, faces)
        own, value = study.name, study.to_json()
        known = {one.digest: dict(one.shown) for one in cells(study, contents(store))}
    entries = ledger.entries(layout.study_folder(store, own))
    arms = {entry.arm["arm"]: entry.arm["cell_digest"] for entry in entries}
    return Side(name, value, known, arms)


def _page(found: "Comparison", a: str, b: str) -> None:
    from frlib.cli.show import console, rows

    if found.fields:
        lines = [{"field": p, a: _text(x), f"{b} ": _text(y)} for p, x, y in found.fields]
        rows(lines, as_json=False)
    else:
        console.print("No field differs.")
    for title, some in (
        (f"Cells only in {a}", found.only_a),
        (f"Cells only in {b}", found.only_b),
        ("Cells in both", found.both),
    ):
        console.print(f"\n{title}: {len(some)}", soft_wrap=True)
        for shown in some[:_SHOWN]:
            console.print(f"  {_cell(shown)}", soft_wrap=True)
        if len(some) > _SHOWN:
            console.print(f"  and {len(some) - _SHOWN} more (--json lists all)")
    console.print(f"\nArms on record of cells in both: {len(found.arms)}")


def _cell(shown: Mapping[str, Any]) -> str:
    return ", ".join(f"{path}={value}" for path, value in shown.items())


def _text(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    line = " ".join(text.split())
    return line if len(line) <= 60 else f"{line[:57]}..."
