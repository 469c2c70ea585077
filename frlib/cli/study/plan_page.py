"""A plan for people, and as facts for programs."""

import json
from dataclasses import asdict
from typing import Any

from rich.text import Text

from frlib.cli.show import console
from frlib.cli.study.forecast import Forecast
from frlib.core.config import flatten, to_dict
from frlib.study.claims import unseen
from frlib.study.plan import Plan
from frlib.study.sight import Sight

_GIB, _MIB = 2**30, 2**20
_CLAIMS = 3
_LABEL = 11
"""Columns before the text of a line."""


def head(plan: Plan) -> None:
    """What there is to do, in one line."""
    lengths = " or ".join(map(str, plan.epochs))
    _say(
        f"[bold]{plan.study.name}[/bold]: {len(plan.cells):,} cells, {plan.arms:,} arms, "
        f"{len(plan.study.replicates.seeds)} replicates of {lengths} epochs: "
        f"{plan.runs:,} runs at most, {plan.runs_done:,} on record, {plan.runs_left:,} to do "
        "at most"
    )
    if plan.like:
        _say(f"  data     as if the training set had the size of {plan.like}; none are read")


def page(found: Forecast, configs: int) -> None:
    """The whole plan; configs: how many of the first to spell out."""
    head(found.plan)
    if found.refused:
        _say(f"  [yellow]run would refuse[/yellow]  {found.refused}")
    _stages(found)
    _time(found)
    _size(found)
    energy = found.energy
    shown = "" if energy.kwh is None else f"{energy.kwh:,.2g} kWh at most, "
    _say(f"  energy   {shown}{energy.about}")
    _shows(found)
    for number, one in enumerate(found.plan.cells[:configs], start=1):
        _say(f"\n[bold]config {number}[/bold]  {_cell(one.cell.shown)}")
        for path, leaf in flatten(one.cell.config):
            console.print(f"  {path} = {leaf}", soft_wrap=True, markup=False)


def _stages(found: Forecast) -> None:
    outputs = found.outputs
    if not outputs.counts:
        return
    counts = outputs.counts.values()
    told = ", ".join(f"{kind} {count.needed:,}" for kind, count in outputs.counts.items())
    _say(
        f"  stages   {told}, once each for all runs that share them; "
        f"{sum(c.there for c in counts):,} of {sum(c.needed for c in counts):,} are there, "
        f"the others take {_times(outputs.trainings, 'training')} and "
        f"{_times(outputs.passes, 'pass', 'passes')} over the images at most"
    )


def _time(found: Forecast) -> None:
    left, where, runs = found.left, found.where, found.plan.runs_left
    beside = f"{where.name} ({where.cpus:g} CPUs, {where.gpus:g} GPUs)"
    if where.at_a_time is None:
        _say(f"  [yellow]{beside} cannot hold one run[/yellow]: {where.why_not}")
    at_a_time = where.at_a_time or 1
    if found.stale:
        _say(f"  probe    an earlier one does not count: {found.stale}")
    if not runs:
        return
    if left is None:
        way = (
            "--rate tells it" if found.plan.like else "--probe 120 measures it here in two minutes"
        )
        _say(f"  time     not known; {way}")
        return
    stages = f" and {_span(left.stages_s)} of stages" if found.outputs.counts else ""
    _say(
        f"  time     {_span(left.seconds / left.runs)} a run (from {', '.join(left.origins)}); "
        f"{_span(left.seconds)} of runs{stages} at most, {_span(left.wall_s(at_a_time))} at "
        f"{_times(at_a_time, 'run')} at a time on {beside}"
    )


def _size(found: Forecast) -> None:
    if found.no_load:
        _say(f"  memory   not known: {found.no_load}")
        return
    worst = max(found.loads.values(), key=lambda load: load.device_bytes + load.host_bytes)
    workers = found.plan.study.resources.workers
    _say(
        f"  memory   {_bytes(worst.device_bytes)} on its device and {_bytes(worst.host_bytes)} "
        f"beside, at most, of {'a worker' if workers == 1 else f'each of {workers} workers'} "
        f"({worst.what})"
    )
    disk = found.disk
    stages = f", stages {_bytes(disk.stages)}" if found.outputs.counts else ""
    _say(
        f"  disk     {_bytes(disk.total)} at most: models {_bytes(disk.models)}, checkpoints "
        f"{_bytes(disk.checkpoints)}, records {_bytes(disk.records)}{stages}, pixels still to "
        f"decode {_bytes(disk.decoded)}"
    )


