"""Records -> the runs that a server should have, for what sends them and for what checks them."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from frlib.records import halted, layout, select
from frlib.records.read import Arm, Attempt, Records
from frlib.track import numbers, tags
from frlib.track.flat import NO_PARAMS, Params, params
from frlib.track.numbers import Point

_NOTE_LENGTH = 7500
_ARM_LENGTH = 200
"""Of an arm's name; what its runs add fits into the 250 characters that MLflow takes."""


@dataclass(frozen=True)
class Wanted:
    """One run. parent: its key. started, ended: milliseconds since 1970.

    status: running, complete, stopped, failed or interrupted. curve: attempts whose rows are its
    curves. numbers: points to send once it has ended; stamp: what they were made of. attempt: whose
    record files go along. files: (folder among the artefacts, file), to be sent once it has ended.
    """

    key: str
    kind: str
    name: str
    parent: str | None
    tags: Mapping[str, str]
    status: str
    started: int | None = None
    ended: int | None = None
    params: Params = NO_PARAMS
    datasets: Mapping[str, str] = field(default_factory=dict)
    curve: Sequence[Attempt] = ()
    numbers: Callable[[], list[Point]] = list
    stamp: str = ""
    attempt: Attempt | None = None
    files: Sequence[tuple[str, Path]] = ()


def runs(records: Records, *, ended: bool) -> Iterator[Wanted]:
    """Parents before children. ended: nothing runs any more, so what has no end was interrupted."""
    by_arm: dict[str, dict[int, list[Attempt]]] = {}
    for one in records.attempts:
        by_arm.setdefault(one.arm, {}).setdefault(one.seed, []).append(one)
    yield _study(records, ended)
    for arm in records.arm_list:
        seeds = by_arm.get(arm.digest, {})
        name = arm_name(arm)
        flat = _params(arm)
        yield _arm(records, arm, name, flat, [one for own in seeds.values() for one in own], ended)
        for seed, attempts in seeds.items():
            yield _replicate(records, arm, f"{name}, seed {seed}", flat, attempts, ended)
            for one in attempts:
                yield _attempt(records, one, f"{name}, seed {seed}, attempt {one.attempt}", ended)


def outputs(study_folder: Path) -> list[tuple[str, Path]]:
    """(folder among the artefacts, file) of the tables and figures of a study."""
    found = []
    for kind in tags.OUTPUTS:
        for path in sorted((study_folder / kind).rglob("*")):
            inside = path.relative_to(study_folder)
            if path.is_file() and not any(part.startswith(".") for part in inside.parts):
                found.append((inside.parent.as_posix(), path))
    return found


def arm_name(arm: Arm) -> str:
    """Its cell, then what was searched: `BoundaryFace, closed.ratio 0.2, margin 0.31`.

    A long one ends early, with the beginning of the digest, by which it differs from others.
    """
    searched = [
        f"{path.rpartition('.')[2]} {value:.4g}"
        if isinstance(value, float)
        else f"{path.rpartition('.')[2]} {value}"
        for path, value in arm.params.items()
    ]
    name = ", ".join([*cell_words(arm.cell), *searched]) or arm.digest
    if len(name) <= _ARM_LENGTH:
        return name
    end = f"…, {arm.digest[:8]}"
    return name[: _ARM_LENGTH - len(end)] + end


def cell_words(cell: Mapping[str, Any]) -> list[str]:
    """One for every axis, the head first and without its name: `BoundaryFace`, `clean none`."""
    head = [str(cell["head"])] if "head" in cell else []
    others = [
        f"{'.'.join(axis.split('.')[-2:])} {value}"
        for axis, value in cell.items()
        if axis != "head"
    ]
    return head + others


def _study(records: Records, ended: bool) -> Wanted:
    study = records.study
    is_open = any(arm.status == "running" for arm in records.arm_list)
    return Wanted(
        key=tags.STUDY,
        kind="study",
        name=str(study["name"]),
        parent=None,
        tags=_common(records)
        | {
            tags.NOTE: _note(records),
            "frlib.store": records.folder.absolute().parents[1].as_posix(),
            "frlib.halted": str(halted.read(records.folder) or ""),
        },
        status=_now("running" if is_open or not ended else "complete", ended),
        started=_first(records.attempts),
        ended=_latest(records.attempts),
        files=[(tags.RECORDS, records.folder / "study.json")],
    )


def _note(records: Records) -> str:
    """The question and, where there is room, the table; MLflow draws it as Markdown."""
    note = " ".join(str(records.study.get("question", "")).split())
    main = records.folder / "tables" / f"{records.study.get('table', '')}.md"
    if main.is_file():
        whole = f"{note}\n\n{main.read_text()}"
        if len(whole) <= _NOTE_LENGTH:
            return whole
        return f"{note}\n\nTable: tables/{main.name} among the artefacts."
    return note


