"""Where records live.

<store>/studies/<study>/study.json
                       /arms/<arm>/arm.json, verdict.json, doing.txt
                       /arms/<arm>/r<seed>/a<attempt>/run.json, <table>-<part>.parquet
                       /tables/<table>.{md,csv,tex,html}
"""

import os
import re
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from frlib.core import published
from frlib.core.errors import RecordError
from frlib.core.suggest import did_you_mean

DAMAGED = "damaged-"
"""What the names of set-aside attempts and files begin with (`frlib.records.heal`)."""
_SEED = re.compile(r"r(-?\d+)")
RUN_LOCK = ".run.lock"
"""In a study's folder; held by the process that runs it."""
_ATTEMPT = re.compile(r"a(\d+)")
_TAKEN = re.compile(rf"(?:{DAMAGED})?a(\d+)(?:-\d+)?")
_PART = re.compile(r"([a-z_]+)-(\d{5})\.parquet$")


def study_folder(store: Path, study: str) -> Path:
    """The folder of a study's records, present or not."""
    return store / "studies" / study


def arm_folder(study: Path, arm: str) -> Path:
    """The folder of one arm inside a study's folder."""
    return study / "arms" / arm


def attempt_folder(study: Path, arm: str, seed: int, attempt: int) -> Path:
    """The folder of one attempt of one replicate."""
    return arm_folder(study, arm) / f"r{seed}" / f"a{attempt}"


def part_name(table: str, number: int) -> str:
    """`metrics-00003.parquet`: the fourth flush of a table."""
    return f"{table}-{number:05d}.parquet"


def find_study(store: Path, study: str) -> Path:
    """The folder of a recorded study; `RecordError` with the nearest name when there is none."""
    folder = study_folder(store, study)
    published.bring(folder, heavy=False)
    if (folder / "study.json").is_file():
        return folder
    known = recorded_studies(store)
    have = f"Recorded: {', '.join(known)}." if known else "Nothing is recorded there yet."
    raise RecordError(
        f"{study!r}: no such study under {store / 'studies'}{did_you_mean(study, known)}. {have} "
        f"`frlib study run {study}` records one; --store names another store."
    )


def recorded_studies(store: Path) -> tuple[str, ...]:
    """Names of the studies with records in this store, sorted."""
    published.bring(store / "studies", heavy=False)
    names = (path.parent.name for path in (store / "studies").glob("*/study.json"))
    return tuple(sorted(name for name in names if not name.startswith(".")))


def arm_folders(study: Path) -> list[Path]:
    """Folders of the arms that have been written down, sorted by digest."""
    arms = study / "arms"
    return [arms / name for name in sorted(_names(arms)) if (arms / name / "arm.json").is_file()]


def attempts(arm: Path) -> Iterator[tuple[int, int, Path]]:
    """(seed, attempt, folder) of every attempt that has begun, ordered."""
    found = []
    for replicate in _names(arm):
        seed = _SEED.fullmatch(replicate)
        home = arm / replicate
        for name in _names(home) if seed else ():
            attempt = _ATTEMPT.fullmatch(name)
            folder = home / name
            if seed and attempt and (folder / "run.json").is_file():
                found.append((int(seed[1]), int(attempt[1]), folder))
    yield from sorted(found)


def next_attempt(study: Path, arm: str, seed: int) -> int:
    """One more than the highest attempt folder of this replicate, begun, damaged or neither.

    Of a store at a URI, those count too that another machine has begun.
    """
    folder = arm_folder(study, arm) / f"r{seed}"
    names = {*_names(folder), *published.inside(folder)}
    taken = [int(match[1]) for name in names if (match := _TAKEN.fullmatch(name))]
    return max(taken, default=-1) + 1


def parts(attempt: Path, table: str) -> list[Path]:
    """Part files of a table in order; `RecordError` when one in between is gone."""
    found = sorted(
        name for name in _names(attempt) if (match := _PART.match(name)) and match[1] == table
    )
    for number, name in enumerate(found):
        if name != part_name(table, number):
            raise RecordError(
                f"{attempt / part_name(table, number)}: missing, though {name} is there. "
                "Records are only ever appended, so this file was removed or lost in a copy: "
                "restore it, or delete the whole attempt folder to have the run done again."
            )
    return [attempt / name for name in found]


def _names(folder: Path) -> list[str]:
    """Of what lies in it; nothing where there is no such folder."""
    with suppress(FileNotFoundError, NotADirectoryError), os.scandir(folder) as found:
        return [one.name for one in found]
    return []
