"""`frlib study status`."""

import json
import time
from collections.abc import Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from frlib.cli.options import DEFAULT_STORE, Json, Store
from frlib.cli.study.asked import Recorded

if TYPE_CHECKING:
    from frlib.study.best import Best
    from frlib.study.outputs import Count
    from frlib.study.status import Status

    Outputs = Mapping[str, Count]

_REASONS = 3


def status(name: Recorded, store: Store = DEFAULT_STORE, as_json: Json = False) -> None:
    """Say how a study stands, from its records alone: also while another process runs it."""
    from frlib.launch import stages
    from frlib.records import layout
    from frlib.study.status import status as read

    folder = layout.find_study(store, name)
    found, outputs = read(folder), stages.recorded(folder, store)
    if as_json:
        print(json.dumps(_facts(found, outputs), indent=1, ensure_ascii=False))
    else:
        _page(found, outputs)


def _page(found: "Status", outputs: "Outputs") -> None:
    from rich.table import Table

    from frlib.cli.board import label
    from frlib.cli.show import console
    from frlib.study.status import STATES

    console.print(f"[bold]{found.name}[/bold]: {_driver(found)}", soft_wrap=True)
    told = [f"{found.count(state)} {state}" for state in STATES if found.count(state)]
    others = f"; {found.others} of cells that it has no more" if found.others else ""
    console.print(f"arms: {', '.join(told) or 'none'}; {found.runs} runs complete{others}")
    if outputs:
        told = [f"{kind} {count.there} of {count.needed}" for kind, count in outputs.items()]
        console.print(f"stages of these arms in the store: {', '.join(told)}", soft_wrap=True)
    if found.halted is not None:
        console.print(f"halted: {found.halted}", soft_wrap=True, markup=False)
    console.print()
    grid = Table(box=None, pad_edge=False, header_style="")
    grid.add_column("cell", overflow="fold", min_width=24)
    grid.add_column("arms")
    grid.add_column(f"best {found.metric} so far", no_wrap=True)
    for cell in found.cells:
        counts = [f"{len(cell.arms[state])} {state}" for state in STATES if cell.arms[state]]
        grid.add_row(label(cell.shown), ", ".join(counts) or "–", str(cell.best or "–"))
    console.print(grid)
    reasons = [(cell, text) for cell in found.cells for text in cell.reasons if text]
    for cell, text in reasons[-_REASONS:]:
        console.print(f"  {label(cell.shown)}: {text}", soft_wrap=True, markup=False)


def _driver(found: "Status") -> str:
    driver = found.driver
    if driver is None:
        return "nothing runs it now"
    since = (time.time() - driver.started) / 60
    left = "" if driver.left_s is None else f", about {driver.left_s / 60:.0f} min left"
    stopping = ", asked to stop" if driver.stopping else ""
    return f"process {driver.pid} on {driver.host} runs it, for {since:.0f} min{left}{stopping}"


def _facts(found: "Status", outputs: "Outputs") -> dict[str, Any]:
    return {
        "study": found.name,
        "metric": found.metric,
        "runs_done": found.runs,
        "arms_of_no_cell": found.others,
        "stages": {kind: asdict(count) for kind, count in outputs.items()},
        "driver": asdict(found.driver) if found.driver else None,
        "halted": asdict(found.halted) if found.halted else None,
        "cells": [
            {
                "shown": cell.shown,
                "arms": cell.arms,
                "reasons": cell.reasons,
                "best": _best(cell.best),
            }
            for cell in found.cells
        ],
    }


def _best(best: "Best | None") -> dict[str, Any] | None:
    if best is None:
        return None
    one = best.interval
    ends = {"low": one.low, "high": one.high} if one.n > 1 else {"low": None, "high": None}
    return {"arm": best.arm, "value": one.value, **ends, "n": one.n}
