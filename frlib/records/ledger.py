"""What has been done, read from the small JSON files alone: cheap enough for every plan and resume."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from frlib.core import safeio
from frlib.records import layout, parts
from frlib.records.schema import TABLES


@dataclass(frozen=True)
class Entry:
    """One arm on record. `verdict` is None while it is unfinished; `seconds` per complete replicate."""

    arm: dict[str, Any]
    verdict: dict[str, Any] | None
    complete_seeds: tuple[int, ...]
    seconds: tuple[float, ...]

    @property
    def status(self) -> str:
        """`complete`, `stopped`, `failed`, or `unfinished`."""
        return str(self.verdict["status"]) if self.verdict else "unfinished"


def entries(study_folder: Path) -> Iterator[Entry]:
    """Every arm of a study that has been written down; nothing when the study is new."""
    for folder in layout.arm_folders(study_folder):
        verdict = folder / "verdict.json"
        runs = {}
        for seed, _, attempt in layout.attempts(folder):
            run = safeio.read_json(attempt / "run.json")
            if run["status"] == "complete":
                runs[seed] = float(run["seconds"])
        yield Entry(
            arm=safeio.read_json(folder / "arm.json"),
            verdict=safeio.read_json(verdict) if verdict.exists() else None,
            complete_seeds=tuple(sorted(runs)),
            seconds=tuple(runs[seed] for seed in sorted(runs)),
        )


def completed(replicate: Path) -> Path | None:
    """The latest complete attempt in a replicate's folder (`r<seed>`), if any."""
    found = None
    for path in sorted(replicate.glob("a*/run.json"), key=lambda p: int(p.parent.name[1:])):
        if safeio.read_json(path)["status"] == "complete":
            found = path.parent
    return found


def final_metrics(attempt: Path) -> dict[str, float]:
    """The last value of every metric of an attempt."""
    table = parts.concat(
        "metrics", [parts.read(p, "metrics") for p in layout.parts(attempt, "metrics")]
    )
    assert table.schema.equals(TABLES["metrics"])
    return dict(zip(table["name"].to_pylist(), table["value"].to_pylist(), strict=True))
