"""What a trial costs beside its training, where workers stay warm and where each run has its own.

The same runs three times: by the tuner, a study at one arm at a time; in turn in one process; each
in a process of its own. All CPU time counts, of the driver, Ray's processes and the workers.
"""

import math
import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

from frlib.bench import apart, cpu, study_case
from frlib.bench.study_direct import Direct, Order, in_turn, one
from frlib.core.config import to_dict
from frlib.core.errors import BenchmarkError
from frlib.launch import study as launch
from frlib.launch.session import Unwatched
from frlib.records import layout, ledger
from frlib.study.plan import Plan

_COMPARED = ("train/loss", study_case.METRIC, study_case.REPORT)


@dataclass(frozen=True, kw_only=True)
class TrialsResult:
    """CPU seconds of a run, and of what is beside it.

    start_s: of Ray's start and the first `warm` trials. trial_s: of each further trial, all
    processes. run_s: of the run itself. fresh_s: of a run in a process of its own, its start
    included. beside_s = trial_s - run_s; fresh_beside_s = fresh_s - run_s; times = the second over
    the first.
    """

    arms: int
    warm: int
    fresh: int
    start_s: float
    trial_s: float
    run_s: float
    fresh_s: float
    beside_s: float
    fresh_beside_s: float
    times: float


@dataclass
class Marks(Unwatched):
    """CPU time of everything at the end of each arm, s."""

    at: list[float] = field(default_factory=list)

    def ended(self, arm: str, cell: object, status: str, message: str, value: float) -> None:
        """One more; `BenchmarkError` if it did not do all of its work."""
        if status != "complete":
            raise BenchmarkError(f"arm {arm} ended as {status} ({message}); it was not timed")
        self.at.append(cpu.tree_s())


def measured(arms: int, warm: int, fresh: int, *, say: Callable[[str], None]) -> TrialsResult:
    """`ClusterError` where Ray cannot start; `BenchmarkError` where results differ."""
    with TemporaryDirectory(prefix="frlib-bench-") as name:
        folder = Path(name)
        plan = study_case.planned(study_case.trials(arms), folder / "store")
        say(f"trials: {arms} arms through the tuner")
        began = cpu.tree_s()
        marks = Marks()
        with launch.opened(plan):
            launch.run(plan, marks)
        orders = _orders(plan, folder)
        say(f"trials: the same {arms} runs in one process")
        direct = apart.run(1, in_turn, orders, warm)
        _same(_by_tuner(plan), direct.finals, "in one process")
        fresh_s = _apart(orders[:fresh], direct, folder / "fresh", say)
    trial_s = (marks.at[-1] - marks.at[warm - 1]) / (arms - warm)
    run_s = statistics.mean(direct.seconds)
    return TrialsResult(
        arms=arms,
        warm=warm,
        fresh=fresh,
        start_s=marks.at[warm - 1] - began,
        trial_s=trial_s,
        run_s=run_s,
        fresh_s=fresh_s,
        beside_s=trial_s - run_s,
        fresh_beside_s=fresh_s - run_s,
        times=(fresh_s - run_s) / (trial_s - run_s) if trial_s > run_s else math.inf,
    )


def _orders(plan: Plan, folder: Path) -> list[Order]:
    """The runs of the study, in the order in which it made them."""
    entries = sorted(ledger.entries(plan.folder), key=lambda e: int(e.arm["proposal"]["order"]))
    return [
        Order(
            config=to_dict(plan.cells[0].cell.recorded(entry.arm).config),
            arm=entry.arm["arm"],
            store=plan.store,
            records=folder / "direct",
        )
        for entry in entries
    ]


def _by_tuner(plan: Plan) -> dict[str, dict[str, float]]:
    found = {}
    for entry in ledger.entries(plan.folder):
        name = entry.arm["arm"]
        attempt = ledger.completed(layout.arm_folder(plan.folder, name) / "r0")
        if attempt is None:
            raise BenchmarkError(f"arm {name} has no complete run; nothing is reported")
        found[name] = ledger.final_metrics(attempt)
    return found


def _apart(
    orders: Sequence[Order], direct: Direct, records: Path, say: Callable[[str], None]
) -> float:
    """Mean CPU seconds of a run in a process of its own."""
    seconds, finals = [], {}
    for number, order in enumerate(orders, start=1):
        say(f"trials: a process of its own, {number} of {len(orders)}")
        began = cpu.tree_s()
        alone = Order(config=order.config, arm=order.arm, store=order.store, records=records)
        finals[order.arm] = apart.run(1, one, alone)
        seconds.append(cpu.tree_s() - began)
    _same(finals, direct.finals, "each in its own process")
    return statistics.mean(seconds)


def _same(
    found: Mapping[str, Mapping[str, float]],
    wanted: Mapping[str, Mapping[str, float]],
    what: str,
) -> None:
    for arm, row in found.items():
        for name in _COMPARED:
            if row[name] != wanted[arm][name]:
                raise BenchmarkError(
                    f"arm {arm}: {name} is {wanted[arm][name]!r} run directly and {row[name]!r} "
                    f"otherwise ({what}). No time is reported"
                )
