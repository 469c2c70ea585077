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
import pyarrow as pa

from frlib.core import safeio
from frlib.core.config import canonical
from frlib.core.errors import RecordError
from frlib.records import layout, parts, spent
from frlib.records.schema import ENDED, TABLES

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
class Attempt:
    """One attempt of one replicate. `parts`: checksums, empty while it runs."""

    arm: str
    seed: int
    attempt: int
    folder: Path
    status: str
    counts: bool
    run: Mapping[str, Any]

    @property
    def ended(self) -> bool:
        """Whether nothing more will be written: it ended, or a later attempt took over."""
        return self.status != "running"

    def table(self, name: str) -> pa.Table:
        """All rows of one table, verified against the checksums of `run.json`."""
        found = layout.parts(self.folder, name)
        noted = self.run["parts"] if self.run["status"] in ENDED else None
        if noted is not None:
            _require_same(self.folder, name, {path.name for path in found}, noted)
        return parts.concat(
            name, [parts.read(path, name, noted[path.name] if noted else None) for path in found]
        )


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
        return self._frame("metrics", self.attempts)

    @cached_property
    def decisions(self) -> pd.DataFrame:
        """`arm, seed, attempt, counts, sample, epoch, kind, given, proposed, true, score`."""
        return self._frame("decisions", self.attempts)

    @cached_property
    def events(self) -> pd.DataFrame:
        """`arm, seed, attempt, counts, time, level, name, message`."""
        return self._frame("events", self.attempts)

    def pair_scores(self, benchmark: str, variant: str) -> pd.DataFrame:
        """Per-pair results of one protocol variant, of counting replicates. Read on request."""
        counted = [a for a in self.attempts if a.counts]
        frame = self._frame("pair_scores", counted)
        chosen = (frame["benchmark"] == benchmark) & (frame["variant"] == variant)
        return frame[chosen].reset_index(drop=True)

    @cached_property
    def finals(self) -> pd.DataFrame:
        """`arm, seed, name, value`: last values of all metrics in the replicates that count."""
        key = ["arm", "seed", "name"]
        last = self.metrics[self.metrics["counts"]].groupby(key, sort=False).tail(1)
        return last[[*key, "value"]].sort_values(key).reset_index(drop=True)

    def final(self, name: str) -> pd.DataFrame:
        """`arm, seed, value`: the last value of one metric in the replicates that count."""
        rows = self.finals[self.finals["name"] == name]
        return rows[["arm", "seed", "value"]].reset_index(drop=True)

    def names(self) -> tuple[str, ...]:
        """Metrics that some counting replicate has recorded, sorted."""
        return tuple(sorted(set(self.finals["name"])))

    def seconds(self) -> pd.DataFrame:
        """`arm, seed, value`: seconds spent on each counting replicate, over its attempts, s.

        An attempt that was killed is counted to its last recorded metric.
        """
        counted = {(a.arm, a.seed): a.attempt for a in self.attempts if a.counts}
        taken: dict[tuple[str, int], float] = {}
        for one in self.attempts:
            key = (one.arm, one.seed)
            if key in counted and one.attempt <= counted[key]:
                taken[key] = taken.get(key, 0.0) + self._spent(one)
        rows = [(arm, seed, value) for (arm, seed), value in sorted(taken.items())]
        return pd.DataFrame(rows, columns=["arm", "seed", "value"])

    def _spent(self, one: Attempt) -> float:
        rows = self.metrics
        mine = (rows["arm"] == one.arm) & (rows["seed"] == one.seed)
        times = rows.loc[mine & (rows["attempt"] == one.attempt), "time"]
        return spent.seconds(one.run, float(times.max()) if len(times) else None)

    def _frame(self, name: str, attempts: tuple[Attempt, ...] | list[Attempt]) -> pd.DataFrame:
        frames = [_labelled(one, one.table(name)) for one in attempts]
        if frames:
            return pd.concat(frames, ignore_index=True)
        return _labelled(_NOBODY, TABLES[name].empty_table())


def load(folder: Path) -> Records:
    """Read a study's folder. `RecordError` names what is missing, damaged or newer than this frlib.

    Metrics are read and verified at once, the other tables when they are asked for.
    """
    records = outline(folder)
    _ = records.metrics
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
    for arm_folder in layout.arm_folders(folder):
        arms.append(_arm(arm_folder))
        attempts.extend(_attempts(arm_folder))
    return Records(folder, study, tuple(arms), tuple(attempts))


def load_named(store: Path, study: str) -> Records:
    """Read a study by name; `RecordError` with the nearest name when there is none."""
    return load(layout.find_study(store, study))


def _arm(folder: Path) -> Arm:
    raw = _dict(folder / "arm.json", {"arm", "cell", "params", "config", "datasets", "default"})
    if raw["arm"] != folder.name:
        raise RecordError(f"{folder / 'arm.json'}: is of arm {raw['arm']}, in another arm's folder")
    verdict: dict[str, Any] = {}
    if (folder / "verdict.json").is_file():
        verdict = _dict(folder / "verdict.json", {"status"})
        if verdict["status"] not in ENDED:
            raise RecordError(
                f"{folder / 'verdict.json'}: status {verdict['status']!r}, expected one of "
                f"{', '.join(ENDED)}"
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
        run = _dict(folder / "run.json", _RUN_KEYS)
        parts.require_version(folder / "run.json", run["schema"])
        if (run["arm"], run["seed"], run["attempt"]) != (arm.name, seed, number):
            raise RecordError(
                f"{folder / 'run.json'}: is of arm {run['arm']}, seed {run['seed']}, attempt "
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


def _require_same(folder: Path, name: str, found: set[str], noted: Mapping[str, str]) -> None:
    expected = {part for part in noted if part.rpartition("-")[0] == name}
    for part in sorted(expected - found):
        raise RecordError(
            f"{folder / part}: missing, though run.json lists it. Restore it from a copy, or "
            "delete the whole attempt folder to have the run done again."
        )
    for part in sorted(found - expected):
        raise RecordError(
            f"{folder / part}: not listed in run.json, so it was put there after the run ended; "
            "remove it"
        )


_NOBODY = Attempt("", 0, 0, Path(), "running", False, {})


def _labelled(one: Attempt, table: pa.Table) -> pd.DataFrame:
    frame = table.to_pandas(integer_object_nulls=False)
    if "true" in frame:
        frame["true"] = pd.array(table.column("true").to_pylist(), dtype="Int64")
    count = len(frame)
    frame.insert(0, "arm", pd.Series([one.arm] * count, dtype="str"))
    frame.insert(1, "seed", pd.Series([one.seed] * count, dtype="int64"))
    frame.insert(2, "attempt", pd.Series([one.attempt] * count, dtype="int64"))
    frame.insert(3, "counts", pd.Series([one.counts] * count, dtype="bool"))
    return frame
