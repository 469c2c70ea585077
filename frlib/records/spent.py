"""What the attempts of a replicate took, also those that were killed and could not say so."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import pyarrow.compute as pc

from frlib.core import safeio
from frlib.records import layout, parts

JOULES = "energy/joules"
"""Metric: energy of an attempt so far, J."""


@dataclass(frozen=True)
class Spent:
    """seconds: see below. joules: to the last value recorded; 0 where there is none."""

    seconds: float
    joules: float


def seconds(run: Mapping[str, Any], last: float | None) -> float:
    """From `run.json`; of an attempt that has no end there, until the last metric it recorded.

    last: when that was, in seconds since 1970; None if it recorded none, which counts 0.
    """
    if run["seconds"] is not None:
        return float(run["seconds"])
    began = datetime.fromisoformat(run["started"]).timestamp()
    return 0.0 if last is None else max(0.0, last - began)


def before(attempt: Path) -> Spent:
    """What the attempts of this replicate before this one took together."""
    own = int(attempt.name[1:])
    earlier = [
        _of(folder)
        for _, number, folder in layout.attempts(attempt.parents[1])
        if folder.parent == attempt.parent and number < own
    ]
    return _sum(earlier)


def of(replicate: Path) -> Spent:
    """What all attempts of a replicate (folder `r<seed>`) took together."""
    every = layout.attempts(replicate.parent)
    return _sum([_of(folder) for _, _, folder in every if folder.parent == replicate])


def lost(study_folder: Path) -> float:
    """Seconds of all attempts of a study that are not complete."""
    total = 0.0
    for arm in layout.arm_folders(study_folder):
        for _, _, folder in layout.attempts(arm):
            run = safeio.read_json(folder / "run.json")
            if run["status"] != "complete":
                total += _of(folder).seconds if run["seconds"] is None else float(run["seconds"])
    return total


def _sum(found: list[Spent]) -> Spent:
    return Spent(sum(one.seconds for one in found), sum(one.joules for one in found))


def _of(attempt: Path) -> Spent:
    rows = parts.concat(
        "metrics", [parts.read(path, "metrics") for path in layout.parts(attempt, "metrics")]
    )
    energy = rows.filter(pc.equal(rows["name"], JOULES))["value"].to_pylist()
    return Spent(
        seconds(safeio.read_json(attempt / "run.json"), pc.max(rows["time"]).as_py()),
        energy[-1] if energy else 0.0,
    )
