"""What a table of a large study takes: from its record files, and the same numbers from MLflow.

Each in a process of its own with one thread. CPU time and wall time; peak memory is that of the
whole process, imports included.
"""

import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TypeVar

from frlib.bench import apart, tables_case
from frlib.core.errors import BenchmarkError
from frlib.records import read

_STATUS = Path("/proc/self/status")
_KIB_IN_MIB = 1024
_QUERIED = 3
"""Times that the queries are timed; they are over in a second."""
Found = TypeVar("Found")


@dataclass(frozen=True, kw_only=True)
class Sizes:
    """runs: on record. searched: in MLflow's database, read both ways."""

    runs: int = 30_000
    searched: int = 6_000


SMALL = Sizes(runs=60, searched=20)


@dataclass(frozen=True, kw_only=True)
class Spent:
    """Seconds, and the memory of the process at its highest point; None where not told."""

    cpu_s: float
    wall_s: float
    peak_mib: float | None


@dataclass(frozen=True, kw_only=True)
class TablesReport:
    """Everything measured; `dataclasses.asdict` of it is JSON.

    imports: of `analysis` with all that a table needs. table: from records, read, verified, built
    and written in every form. queried, searched: MLflow's numbers of `searched_runs`, from its
    database (the median of three times) and by its own search. faster: CPU time of the search over
    that of the queries.
    """

    runs: int
    metrics: int
    imports: Spent
    table: Spent
    searched_runs: int
    queried: Spent
    searched: Spent
    faster: float


def run(sizes: Sizes, *, say: Callable[[str], None]) -> TablesReport:
    """`BenchmarkError` where a table differs from the first, or the two ways to MLflow differ."""
    with TemporaryDirectory(prefix="frlib-bench-") as name:
        store = Path(name)
        say(f"recording {sizes.runs:,} runs")
        tables_case.recorded(store, sizes.runs)
        imports, _ = apart.run(1, _imported)
        say("the table from records")
        (table, text), (_, other) = (apart.run(1, _built, store) for _ in range(2))
        if text != other:
            raise BenchmarkError("the table came out differently when it was built again")
        say(f"MLflow with {sizes.searched:,} runs")
        uri, asked = apart.run(1, _filled, store, sizes.searched)
        answers = [apart.run(1, _queried, uri) for _ in range(_QUERIED)]
        queried, found = sorted(answers, key=lambda one: one[0].cpu_s)[_QUERIED // 2]
        searched, wanted = apart.run(1, _searched, uri)
        if found != wanted or asked != sizes.searched:
            raise BenchmarkError(f"queries found {found} numbers, the search {wanted}")
    return TablesReport(
        runs=sizes.runs,
        metrics=tables_case.METRICS,
        imports=imports,
        table=table,
        searched_runs=sizes.searched,
        queried=queried,
        searched=searched,
        faster=searched.cpu_s / queried.cpu_s,
    )


def _imported() -> tuple[Spent, None]:
    return _timed(_import)


def _import() -> None:
    from analysis import build

    assert build


def _built(store: Path) -> tuple[Spent, str]:
    _import()
    return _timed(lambda: _texts(store))


def _texts(store: Path) -> str:
    from analysis import build, render

    table = build.from_records(read.load_named(store, tables_case.STUDY))
    return "".join(form(table) for form in render.FORMATS.values())


def _filled(store: Path, runs: int) -> tuple[str, int]:
    from frlib.bench import tables_server

    return tables_server.filled(store, tables_case.STUDY, runs), runs


def _queried(uri: str) -> tuple[Spent, float]:
    import sqlalchemy

    from frlib.track import sql

    assert sqlalchemy
    return _timed(lambda: round(float(sql.mirrored(uri, tables_case.STUDY).metrics.value.sum()), 6))


def _searched(uri: str) -> tuple[Spent, float]:
    from frlib.track.mlflow import Server
    from frlib.track.tags import experiment_name

    server = Server(uri, experiment_name(tables_case.STUDY))
    return _timed(
        lambda: round(sum(value for one in server.runs() for value in one.metrics.values()), 6)
    )


def _timed(work: Callable[[], Found]) -> tuple[Spent, Found]:
    cpu, wall = time.process_time(), time.perf_counter()
    found = work()
    cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
    return Spent(cpu_s=cpu, wall_s=wall, peak_mib=_peak_mib()), found


def _peak_mib() -> float | None:
    """None where the system does not tell."""
    with suppress(OSError):
        for line in _STATUS.read_text().splitlines():
            name, _, rest = line.partition(":")
            if name == "VmHWM":
                return int(rest.split()[0]) / _KIB_IN_MIB
    return None
