"""What an arm takes through Ray Tune when its trial does nothing but read off a curve."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

from frlib.bench import scale_engine, study_case
from frlib.bench.scale_store import resident_mib
from frlib.core.errors import BenchmarkError
from frlib.launch import simulated
from frlib.launch.session import Unwatched

_WARM = 0.2
"""Of the arms: those that are not timed."""


@dataclass(frozen=True, kw_only=True)
class TuneResult:
    """arms: through Ray Tune, of which the first `warm` are not timed; stopped: by the rule.

    wall_ms: of each further arm; cpu_ms: of the driver, which proposes, judges and writes verdicts.
    start_s: wall time of Ray's start and the first ones. driver_mib: resident memory at the end.
    """

    arms: int
    warm: int
    stopped: int
    start_s: float
    wall_ms: float
    cpu_ms: float
    driver_mib: float


@dataclass
class Ends(Unwatched):
    """Wall and CPU seconds of this process at the end of each arm, and how many were stopped."""

    at: list[tuple[float, float]] = field(default_factory=list)
    stopped: int = 0

    def ended(self, arm: str, cell: object, status: str, message: str, value: float) -> None:
        """`BenchmarkError` for one that neither completed nor was stopped by the rule."""
        if status not in ("complete", "stopped"):
            raise BenchmarkError(f"arm {arm} ended as {status} ({message}); nothing is reported")
        self.stopped += status == "stopped"
        self.at.append((time.perf_counter(), time.process_time()))


def measured(arms: int, epochs: int, *, say: Callable[[str], None]) -> TuneResult:
    """`ClusterError` where Ray cannot start."""
    say(f"scale: {arms:,} arms through Ray Tune")
    began, ends, warm = time.perf_counter(), Ends(), max(1, int(_WARM * arms))
    with TemporaryDirectory(prefix="frlib-bench-") as name:
        plan = study_case.planned(scale_engine.case(arms, epochs), Path(name))
        simulated.through_tune(plan, ends)
    if len(ends.at) != arms:
        raise BenchmarkError(f"{arms} arms were asked for, {len(ends.at)} ended")
    (first, first_cpu), (last, last_cpu) = ends.at[warm - 1], ends.at[-1]
    return TuneResult(
        arms=arms,
        warm=warm,
        stopped=ends.stopped,
        start_s=first - began,
        wall_ms=1e3 * (last - first) / (arms - warm),
        cpu_ms=1e3 * (last_cpu - first_cpu) / (arms - warm),
        driver_mib=resident_mib(),
    )
