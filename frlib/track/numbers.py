"""Records -> the points of a run's curves, and the numbers that it is compared by.

A replicate's curve is made of the rows of all its attempts, each sent once. MLflow shows as a
run's value the point of the largest (step, time, value); where that is not the replicate's final
number (an attempt that got further did not count, a run went back) one more point puts it right.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pandas as pd

from frlib.records import parts
from frlib.records.read import Attempt, Records
from frlib.track.flat import metric_name


@dataclass(frozen=True)
class Point:
    """One number of a run, under the server's name for it; `time_ms`: when it was recorded."""

    name: str
    value: float
    time_ms: int
    step: int


def rows(files: Sequence[Path]) -> list[Point]:
    """Of metric parts, each row a point."""
    return [
        Point(metric_name(row["name"]), row["value"], int(row["time"] * 1000), row["step"])
        for path in files
        for row in parts.read(path, "metrics").to_pylist()
    ]


def last(one: Attempt) -> list[Point]:
    """What an attempt recorded last of every metric."""
    return list(_last(one.table("metrics").to_pandas()).values())


def corrections(attempts: Sequence[Attempt]) -> list[Point]:
    """Points that make the server show the final numbers of the replicate of these attempts."""
    counting = next((one for one in attempts if one.counts), None)
    if counting is None:
        return []
    frames = [one.table("metrics").to_pandas() for one in attempts]
    final = _last(frames[[one.counts for one in attempts].index(True)])
    every = pd.concat(frames)
    every["time_ms"] = (every["time"] * 1000).astype("int64")
    order = ["step", "time_ms", "value"]
    latest = every.sort_values(order, kind="stable").groupby("name", sort=False).tail(1)
    found = []
    for row in latest.itertuples():
        wanted = final.get(str(row.name))
        if wanted is not None and not same(wanted.value, float(row.value)):
            found.append(replace(wanted, time_ms=int(row.time_ms) + 1, step=int(row.step)))
    return found


def means(records: Records, arm: str) -> list[Point]:
    """The mean over an arm's replicates of every final number, at the end of the last of them."""
    mine = tuple(one for one in records.attempts if one.arm == arm)
    own = replace(records, attempts=mine)
    if not len(own.metrics):
        return []
    now = int(own.metrics["time"].max() * 1000)
    found = own.finals.groupby("name")["value"].mean()
    return [Point(metric_name(str(name)), float(v), now, 0) for name, v in found.items()]


def same(one: float, other: float) -> bool:
    """Whether the server keeps both as one number; it has no infinity."""
    if math.isnan(one) or math.isnan(other):
        return math.isnan(one) and math.isnan(other)
    most = 1.7976931348623157e308
    return min(max(one, -most), most) == min(max(other, -most), most)


def _last(frame: pd.DataFrame) -> dict[str, Point]:
    tail = frame.groupby("name", sort=False).tail(1)
    return {
        str(row.name): Point(
            metric_name(str(row.name)), float(row.value), int(row.time * 1000), int(row.step)
        )
        for row in tail.itertuples()
    }
