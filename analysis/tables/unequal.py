"""Unequal Training, stage by stage: what the last model reaches, and what it was trained on.

A row is an arm, called by what it is: head, people, whether they are cleaned, and whether a tail is
dispersed beside them. Passes count those of the stages that the arm goes through.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import pandas as pd

from analysis import columns, scored
from analysis.columns import METHOD, Filled
from analysis.grid import LEVEL, Grid
from analysis.table import Cell, Column, Table, measured, missing
from frlib.records.read import Records
from frlib.records.select import Choice
from frlib.stats.intervals import mean_interval

TITLE = "Unequal Training"
TRAINING, PART, RULE, TAIL = "training", "data.part", "clean", "tail"
EVERYBODY, NONE = "whole", "none"
"""Labels, as a study writes them."""
DISPERSION = "train/dispersion"
_TRAINED, _LOOKED = ("train", "rounds"), ("evidence", "decide")
_TOLD = (
    "Images and classes are those of the last training, after cleaning; a tail has no classes.",
    "Flagged, and all scores after it, are of the list that the last training is cleaned by.",
    scored.MEANING,
    f"Dispersion ({DISPERSION}): mean (v·vᵀ − I)² of the last epoch, v the directions of the tail "
    "identities of a step; without its weight.",
    "Passes in total: epochs of the last training and of all before it, each over its own people. "
    "Time is of the last training alone.",
    "People held out to select on are of an arm's own part, so selection metrics of different "
    "parts are of different people.",
)


def build(records: Records, published: pd.DataFrame | None) -> Table:
    """Rows: the study's arms. `RecordError` when it has no axis of parts, heads, rules or tails."""
    grid = Grid.of(records)
    columns.require_axes(grid, "unequal", PART, METHOD, RULE, TAIL)
    named = zip(grid.rows, _names(grid), strict=True)
    grid = replace(grid, rows=tuple(replace(row, shown={TRAINING: name}) for row, name in named))
    names = grid.matching(tuple(records.study["report"]))
    filled = [
        *columns.axes(grid),
        *columns.settings(grid),
        *columns.report(grid, names, TRAINING),
        _counted(grid, "images", "images"),
        _counted(grid, "classes", "identities"),
        scored.flagged(grid, _unjudged),
        *(
            scored.scores(grid, *told, grid.cells(f"cleaning/{told[0]}", TRAINING), _unjudged)
            for told in scored.SCORES
        ),
        _dispersion(grid),
        Filled(Column("passes", "passes in total", digits=0), [_passes(row) for row in grid.rows]),
        columns.cost(grid),
        columns.seeds(grid),
    ]
    heads, rows = columns.assemble(filled)
    caption = columns.caption(grid, TRAINING, _TOLD)
    return Table("unequal", f"{TITLE}: {records.study['name']}", caption, heads, rows)


def _names(grid: Grid) -> list[str]:
    """What every arm is; where several are the same, with the axes that tell them apart."""
    alike: dict[str, list[Choice]] = {}
    for row in grid.rows:
        alike.setdefault(_name(row.shown), []).append(row)
    found = []
    for row in grid.rows:
        name = _name(row.shown)
        values = {axis: {str(one.shown.get(axis)) for one in alike[name]} for axis in grid.axes}
        told = [f"{axis} {row.shown.get(axis)}" for axis in grid.axes if len(values[axis]) > 1]
        found.append(f"{name} ({'; '.join(told)})" if told else name)
    return found


def _name(shown: Mapping[str, Any]) -> str:
    """`ArcFace on everybody`, `NRA on the cleaned head + dispersion`."""
    people = "everybody" if shown[PART] == EVERYBODY else "head"
    cleaned = "cleaned " if shown[RULE] != NONE else ""
    article = "the " if cleaned or people == "head" else ""
    dispersed = " + dispersion" if shown[TAIL] != NONE else ""
    head = str(shown[METHOD]).removeprefix("Unequal ")
    return f"{head} on {article}{cleaned}{people}{dispersed}"


def _counted(grid: Grid, fact: str, of_tail: str) -> Filled:
    """Images or classes that the replicates were trained on, those of the tail as a note."""
    entries = []
    for row in grid.rows:
        facts = [one["facts"] for one in _runs(grid.records, row)]
        found = [float(one[fact]) for one in facts if fact in one]
        tails = sorted({one["tail"][of_tail] for one in facts if "tail" in one})
        beside = " or ".join(f"{count:,}" for count in tails)
        note = f"and {beside} {of_tail} of the tail" if tails else ""
        why = missing(row.missing or f"no {fact} were recorded")
        entries.append(measured(mean_interval(found, LEVEL), note) if found else why)
    return Filled(Column(fact, fact, digits=0), entries)


def _runs(records: Records, row: Choice) -> Iterator[Mapping[str, Any]]:
    """`run.json` of the replicates that count."""
    arm = row.arm.digest if row.arm is not None else None
    return (one.run for one in records.attempts if one.counts and one.arm == arm)


def _unjudged(row: Choice) -> Cell:
    return missing(row.missing or "nothing is cleaned in this row")


def _dispersion(grid: Grid) -> Filled:
    entries = [
        missing("no tail is dispersed in this row")
        if row.arm is not None and not row.arm.config.get(TAIL)
        else grid.cell(row, DISPERSION)
        for row in grid.rows
    ]
    return Filled(Column(DISPERSION, "dispersion", digits=4), entries)


def _passes(row: Choice) -> Cell:
    """Epochs of the arm's trainings, from its config."""
    if row.arm is None:
        return missing(row.missing)
    config = row.arm.config
    stages = config.get("stages", {}).values()
    kinds = {one["name"] for one in stages}
    if kinds - {*_TRAINED, *_LOOKED} or config.get(RULE, {}).get("rule"):
        return missing("trainings of a rule or a loop are not counted")
    own = int(config["epochs"])
    return Cell(float(own + sum(_epochs(one, own) for one in stages if one["name"] in _TRAINED)))


def _epochs(stage: Mapping[str, Any], own: int) -> int:
    """Of all rounds of a stage; a train stage is one round. own: where nothing is changed."""
    shared = dict(stage.get("changes", {}))
    return sum(int((shared | dict(one)).get("epochs", own)) for one in stage.get("each", ({},)))
