"""One attempt of one replicate: what is on record of it, and its tables, verified when read."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa

from frlib.core.errors import RecordError
from frlib.records import layout, parts
from frlib.records.schema import ENDED


@dataclass(frozen=True)
class Attempt:
    """One attempt of one replicate. `run`: its run.json, in which checksums come with its end."""

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

    def table(self, name: str, columns: Sequence[str] | None = None) -> pa.Table:
        """All rows of one table (and those columns), verified against the checksums of `run.json`.

        Without any part: no rows, with all columns.
        """
        return self.rows(name, self.parts(name), columns)

    def rows(
        self, name: str, found: Sequence[Path], columns: Sequence[str] | None = None
    ) -> pa.Table:
        """The same of parts that have been listed before."""
        noted = self.checksums
        checks = [noted[path.name] if noted is not None else None for path in found]
        return parts.concat(
            name,
            [
                parts.read(path, name, check, columns)
                for path, check in zip(found, checks, strict=True)
            ],
        )

    def finals(self) -> dict[str, float]:
        """Metric -> its last value.

        The `run.json` of an attempt that has ended tells them, so that of its parts only the
        checksums are looked at. Where it does not (the attempt goes on, a value is not finite, an
        earlier frlib wrote it) the parts are read.
        """
        found, noted, told = self.parts("metrics"), self.checksums, self.run.get("finals")
        if noted is None or told is None:
            table = self.rows("metrics", found, ("name", "value"))
            return dict(zip(table["name"].to_pylist(), table["value"].to_pylist(), strict=True))
        for path in found:
            parts.verified(path, noted[path.name])
        if not isinstance(told, dict) or not all(map(_is_number, told.values())):
            raise RecordError(
                f"{self.folder / 'run.json'}: its finals must be numbers by the name of their "
                f"metric. {parts.AGAIN}"
            )
        return told

    @property
    def checksums(self) -> Mapping[str, str] | None:
        """Part -> SHA-256, as noted when it ended; None if it has not."""
        return self.run["parts"] if self.run["status"] in ENDED else None

    def parts(self, name: str) -> list[Path]:
        """Part files of a table; `RecordError` unless they are those that `run.json` lists."""
        found = layout.parts(self.folder, name)
        if self.checksums is not None:
            _require_same(self.folder, name, {path.name for path in found}, self.checksums)
        return found


def _is_number(value: Any) -> bool:
    return type(value) in (int, float)


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