def _arm(
    records: Records, arm: Arm, name: str, flat: Params, attempts: Sequence[Attempt], ended: bool
) -> Wanted:
    folder = layout.arm_folder(records.folder, arm.digest)
    files = [folder / name for name in ("arm.json", "verdict.json")]
    counting = sum(one.counts for one in attempts)
    return Wanted(
        key=tags.arm_key(arm.digest),
        kind="arm",
        name=name,
        parent=tags.STUDY,
        tags=_common(records)
        | _of_arm(arm)
        | {"frlib.replicates": str(counting)}
        | _ending(_now(arm.status, ended), arm.message)
        | ({tags.NOTE: arm.message} if arm.message else {}),
        status=_now(arm.status, ended),
        started=_first(attempts),
        ended=_latest(attempts),
        params=flat,
        datasets=arm.datasets,
        numbers=lambda: numbers.means(records, arm.digest),
        stamp=f"{arm.status}, {counting} of {len(attempts)}",
        files=[(tags.RECORDS, path) for path in files if path.is_file()],
    )


def _replicate(
    records: Records,
    arm: Arm,
    name: str,
    flat: Params,
    attempts: Sequence[Attempt],
    ended: bool,
) -> Wanted:
    counting = next((one for one in attempts if one.counts), None)
    told = counting or attempts[-1]
    status = _now(told.status, ended)
    return Wanted(
        key=tags.replicate_key(arm.digest, told.seed),
        kind="replicate",
        name=name,
        parent=tags.arm_key(arm.digest),
        tags=_common(records)
        | _of_arm(arm)
        | _of_run(told)
        | {"frlib.attempts": str(len(attempts))}
        | ({"frlib.counts": f"attempt {counting.attempt}"} if counting else {})
        | _ending(status, str(told.run["reason"])),
        status=status,
        started=_milliseconds(attempts[0].run["started"]),
        ended=_milliseconds(told.run.get("ended")),
        params=flat,
        datasets=arm.datasets,
        curve=attempts,
        numbers=lambda: numbers.corrections(attempts),
        stamp=f"{told.attempt} of {len(attempts)}, {told.status}",
    )


def _attempt(records: Records, one: Attempt, name: str, ended: bool) -> Wanted:
    status = _now(one.status, ended)
    return Wanted(
        key=tags.attempt_key(one.arm, one.seed, one.attempt),
        kind="attempt",
        name=name,
        parent=tags.replicate_key(one.arm, one.seed),
        tags=_common(records)
        | _of_run(one)
        | {
            "frlib.arm": one.arm,
            "frlib.attempt": str(one.attempt),
            "frlib.counts": "yes" if one.counts else "no",
        }
        | _ending(status, str(one.run["reason"])),
        status=status,
        started=_milliseconds(one.run["started"]),
        ended=_milliseconds(one.run.get("ended")),
        numbers=lambda: numbers.last(one),
        stamp=one.status,
        attempt=one,
    )


def _common(records: Records) -> dict[str, str]:
    name = str(records.study["name"])
    return {
        "frlib.study": name,
        "frlib.selection": select.rule(records.study),
        tags.SOURCE: f"frlib study run {name}",
    }


def _of_arm(arm: Arm) -> dict[str, str]:
    return {"frlib.arm": arm.digest} | {f"frlib.data.{k}": v for k, v in arm.datasets.items()}


def _of_run(one: Attempt) -> dict[str, str]:
    facts: Mapping[str, Any] = one.run.get("facts") or {}
    found = {"frlib.seed": str(one.seed)}
    for name in ("config_digest", "frlib", "device", "workers"):
        if name in facts:
            found[f"frlib.{'version' if name == 'frlib' else name}"] = str(facts[name])
    found |= {f"frlib.artifact.{k}": str(v) for k, v in (facts.get("artifacts") or {}).items()}
    checkout = facts.get("git") or {}
    if checkout.get("commit"):
        found[tags.COMMIT] = str(checkout["commit"])
        found["frlib.git.changed"] = {True: "yes", False: "no"}.get(checkout["changed"], "unknown")
    return found


def _ending(status: str, reason: str) -> dict[str, str]:
    return {"frlib.status": status, "frlib.reason": reason}


def _params(arm: Arm) -> Params:
    axes = {f"axis.{axis}": value for axis, value in arm.cell.items()}
    searched = {f"searched.{path}": value for path, value in arm.params.items()}
    return params(axes | searched | dict(arm.config))


def _now(status: str, ended: bool) -> str:
    return "interrupted" if ended and status == "running" else status


def _first(attempts: Sequence[Attempt]) -> int | None:
    return min((_milliseconds(one.run["started"]) or 0 for one in attempts), default=None)


def _latest(attempts: Sequence[Attempt]) -> int | None:
    ends = (_milliseconds(one.run.get("ended")) for one in attempts)
    return max((when for when in ends if when is not None), default=None)


def _milliseconds(moment: str | None) -> int | None:
    return None if moment is None else int(datetime.fromisoformat(moment).timestamp() * 1000)