def _shows(found: Forecast) -> None:
    sight, seeds = found.sight, len(found.plan.study.replicates.seeds)
    if sight is None:
        why = "one seed shows no difference" if seeds < 2 else "not known"
        _say(f"  shows    {why}")
        return
    least = "at best " if sight.origin == "pairs" else ""
    _say(
        f"  shows    {seeds} paired seeds can show differences of {least}"
        f"{_points(sight.difference)} of {found.plan.study.report[0]} (power 0.8), {_from(sight)}"
    )
    if found.claims is None:
        return
    if not found.claims:
        _say(f"  claims   {found.plan.study.published}.csv compares no two methods in this metric")
        return
    small = unseen(found.claims, sight.difference)
    if not small:
        _say(f"  claims   all {len(found.claims)} published gaps are larger")
        return
    _say(
        f"  [yellow]claims[/yellow]   {len(small)} of {len(found.claims)} published gaps between "
        f"best and second best are smaller, and {_hidden(found, sight)} between best and worst: "
        "this design cannot show them; more seeds could"
    )
    for claim in small[:_CLAIMS]:
        by = f"before {claim.second} by {_points(claim.gap)}"
        rank = by if claim.gap else f"level with {claim.second}"
        _say(f"           {claim.condition}: {claim.best} {rank}")


def _hidden(found: Forecast, sight: Sight) -> int:
    return sum(claim.spread < sight.difference for claim in found.claims or ())


def _from(sight: Sight) -> str:
    return {
        "records": "by the spread on record",
        "earlier": f"by the spread of earlier studies ({sight.about})",
        "pairs": f"by {sight.about} alone: no spread between seeds is on record yet, "
        "so this is a rough guide",
    }[sight.origin]


def as_json(found: Forecast, configs: int) -> None:
    """All of it as plain JSON types, sizes in bytes, times in seconds."""
    print(json.dumps(facts(found, configs), indent=1, ensure_ascii=False))


def facts(found: Forecast, configs: int) -> dict[str, Any]:
    """The plan as plain JSON types; None where something is not known."""
    plan, left, sight = found.plan, found.left, found.sight
    at_a_time = found.where.at_a_time
    small = unseen(found.claims, sight.difference) if found.claims and sight else None
    return {
        "study": plan.study.name,
        "cells": len(plan.cells),
        "arms": plan.arms,
        "arms_finished": plan.finished,
        "replicates_per_arm": len(plan.study.replicates.seeds),
        "runs_at_most": plan.runs,
        "runs_done": plan.runs_done,
        "runs_left_at_most": plan.runs_left,
        "epochs_per_run_at_most": max(plan.epochs),
        "stages": {kind: asdict(count) for kind, count in found.outputs.counts.items()},
        "stage_trainings_at_most": found.outputs.trainings,
        "stage_passes_at_most": found.outputs.passes,
        "where": asdict(found.where),
        "seconds_per_run": left.seconds / left.runs if left and left.runs else None,
        "seconds_from": list(left.origins) if left else [],
        "seconds_left_at_most": left.total_s if left else None,
        "seconds_of_stages_at_most": left.stages_s if left else None,
        "wall_seconds_at_most": left.wall_s(at_a_time) if left and at_a_time else None,
        "probe": to_dict(found.probed) if found.probed else None,
        "probe_stale": found.stale,
        "workloads": [asdict(load) for load in found.loads.values()],
        "memory_unknown": found.no_load,
        "disk": asdict(found.disk) if not found.no_load else None,
        "energy": asdict(found.energy),
        "smallest_detectable_difference": sight.difference if sight else None,
        "smallest_detectable_difference_from": sight.origin if sight else None,
        "published_gaps": len(found.claims) if found.claims is not None else None,
        "published_gaps_not_detectable": None if small is None else [asdict(c) for c in small],
        "run_would_refuse": found.refused,
        "first_configs": [to_dict(one.cell.config) for one in plan.cells[:configs]],
        "records": str(plan.folder),
    }


def _cell(shown: Any) -> str:
    return ", ".join(f"{path}={value}" for path, value in shown.items())


def _say(text: str) -> None:
    """A line; in a terminal, the rest of one that is too long stands below its beginning."""
    if not (console.is_terminal and text.startswith("  ")):
        console.print(text, soft_wrap=True)
        return
    line = Text.from_markup(text)
    for number, part in enumerate(line[_LABEL:].wrap(console, console.width - _LABEL)):
        console.print((Text(" " * _LABEL) if number else line[:_LABEL]) + part, soft_wrap=True)


def _times(count: int, one: str, several: str = "") -> str:
    return f"{count:,} {one if count == 1 else several or f'{one}s'}"


def _points(share: float) -> str:
    return f"{100 * share:.2g} points"


def _span(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.3g} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"


def _bytes(count: int) -> str:
    return f"{count / _GIB:.2f} GiB" if count >= _GIB / 10 else f"{count / _MIB:.1f} MiB"
