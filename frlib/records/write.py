"""Append-only, crash-safe writing of one attempt.

Rows wait in memory until `flush`, which writes each waiting table as one new part file, whole or
not at all. `run.json` is written when the attempt begins and replaced once when it ends, then with
the checksum of every part and, as `finals`, the last value of every metric if all are finite. A
process killed in between leaves parts that can be read and a status "running"; a resumed run is a
new attempt beside it.
"""

import math
import time
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np
import pyarrow as pa

from frlib.core import safeio
from frlib.core.errors import NodeLostError, RecordError
from frlib.records import layout, parts
from frlib.records.schema import ENDED, VERSION, RunStatus

_ROW_DEFAULTS = {"epoch": 0, "step": 0}
_NO_CLASS = -1


class RunWriter:
    """Writes one attempt of one replicate; also a context manager.

    Leaving the `with` block ends the attempt: complete, or failed with the exception's text, or
    stopped when interrupted or told to leave its node, unless `finish` has been called before.
    """

    def __init__(
        self,
        study_folder: Path,
        *,
        study: str,
        arm: str,
        seed: int,
        attempt: int | None = None,
        facts: Mapping[str, Any] | None = None,
    ) -> None:
        """Begin an attempt; `attempt=None` takes the next free number.

        `facts`: plain JSON, what is true of this run and not of its config (host, versions, number
        of images, ...). `RecordError` when the attempt exists: records are never written twice.
        """
        number = layout.next_attempt(study_folder, arm, seed) if attempt is None else attempt
        self.folder = layout.attempt_folder(study_folder, arm, seed, number)
        try:
            self.folder.mkdir(parents=True)
        except FileExistsError:
            raise RecordError(
                f"{self.folder}: this attempt has been begun before, and records are never "
                "rewritten. A resumed run is a new attempt: leave `attempt` out."
            ) from None
        self.attempt = number
        self._study_folder = study_folder
        self._began = time.monotonic()
        self._ended = False
        self._waiting: dict[str, list[pa.Table]] = {}
        self._checksums: dict[str, str] = {}
        self._counts: dict[str, int] = {}
        self._last: dict[str, float] = {}
        self._run: dict[str, Any] = {
            "study": study,
            "arm": arm,
            "seed": seed,
            "attempt": number,
            "status": "running",
            "reason": "",
            "started": _now(),
            "ended": None,
            "seconds": None,
            "facts": dict(facts or {}),
            "schema": VERSION,
            "parts": {},
        }
        self._identity = {k: str(self._run[k]) for k in ("study", "arm", "seed", "attempt")}
        safeio.write_json(self.folder / "run.json", self._run)

    @property
    def seconds(self) -> float:
        """Since this attempt began."""
        return round(time.monotonic() - self._began, 3)

    def metrics(self, rows: Iterable[Mapping[str, Any]]) -> None:
        """Rows of `name`, `value`, and optionally `epoch`, `step` (0) and `time` (now, s)."""
        now = time.time()
        full = [{**_ROW_DEFAULTS, "time": now, **row} for row in rows]
        if full:
            names = sorted({key for row in full for key in row})
            self._add("metrics", {name: [row.get(name) for row in full] for name in names})

    def log(self, values: Mapping[str, float], *, epoch: int, step: int) -> None:
        """Several metrics of one moment."""
        self.metrics(
            {"epoch": epoch, "step": step, "name": name, "value": float(value)}
            for name, value in values.items()
        )

    def adopt(self, table: str, rows: pa.Table) -> None:
        """Rows of `table` as another run recorded them, with their times."""
        self._require_open()
        self._take(table, rows)

    def pair_scores(self, benchmark: str, variant: str, arrays: Mapping[str, Any]) -> None:
        """Per-pair results; arrays `[P]`: `fold`, `same`, `score`, `threshold`, `correct`.

        `pair` (the pair's number in its protocol) is counted from 0 when left out; `left_person`
        and `right_person` are null then.
        """
        count = len(arrays["score"])
        named = {
            "benchmark": [benchmark] * count,
            "variant": [variant] * count,
            "pair": np.arange(count, dtype=np.int32),
            "left_person": [None] * count,
            "right_person": [None] * count,
        }
        self._add("pair_scores", named | dict(arrays))

    def decisions(
        self,
        sample: Any,
        *,
        epoch: int,
        kind: str,
        given: Any,
        proposed: Any,
        score: Any,
        true: Any = None,
    ) -> None:
        """Verdicts on samples; arrays `[N]`: ids, given and proposed class, score.

        `true`: the class behind the noise; -1 is somebody of no class, less than that is unknown.
        """
        count = len(sample)
        unknown = [None] * count if true is None else [_known(value) for value in true]
        columns = {
            "sample": [str(value) for value in sample],
            "epoch": [epoch] * count,
            "kind": [kind] * count,
            "given": given,
            "proposed": proposed,
            "true": unknown,
            "score": np.asarray(score, dtype=np.float32),
        }
        self._add("decisions", columns)

    def event(self, name: str, message: str, *, level: str = "INFO") -> None:
        """Something a reader of this run should know."""
        self._add(
            "events",
            {"time": [time.time()], "level": [level], "name": [name], "message": [message]},
        )

    def flush(self) -> None:
        """Write what waits, one new part for each table; what cannot be written keeps waiting."""
        for table in sorted(self._waiting):
            number = self._counts.get(table, 0)
            path = self.folder / layout.part_name(table, number)
            parts.write(path, pa.concat_tables(self._waiting[table]), self._identity)
            self._checksums[path.name] = safeio.sha256(path)
            self._counts[table] = number + 1
            del self._waiting[table]

    def finish(self, status: RunStatus, reason: str = "") -> None:
        """Flush and end the attempt; nothing can be written after it."""
        if status not in ENDED:
            raise RecordError(f"status={status!r}: an attempt ends as one of {', '.join(ENDED)}")
        self._require_open()
        self.flush()
        self._run |= {
            "status": status,
            "reason": reason,
            "ended": _now(),
            "seconds": self.seconds,
            "parts": self._checksums,
        }
        if all(map(math.isfinite, self._last.values())):
            self._run["finals"] = self._last
        safeio.write_json(self.folder / "run.json", self._run)
        self._ended = True

    def require_newest(self) -> None:
        """`RecordError` if another attempt has been begun since, on whatever machine.

        A run that is cut off from its cluster lives on for a while: it must not end what another
        one has taken up. Of a store at a URI it is seen some seconds later.
        """
        newest = layout.next_attempt(self._study_folder, self._run["arm"], self._run["seed"]) - 1
        if newest > self.attempt:
            raise RecordError(
                f"{self.folder}: attempt {newest} of this run has been begun since, so this one "
                "ends; nothing is lost and there is nothing to do"
            )

    def add_facts(self, facts: Mapping[str, Any]) -> None:
        """Facts learnt after the beginning; they reach the disk when the attempt ends."""
        self._require_open()
        self._run["facts"] = {**self._run["facts"], **facts}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._ended:
            return
        if error is None:
            self.finish("complete")
        elif isinstance(error, NodeLostError):
            self.finish("stopped", f"{type(error).__name__}: {error}")
        elif isinstance(error, Exception):
            self.finish("failed", f"{type(error).__name__}: {error}")
        else:
            self.finish("stopped", f"interrupted ({type(error).__name__})")

    def _add(self, table: str, columns: Mapping[str, Any]) -> None:
        self._require_open()
        self._take(table, parts.to_table(table, columns))

    def _take(self, table: str, rows: pa.Table) -> None:
        self._waiting.setdefault(table, []).append(rows)
        if table == "metrics":
            named = zip(rows["name"].to_pylist(), rows["value"].to_pylist(), strict=True)
            self._last.update(named)

    def _require_open(self) -> None:
        if self._ended:
            raise RecordError(f"{self.folder}: this attempt has ended; it takes no more records")


def _known(label: Any) -> int | None:
    return None if label is None or label < _NO_CLASS else int(label)


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")
