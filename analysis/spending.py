"""What a run costs, and which runs no other beats at their cost.

A run's cost is the training images that passed through the network (optimiser steps times images in
a step; an image counts once an epoch), which no machine changes, or its seconds, which depend on
the machine and on what else ran on it.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from analysis.columns import Filled, axis_title, axis_value
from analysis.grid import COST, LEVEL, Grid, Sample
from analysis.table import Cell, Column, measured, missing
from frlib.core.errors import RecordError
from frlib.records.select import Choice
from frlib.stats.intervals import Interval, mean_interval

IMAGES = "cost/images"
LENGTH = "epochs"


@dataclass(frozen=True)
class Spent:
    """A row of a study: its mean result and costs, each with its interval over seeds.

    method: values on all axes but the length.
    """

    method: str
    result: Interval
    images: Interval
    seconds: Interval


def images(grid: Grid, row: Choice) -> Sample:
    """Seed -> images that passed in the row's replicates that count; empty when no arm stands.

    `RecordError` where the images of a step are not on record.
    """
    if row.arm is None:
        return {}
    told = grid.sample(row, IMAGES)
    if told and told.keys() == grid.sample(row, COST).keys():
        return told
    if "batch_size" not in row.arm.config:
        raise RecordError(
            f"arm {row.arm.digest} has no batch_size on record, so no count of images"
        )
    rows = grid.records.metrics
    mine = rows[rows["counts"] & (rows["arm"] == row.arm.digest)]
    batch_size = int(row.arm.config["batch_size"])
    last = mine.groupby("seed")["step"].max()
    return {int(str(seed)): float(step * batch_size) for seed, step in last.items()}


def images_column(grid: Grid) -> Filled:
    """Images of one replicate, in thousands; without interval where all seeds had as many."""
    return Filled(
        Column("images", "images seen", scale=1e-3, unit="thousand", digits=1),
        [_images(grid, row) for row in grid.rows],
    )


def spent(grid: Grid, name: str) -> list[Spent]:
    """Rows that have a result, in the order of the grid; `name`: the metric."""
    found = []
    for row in grid.rows:
        result = list(grid.sample(row, name).values())
        if result:
            found.append(
                Spent(
                    _method(grid, row),
                    mean_interval(result, LEVEL),
                    mean_interval(list(images(grid, row).values()), LEVEL),
                    mean_interval(list(grid.sample(row, COST).values()), LEVEL),
                )
            )
    return found


def front(cost_N: ArrayLike, value_N: ArrayLike) -> NDArray[np.bool_]:
    """`[N]`: the Pareto front, where no other point is better in one and as good in the other.

    Less cost is better, more value is better; equal points are on it together.
    """
    cost, value = np.asarray(cost_N, np.float64), np.asarray(value_N, np.float64)
    no_worse = (cost[None] <= cost[:, None]) & (value[None] >= value[:, None])
    better = (cost[None] < cost[:, None]) | (value[None] > value[:, None])
    return np.asarray(~(no_worse & better).any(axis=1))


def _images(grid: Grid, row: Choice) -> Cell:
    if row.arm is None:
        return missing(row.missing)
    values = list(images(grid, row).values())
    if len(set(values)) == 1:
        return Cell(values[0], n=len(values))
    return measured(mean_interval(values, LEVEL))


def _method(grid: Grid, row: Choice) -> str:
    axes: Sequence[str] = [axis for axis in grid.axes if axis != LENGTH]
    if len(axes) == 1 and isinstance(row.shown.get(axes[0]), str):
        return axis_value(axes[0], row.shown[axes[0]])
    return ", ".join(f"{axis_title(axis)} {axis_value(axis, row.shown.get(axis))}" for axis in axes)
