"""A study of many arms through planner, search, rules and records, without a cluster.

Arms have made-up learning curves. After so many arms, and all of them ended, a process of its own
plans and resumes the study from its records.
"""

import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from frlib.bench import apart, study_case
from frlib.bench.scale_store import Room, resident_mib, room
from frlib.bench.study_scale import Spent, timed
from frlib.core.errors import BenchmarkError
from frlib.launch import simulated
from frlib.launch.session import ready
from frlib.study.schema import Study


@dataclass(frozen=True, kw_only=True)
class Mark:
    """So many arms are over, `stopped` of them early since the last mark.

    propose_ms, judge_ms, end_ms: of an arm since the last mark, CPU time; wall_ms: of the three.
    judge_ms is of all epochs of an arm. driver_mib: resident memory; base_mib: before the first
    arm. plan, resume: by a new process, its imports left out; resumed_mib: of it.
    last_ms: of one proposal at this size, what is written of it included: CPU time, median of the
    last nine.
    """

    arms: int
    stopped: int
    propose_ms: float
    judge_ms: float
    end_ms: float
    wall_ms: float
    driver_mib: float
    base_mib: float
    room: Room
    plan: Spent
    resume: Spent
    resumed_mib: float
    last_ms: float


@dataclass(frozen=True, kw_only=True)
class Resumed:
    """What a new process finds."""

    arms: int
    plan: Spent
    resume: Spent
    mib: float


def case(arms: int, epochs: int) -> Study:
    """One cell, two numbers searched by TPE, halving."""
    value = study_case.searched(arms).to_json()
    return Study.parse(value | {"name": "bench_scale", "base": value["base"] | {"epochs": epochs}})


def measured(
    marks: Sequence[int], at_a_time: int, epochs: int, *, say: Callable[[str], None]
) -> tuple[Mark, ...]:
    """`BenchmarkError` where a new process finds other arms than were run."""
    with TemporaryDirectory(prefix="frlib-bench-") as name:
        study, store = case(marks[-1], epochs), Path(name)
        plan = study_case.planned(study, store)
        run, base = simulated.opened(plan, at_a_time), resident_mib()
        found, done = [], 0
        for mark in marks:
            say(f"scale: arms {done + 1:,} to {mark:,}")
            cost = run.run(mark - done)
            done += cost.arms
            mib = resident_mib()
            say(f"scale: a new process resumes {mark:,} arms")
            again = apart.run(1, _resumed, study, store)
            if not done == again.arms == mark:
                raise BenchmarkError(
                    f"{mark} arms were asked for, {done} ran, and {again.arms} are on record"
                )
            each = {kind: 1e3 * spent / cost.arms for kind, spent in cost.cpu_s.items()}
            wall = sum(cost.wall_s[kind] for kind in ("propose", "judge", "end"))
            found.append(
                Mark(
                    arms=done,
                    stopped=cost.stopped,
                    propose_ms=each["propose"],
                    judge_ms=each["judge"],
                    end_ms=each["end"],
                    wall_ms=1e3 * wall / cost.arms,
                    driver_mib=mib,
                    base_mib=base,
                    room=room(plan.folder),
                    plan=again.plan,
                    resume=again.resume,
                    resumed_mib=again.mib,
                    last_ms=1e3 * statistics.median(cost.last_s),
                )
            )
        return tuple(found)


def _resumed(study: Study, store: Path) -> Resumed:
    ready(study_case.planned(study, store / "elsewhere"))
    plan, planned = timed(lambda: study_case.planned(study, store))
    session, resumed = timed(lambda: ready(plan))
    (cell,) = session.proposals.values()
    return Resumed(arms=cell.told, plan=planned, resume=resumed, mib=resident_mib())
