"""Large studies before their first trial: a plan, a resume, and one proposal among many arms.

Each in a process of its own with one thread. CPU time and wall time: what is flushed to disk takes
little of the one, and of the other what the disk takes.
"""

import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, TypeVar

from frlib.bench import apart, study_case
from frlib.core.errors import BenchmarkError
from frlib.launch.session import ready
from frlib.study.schema import Study

if TYPE_CHECKING:
    from frlib.launch.session import Session

_PROPOSALS = 9
Found = TypeVar("Found")


@dataclass(frozen=True, kw_only=True)
class Spent:
    """Seconds of one piece of work."""

    cpu_s: float
    wall_s: float


@dataclass(frozen=True, kw_only=True)
class PlanResult:
    """A study read and spelled out against an empty store; every arm is a cell of its own."""

    arms: int
    plan: Spent


@dataclass(frozen=True, kw_only=True)
class ResumeResult:
    """Everything up to the first trial, with so many runs on record in one cell.

    new: without a journal, into which all of them are put back. usual: with it. Imports (Ray,
    Optuna) are done before. proposal_ms: CPU time of one proposal of TPE that knows all of them,
    median, least and most.
    """

    runs: int
    new: Spent
    usual: Spent
    proposal_ms: float
    least_ms: float
    most_ms: float


def planned(arms: int, *, say: Callable[[str], None]) -> PlanResult:
    """`BenchmarkError` if the plan has another number of arms."""
    say(f"a plan of {arms:,} arms")
    return apart.run(1, _plan, arms)


def resumed(counts: Sequence[int], *, say: Callable[[str], None]) -> tuple[ResumeResult, ...]:
    """One result for each number of runs. `BenchmarkError` if not all of them are found."""
    found = []
    for count in counts:
        say(f"resuming {count:,} runs")
        found.append(apart.run(1, _resume, count))
    return tuple(found)


def _plan(arms: int) -> PlanResult:
    with TemporaryDirectory(prefix="frlib-bench-") as name:
        value = study_case.cells(arms).to_json()
        plan, spent = timed(lambda: study_case.planned(Study.parse(value), Path(name)))
    if plan.arms < arms or plan.runs_left < arms:
        raise BenchmarkError(f"the plan has {plan.arms} arms, {arms} were asked for")
    return PlanResult(arms=plan.arms, plan=spent)


def _resume(runs: int) -> ResumeResult:
    with TemporaryDirectory(prefix="frlib-bench-") as name:
        store, study = Path(name), study_case.searched(runs + _PROPOSALS)
        _opened(study, store / "elsewhere")
        study_case.recorded(study_case.planned(study, store), runs)
        new = timed(lambda: _opened(study, store))[1]
        opened, usual = timed(lambda: _opened(study, store))
        (cell,) = opened.proposals.values()
        if cell.told != runs or cell.remaining != _PROPOSALS:
            raise BenchmarkError(
                f"{cell.told} runs were found on record, {runs} had been put there"
            )
        cpu_s = [timed(cell.propose)[1].cpu_s for _ in range(_PROPOSALS)]
    return ResumeResult(
        runs=runs,
        new=new,
        usual=usual,
        proposal_ms=1e3 * statistics.median(cpu_s),
        least_ms=1e3 * min(cpu_s),
        most_ms=1e3 * max(cpu_s),
    )


def _opened(study: Study, store: Path) -> "Session":
    return ready(study_case.planned(study, store))


def timed(work: Callable[[], Found]) -> tuple[Found, Spent]:
    """What `work` returns, and what it took in this process."""
    cpu, wall = time.process_time(), time.perf_counter()
    found = work()
    spent = Spent(cpu_s=time.process_time() - cpu, wall_s=time.perf_counter() - wall)
    return found, spent
