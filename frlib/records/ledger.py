"""What has been done: `entries` from the small JSON files alone, cheap enough for every plan."""

from collections.abc import Iterator, Sequence, Set
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from frlib.core import safeio
from frlib.core.errors import RecordError
from frlib.records import layout, parts
from frlib.records.attempts import Attempt
from frlib.records.schema import VERSION

EVERY_EPOCH = "train/loss"
"""A metric that each epoch has on record, measured or not."""
_ARM_ADVICE = "Restore it from a copy, or delete the arm's whole folder."


@dataclass(frozen=True)
class Entry:
    """One arm on record. `verdict`: None while unfinished; `seconds`: per complete replicate.

    open_seeds: replicates that were begun and have no complete attempt.
    """

    arm: dict[str, Any]
    verdict: dict[str, Any] | None
    complete_seeds: tuple[int, ...]
    seconds: tuple[float, ...]
    open_seeds: tuple[int, ...] = ()

    def status(self, seeds: Sequence[int]) -> str:
        """`complete` (with all of these replicates), `stopped`, `failed`, or `unfinished`."""
        if self.verdict is None:
            return "unfinished"
        found = str(self.verdict["status"])
        owed = found == "complete" and not set(seeds) <= set(self.complete_seeds)
        return "unfinished" if owed else found


def entries(study_folder: Path) -> Iterator[Entry]:
    """Every arm of a study that has been written down; nothing when the study is new.

    `RecordError` names a file that is damaged or of a newer schema.
    """
    for folder in layout.arm_folders(study_folder):
        verdict = folder / "verdict.json"
        runs: dict[int, float] = {}
        begun = set()
        for seed, _, attempt in layout.attempts(folder):
            run = _known(attempt / "run.json", parts.AGAIN, {"status", "seconds"})
            begun.add(seed)
            if run["status"] == "complete":
                runs[seed] = float(run["seconds"])
        yield Entry(
            arm=_known(folder / "arm.json", _ARM_ADVICE, {"arm"}),
            verdict=safeio.read_json(verdict) if verdict.exists() else None,
            complete_seeds=tuple(sorted(runs)),
            seconds=tuple(runs[seed] for seed in sorted(runs)),
            open_seeds=tuple(sorted(begun - set(runs))),
        )


def _known(path: Path, advice: str, needed: Set[str]) -> dict[str, Any]:
    try:
        found = safeio.read_json(path)
    except RecordError as error:
        raise RecordError(f"{error}. {advice}") from error
    missing = sorted(needed - set(found)) if isinstance(found, dict) else ["an object"]
    if missing:
        raise RecordError(f"{path}: lacks {', '.join(missing)}. {advice}")
    parts.require_version(path, found.get("schema", VERSION))
    return dict(found)


def completed(replicate: Path) -> Path | None:
    """The latest complete attempt in a replicate's folder (`r<seed>`), if any."""
    found = None
    for path in sorted(replicate.glob("a*/run.json"), key=lambda p: int(p.parent.name[1:])):
        if safeio.read_json(path)["status"] == "complete":
            found = path.parent
    return found


def final_metrics(attempt: Path) -> dict[str, float]:
    """The last value of every metric of an attempt."""
    run = _known(attempt / "run.json", parts.AGAIN, {"arm", "seed", "attempt", "status", "parts"})
    number = (run["arm"], run["seed"], run["attempt"])
    return Attempt(*number, attempt, run["status"], True, run).finals()


def finals(arm: Path, metric: str, seeds: Sequence[int]) -> dict[int, float]:
    """seed -> last value of `metric` in the replicate, of those that are complete and have it."""
    found = {}
    for seed in seeds:
        attempt = completed(arm / f"r{seed}")
        value = None if attempt is None else final_metrics(attempt).get(metric)
        if value is not None:
            found[seed] = value
    return found


def course(arm: Path, metric: str, seeds: Sequence[int], epochs: int) -> dict[int, float]:
    """The first half of `shown`."""
    return shown(arm, metric, seeds, epochs)[0]


def shown(
    arm: Path, metric: str, seeds: Sequence[int], epochs: int
) -> tuple[dict[int, float], tuple[float, ...]]:
    """What an arm has shown: epochs done over its replicates in turn -> mean of `metric` so far.

    And its last value in every finished replicate, in the order of the seeds.

    The mean is over the finished replicates and the running one, as trials report it: an epoch that
    was not measured shows what the one before did. Attempts of a replicate are joined, the later
    one counting; the first unfinished replicate ends the course. One that is complete before
    `epochs` stands for all of them.
    """
    found: dict[int, float] = {}
    finals: list[float] = []
    for seed in seeds:
        mine = replicate(arm, seed, metric)
        found |= {len(finals) * epochs + e: _mean([*finals, v]) for e, v in mine.items()}
        if not mine or (epochs not in mine and completed(arm / f"r{seed}") is None):
            break
        finals.append(mine[max(mine)])
        found[len(finals) * epochs] = _mean(finals)
    return found, tuple(finals)


def replicate(arm: Path, seed: int, metric: str) -> dict[int, float]:
    """Epoch -> `metric` of one replicate, from the first epoch on that measured it.

    An epoch that was not measured shows what the one before did. Attempts are joined, the later one
    counting.
    """
    mine: dict[int, float | None] = {}
    for _, _, attempt in (one for one in layout.attempts(arm) if one[0] == seed):
        rows = _metrics(attempt)
        rows = rows.filter(pc.is_in(rows["name"], pa.array([metric, EVERY_EPOCH])))
        for epoch, name, value in zip(
            *(rows[column].to_pylist() for column in ("epoch", "name", "value")), strict=True
        ):
            mine[epoch] = value if name == metric else mine.get(epoch)
    found: dict[int, float] = {}
    value = None
    for epoch, measured in sorted(mine.items()):
        value = value if measured is None else measured
        if value is not None:
            found[epoch] = value
    return found


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)


def _metrics(attempt: Path) -> pa.Table:
    return parts.concat(
        "metrics", [parts.read(p, "metrics") for p in layout.parts(attempt, "metrics")]
    )
