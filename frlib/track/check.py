"""Records against server: what is missing there, what is different, what nobody knows here."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from frlib.records import layout, read
from frlib.track import numbers, tags, wanted
from frlib.track.mlflow import ENDINGS, RemoteRun, Server, cut_tags
from frlib.track.numbers import Point, same
from frlib.track.sender import run_stamp
from frlib.track.wanted import Wanted


def check(study_folder: Path, uri: str, *, ended: bool, every_point: bool = False) -> list[str]:
    """Differences, a line each; none when the server has all that is on record.

    Runs, their places in the tree, tags, parameters, statuses, the numbers they are compared by,
    the length of every curve and the stamps of the record files, in one listing of the runs.
    every_point: also each point of each curve, one call a metric and replicate.
    """
    records = read.outline(study_folder)
    server = Server(
        uri,
        tags.experiment_name(str(records.study["name"])),
    )
    there: dict[str, RemoteRun] = {}
    for one in server.runs():
        there.setdefault(one.tags.get(tags.KEY, ""), one)
    found: list[str] = []
    known = set()
    for run in wanted.runs(records, ended=ended):
        known.add(run.key)
        remote = there.get(run.key)
        if remote is None:
            found.append(f"{run.key}: missing on the server")
            continue
        parent = there.get(run.parent) if run.parent else None
        found += [f"{run.key}: {text}" for text in _differences(run, remote, parent)]
        if every_point and run.curve:
            found += [f"{run.key}: {text}" for text in _lost_points(run, server, remote.run_id)]
    strange = sorted(key for key in there if key and key not in known)
    found += [f"{key}: on the server, and not on record here" for key in strange]
    return found


def _differences(run: Wanted, there: RemoteRun, parent: RemoteRun | None) -> Iterator[str]:
    if parent is not None and there.tags.get(tags.PARENT) != parent.run_id:
        yield f"is not below {run.parent} there"
    ending = ENDINGS.get(run.status, "RUNNING")
    if there.status != ending:
        yield f"status {there.status}, on record {run.status}"
    told = cut_tags({tags.KIND: run.kind, tags.NAME: run.name, **run.tags})
    yield from _unequal("tag", told, there.tags)
    yield from _unequal("parameter", run.params.values, there.params)
    if run.curve:
        yield from _curve(run, there)
    if run.status != "running":
        if there.tags.get(tags.FILES, "") != run_stamp(run):
            yield "record files there are not those on record"
        yield from _numbers(_final(run), there)


def _unequal(what: str, here: Mapping[str, str], there: Mapping[str, str]) -> Iterator[str]:
    for name, value in here.items():
        if name not in there:
            yield f"{what} {name} is missing, on record {value!r}"
        elif there[name] != value:
            yield f"{what} {name} is {there[name]!r}, on record {value!r}"


def _curve(run: Wanted, there: RemoteRun) -> Iterator[str]:
    here = sum(len(rows) for rows in _rows(run))
    have = there.tags.get(tags.ROWS, "0")
    if have != str(here):
        yield f"{have} of {here} rows of its curves are there"


def _rows(run: Wanted) -> list[list[Point]]:
    return [numbers.rows(layout.parts(one.folder, "metrics")) for one in run.curve]


def _final(run: Wanted) -> Sequence[Point]:
    if run.kind == "replicate":
        counting = next((one for one in run.curve if one.counts), None)
        return numbers.last(counting) if counting else ()
    return run.numbers()


def _numbers(here: Sequence[Point], there: RemoteRun) -> Iterator[str]:
    for point in here:
        if point.name not in there.metrics:
            yield f"{point.name} is missing, on record {point.value:.6g}"
        elif not same(there.metrics[point.name], point.value):
            yield f"{point.name} is {there.metrics[point.name]:.6g}, on record {point.value:.6g}"


def _lost_points(run: Wanted, server: Server, run_id: str) -> Iterator[str]:
    by_name: dict[str, set[tuple[int, int]]] = {}
    for point in (point for rows in _rows(run) for point in rows):
        by_name.setdefault(point.name, set()).add((point.step, point.time_ms))
    for name, wanted_points in by_name.items():
        have = {(step, time_ms) for step, time_ms, _ in server.history(run_id, name)}
        if lost := wanted_points - have:
            yield f"{len(lost)} of {len(wanted_points)} points of {name} are missing"
