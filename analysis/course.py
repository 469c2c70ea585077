"""The numbers of one run over its optimiser steps, whole over the attempts it took."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analysis.columns import axis_title, axis_value
from frlib.core.errors import RecordError
from frlib.records import read
from frlib.records.read import Arm

Numbers = NDArray[np.float64]

_BY_STEP = ("steps/", "schedule/")
_EXPECTED = "Expected <store>/studies/<study>/arms/<arm>/r<seed>"


@dataclass(frozen=True, eq=False)
class Course:
    """One replicate. rows: `step, epoch, name, value`, by step; each name has a step once.

    config: the arm's, as recorded. title: the arm's place on the axes of its study, and the seed.
    """

    title: str
    config: Mapping[str, Any]
    rows: pd.DataFrame

    def line(self, name: str) -> tuple[Numbers, Numbers]:
        """Steps and values of one metric, `[K]` each; empty where it was not recorded."""
        mine = self.rows[self.rows["name"] == name]
        return mine["step"].to_numpy(np.float64), mine["value"].to_numpy(np.float64)

    @property
    def total_steps(self) -> int | None:
        """Steps of the whole run, from those of the epochs that are done; None before the first."""
        ends = self.rows[~self.rows["name"].str.startswith(_BY_STEP) & (self.rows["epoch"] > 0)]
        if ends.empty or "epochs" not in self.config:
            return None
        last = ends.iloc[-1]
        return round(int(self.config["epochs"]) * int(last["step"]) / int(last["epoch"]))


def read_course(folder: Path) -> Course:
    """The run in `<store>/studies/<study>/arms/<arm>/r<seed>`, finished or not.

    `RecordError` if nothing is recorded there, or records are damaged.
    """
    place = folder.resolve()
    if place.parent.parent.name != "arms":
        raise RecordError(f"{folder}: is not the folder of a run. {_EXPECTED}")
    records = read.outline(place.parents[2])
    arm = next((one for one in records.arm_list if one.digest == place.parent.name), None)
    mine = [
        a for a in records.attempts if a.arm == place.parent.name and f"r{a.seed}" == place.name
    ]
    if arm is None or not mine:
        raise RecordError(f"{folder}: no attempt of a run is recorded there. {_EXPECTED}")
    tables = [one.table("metrics").to_pandas() for one in mine]
    return Course(_title(arm, mine[0].seed), arm.config, joined(tables))


def joined(attempts: list[pd.DataFrame]) -> pd.DataFrame:
    """Rows of attempts, first one first, as of one run.

    What an attempt trained after the step at which a later one went on was trained again: the later
    one's rows stand.
    """
    kept = attempts[0]
    for later in attempts[1:]:
        is_by_step = later["name"].str.startswith(_BY_STEP)
        first = later.loc[is_by_step, "step"].min()
        again = kept["name"].str.startswith(_BY_STEP) & (kept["step"] >= first)
        kept = pd.concat([kept[~again], later], ignore_index=True)
    rows = kept.drop_duplicates(["step", "name"], keep="last")
    columns = ["step", "epoch", "name", "value"]
    return rows.sort_values("step", kind="stable")[columns].reset_index(drop=True)


def _title(arm: Arm, seed: int) -> str:
    values = [f"{axis_title(axis)} {axis_value(axis, at)}" for axis, at in arm.cell.items()]
    return ", ".join([*values, f"seed {seed}"])
