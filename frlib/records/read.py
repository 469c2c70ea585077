"""Record folders -> tidy frames. Reads everything or says what is wrong; never a silent part.

One replicate may have several attempts. It *counts* by its latest complete attempt; the others stay
visible in `runs` and `metrics` with `counts` false.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

import pandas as pd
import pyarrow.compute as pc

from frlib.core import safeio
from frlib.core.config import canonical
from frlib.core.errors import RecordError
from frlib.core.garbage import uncollected
from frlib.records import frames, lasts, layout, parts, spent
from frlib.records.attempts import Attempt
from frlib.records.schema import ENDED

ArmStatus = Literal["running", "complete", "stopped", "failed"]
_RUN_KEYS = {"study", "arm", "seed", "attempt", "status", "reason", "schema", "parts", "seconds"}


@dataclass(frozen=True)
class Arm:
    """One configuration, and the driver's verdict on it ("running" until there is one).

    cell: axis -> value as tables show it. cell_key: equal for arms of one cell. rule, rung, value,
    cutoff, n: why it ended, as the driver wrote it down.
    """

    digest: str
    cell: Mapping[str, Any]
    cell_key: str
    params: Mapping[str, Any]
    config: Mapping[str, Any]
    datasets: Mapping[str, str]
    default: bool
    status: ArmStatus
    verdict: Mapping[str, Any] = field(default_factory=dict)

    @property
    def message(self) -> str:
        """The verdict in words, empty while the arm runs."""
        return str(self.verdict.get("message") or "")


@dataclass(frozen=True)
class Records:
    """The records of one study: `study` as written, arms, attempts, and frames of their tables."""

    folder: Path
    study: Mapping[str, Any]
    arm_list: tuple[Arm, ...]
    attempts: tuple[Attempt, ...]

    @cached_property
    def arms(self) -> pd.DataFrame:
        """One row an arm: `arm, default, status, message`, a column an axis and a parameter."""
        rows = [
            {"arm": a.digest, "default": a.default, "status": a.status, "message": a.message}
            | dict(a.cell)
            | dict(a.params)
            for a in self.arm_list
        ]
        return pd.DataFrame(rows, columns=None if rows else ["arm", "default", "status", "message"])

    @cached_property
    def runs(self) -> pd.DataFrame:
        """An attempt a row: `arm, seed, attempt, status, reason, started, ended, seconds, counts`.

        An attempt that never ended but has a successor has the status "interrupted".
        """
        columns = ["reason", "started", "ended", "seconds"]
        rows = [
            {"arm": a.arm, "seed": a.seed, "attempt": a.attempt, "status": a.status}
            | {name: a.run.get(name) for name in columns}
            | {"counts": a.counts}
            for a in self.attempts
        ]
        return pd.DataFrame(rows, columns=["arm", "seed", "attempt", "status", *columns, "counts"])

    @cached_property
    def metrics(self) -> pd.DataFrame:
        """`arm, seed, attempt, counts, epoch, step, name, value, time` of every attempt."""
        return frames.joined("metrics", self.attempts)

    @cached_property
    def decisions(self) -> pd.DataFrame:
        """`arm, seed, attempt, counts, sample, epoch, kind, given, proposed, true, score`."""
        return frames.joined("decisions", self.attempts)

    @cached_property
    def events(self) -> pd.DataFrame:
        """`arm, seed, attempt, counts, time, level, name, message`."""
        return frames.joined("events", self.attempts)

    def pair_scores(self, benchmark: str, variant: str) -> pd.DataFrame:
        """Per-pair results of one protocol variant, of counting replicates. Read on request."""
        counted = [a for a in self.attempts if a.counts]
        asked = (pc.field("benchmark") == benchmark) & (pc.field("variant") == variant)
        return frames.joined("pair_scores", counted, asked)

    @cached_property
    def finals(self) -> pd.DataFrame:
        """`arm, seed, name, value`: last values of all metrics in the replicates that count."""
        return lasts.finals(self.attempts)

    def final(self, name: str) -> pd.DataFrame:
        """`arm, seed, value`: the last value of one metric in the replicates that count."""
        rows = self.finals[self.finals["name"] == name]
        return rows[["arm", "seed", "value"]].reset_index(drop=True)

    def names(self) -> tuple[str, ...]:
        """Metrics that some counting replicate has recorded, sorted."""
        return tuple(sorted(self.finals["name"].unique()))

    def seconds(self) -> pd.DataFrame:
        """`arm, seed, value`: seconds spent on each counting replicate, over its attempts, s.

        An attempt that was killed is counted to its last recorded metric.
        """
        counted = {(a.arm, a.seed): a.attempt for a in self.attempts if a.counts}
        taken: dict[tuple[str, int], float] = {}
        for one in self.attempts:
            key = (one.arm, one.seed)
            if key in counted and one.attempt <= counted[key]:
                taken[key] = taken.get(key, 0.0) + _spent(one)
        rows = [(arm, seed, value) for (arm, seed), value in sorted(taken.items())]
        return pd.DataFrame(rows, columns=["arm", "seed", "value"])


def _spent(one: Attempt) -> float:
    """Seconds of one attempt; its metrics are read only where `run.json` does not say."""
    if one.run["seconds"] is not None:
        return spent.seconds(one.run, None)
    return spent.seconds(one.run, pc.max(one.table("metrics", ("time",))["time"]).as_py())


def load(folder: Path) -> Records:
    """Read a study's folder. `RecordError` names what is missing, damaged or newer than this frlib.

    Metrics are verified and their last values read at once; all else when it is asked for.
    """
    with uncollected():
        records = outline(folder)
        _ = records.finals
    return records


def outline(folder: Path) -> Records:
    """What there is, from the small JSON files alone; tables are read when they are asked for."""
    if not (folder / "study.json").is_file():
        raise RecordError(
            f"{folder}: holds no study.json, so it is not the folder of a study. "
            "Expected <store>/studies/<study>."
        )
    study = _dict(folder / "study.json")
    arms: list[Arm] = []
    attempts: list[Attempt] = []
    with uncollected():
        for arm_folder in layout.arm_folders(folder):
            arms.append(_arm(arm_folder))
            attempts.extend(_attempts(arm_folder))
    return Records(folder, study, tuple(arms), tuple(attempts))


def load_named(store: Path, study: str) -> Records:
    """Read a study by name; `RecordError` with the nearest name when there is none."""
    return load(layout.find_study(store, study))


def _arm(folder: Path) -> Arm:
    path = folder / "arm.json"
    raw = _dict(path, {"arm", "cell", "params", "config", "datasets", "default"})
    if raw["arm"] != folder.name:
        raise RecordError(f"{path}: is of arm {raw['arm']}, in another arm's folder")
    verdict: dict[str, Any] = {}
    told = folder / "verdict.json"
    if told.is_file():
        verdict = _dict(told, {"status"})
        if verdict["status"] not in ENDED:
            raise RecordError(
                f"{told}: status {verdict['status']!r}, expected one of {', '.join(ENDED)}"
            )
    return Arm(
        digest=raw["arm"],
        cell=raw["cell"],
        cell_key=str(raw.get("cell_digest") or canonical(raw["cell"])),
        params=raw["params"],
        config=raw["config"],
        datasets=raw["datasets"],
        default=bool(raw["default"]),
        status=verdict.get("status", "running"),
        verdict=verdict,
    )


def _attempts(arm: Path) -> Iterator[Attempt]:
    read: dict[int, list[tuple[int, Path, dict[str, Any]]]] = {}
    for seed, number, folder in layout.attempts(arm):
        path = folder / "run.json"
        run = _dict(path, _RUN_KEYS)
        parts.require_version(path, run["schema"])
        if (run["arm"], run["seed"], run["attempt"]) != (arm.name, seed, number):
            raise RecordError(
                f"{path}: is of arm {run['arm']}, seed {run['seed']}, attempt "
                f"{run['attempt']}; it has been copied into the folder of another attempt"
            )
        read.setdefault(seed, []).append((number, folder, run))
    for seed, tries in sorted(read.items()):
        latest = tries[-1][0]
        counting = max((n for n, _, run in tries if run["status"] == "complete"), default=None)
        for number, folder, run in tries:
            status = run["status"]
            if status == "running" and number < latest:
                status = "interrupted"
            yield Attempt(arm.name, seed, number, folder, status, number == counting, run)


def _dict(path: Path, needed: set[str] = frozenset()) -> dict[str, Any]:  # type: ignore[assignment]
    value = safeio.read_json(path)
    missing = sorted(needed - set(value)) if isinstance(value, dict) else ["an object"]
    if missing:
        raise RecordError(f"{path}: lacks {', '.join(missing)}; it was not written by this frlib")
    return dict(value)
