"""More arms than a cluster holds: none waits for ever, and what cannot run is refused at once."""

import json
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from frlib.bench import scale_engine, study_case
from frlib.core.config import override
from frlib.core.errors import ClusterError, StoppedError
from frlib.core.space import Scalar
from frlib.launch import simulated
from frlib.launch.session import Unwatched
from frlib.rayrun import environment
from frlib.rayrun.turns import ClusterBoard, Turns
from frlib.records import halted
from frlib.study.plan import Plan
from frlib.study.status import status
from tests.integration import command

pytestmark = pytest.mark.ray
CPUS, MEMORY_GIB = 4, 8
_STOPPED_S = 5.0
STUDY = str(Path(__file__).with_name("mini.py"))


@pytest.fixture(scope="module")
def cluster() -> Iterator[None]:
    """Four logical CPUs, and memory that is only counted."""
    environment.set_switches()
    import ray

    ray.init(
        address="local",
        num_cpus=CPUS,
        include_dashboard=False,
        object_store_memory=150 * 2**20,
        resources={environment.TRIAL_SLOT: 8},
        log_to_driver=False,
        _memory=MEMORY_GIB * 2**30,
    )
    try:
        yield
    finally:
        ray.shutdown()


@dataclass
class Counting(Unwatched):
    """When arms began, and how many have ended."""

    began_at: list[float] = field(default_factory=list)
    ends: int = 0

    def began(self, arm: str, cell: Mapping[str, Scalar], params: Mapping[str, Scalar]) -> None:
        """One more is proposed."""
        self.began_at.append(time.monotonic())

    def ended(
        self, arm: str, cell: Mapping[str, Scalar], status: str, message: str, value: float
    ) -> None:
        """One more is over."""
        self.ends += 1


def _plan(store: Path, arms: int, *sets: str) -> Plan:
    study = override(scale_engine.case(arms, 2), ("pruning=none", *sets))
    return study_case.planned(study, store)


@pytest.mark.parametrize(
    ("need", "message"),
    [
        (
            "resources.cpus_per_worker=5",
            r"needs 5 CPUs, 0 GPUs, and no node .* largest node with 4",
        ),
        ("resources.memory_gib_per_worker=9", r"and 9 GiB of memory, and no node"),
        ("resources.gpus_per_worker=1", r"needs 1 CPUs, 1 GPUs, and no node"),
    ],
)
def test_run_when_no_node_holds_a_worker_then_refuses_before_the_first_trial(
    cluster: None, tmp_path: Path, need: str, message: str
) -> None:
    with pytest.raises(ClusterError, match=message):
        simulated.through_tune(_plan(tmp_path, 2, need), Unwatched())


def test_run_when_memory_is_short_then_a_node_takes_as_many_as_fit(
    cluster: None, tmp_path: Path
) -> None:
    sets = ("resources.memory_gib_per_worker=3", "resources.cpus_per_worker=0.5")
    plan = _plan(tmp_path, 3, *sets)
    assert environment.concurrency(plan.study.resources) == 2
    counting = Counting()
    simulated.through_tune(plan, counting)
    assert counting.ends == 3


def test_run_when_a_budget_is_spent_then_the_record_says_what_was_left_out_until_it_goes_on(
    cluster: None, tmp_path: Path
) -> None:
    plan = _plan(tmp_path, 3, "budget.runs=1", "resources.concurrent_arms=1")
    simulated.through_tune(plan, Unwatched())
    found = status(plan.folder)
    assert found.count("complete") == 1 and found.halted is not None
    assert str(found.halted).startswith("budget.runs=1 is spent (")
    assert str(found.halted).endswith("2 arms not begun, 0 to go on")
    assert found.halted.not_begun == {plan.cells[0].cell.digest: 2}
    simulated.through_tune(_plan(tmp_path, 3), Unwatched())
    assert status(plan.folder).count("complete") == 3
    assert halted.read(plan.folder) is None


def test_run_when_a_study_of_higher_priority_waits_then_lets_it_go_first(
    cluster: None, tmp_path: Path
) -> None:
    ahead = Turns(ClusterBoard(), "other", "other", 1)
    ahead.proposed("a")
    left: list[float] = []

    def leave() -> None:
        time.sleep(4)
        left.append(time.monotonic())
        ahead.leave()

    other = threading.Thread(target=leave)
    other.start()
    counting = Counting()
    simulated.through_tune(_plan(tmp_path, 2), counting)
    other.join()
    assert counting.ends == 2 and min(counting.began_at) >= left[0]
    assert not ClusterBoard().lines(), "nobody leaves a line behind"


@dataclass
class Stopping(Counting):
    """Asks for the end, some seconds after the first arm was proposed."""

    def stopping(self) -> bool:
        """Whether it is time."""
        return bool(self.began_at) and time.monotonic() - self.began_at[0] > _STOPPED_S


@pytest.mark.timeout(300)
def test_run_when_asked_to_stop_and_no_arm_has_room_then_it_ends_and_all_can_go_on(
    cluster: None, tmp_path: Path
) -> None:
    import ray

    @ray.remote(num_cpus=CPUS)
    class Neighbour:
        def is_there(self) -> bool:
            return True

    neighbour = Neighbour.remote()
    assert ray.get(neighbour.is_there.remote())
    counting = Stopping()
    try:
        with pytest.raises(StoppedError):
            simulated.through_tune(_plan(tmp_path, 2), counting)
    finally:
        ray.kill(neighbour)
    assert counting.began_at and status(_plan(tmp_path, 2).folder).count("complete") == 0
    simulated.through_tune(_plan(tmp_path, 2), Unwatched())
    assert status(_plan(tmp_path, 2).folder).count("complete") == 2


DRIVER = """
import json, sys
from pathlib import Path
import frlib.rayrun.environment as environment
environment.set_switches()
import ray
ray.init(address="local", num_cpus=3, include_dashboard=False, log_to_driver=False,
         object_store_memory=150 * 2**20, resources=json.loads(sys.argv[3]))
from frlib.core.config import override
from frlib.launch import study as launch
from frlib.launch.session import Unwatched
from frlib.study.find import find
from frlib.study.plan import make

plan = make(override(find(sys.argv[1]), sys.argv[4:]), Path(sys.argv[2]))
with launch.opened(plan):
    launch.run(plan, Unwatched())
"""


@pytest.mark.slow
@pytest.mark.parametrize(
    ("slots", "sets"),
    [
        ({environment.TRIAL_SLOT: 8}, ("resources.workers=2",)),
        ({}, ("resources.workers=2",)),
        ({}, ("resources.workers=1", "resources.max_workers=2")),
    ],
    ids=["slots", "no slots", "elastic"],
)
def test_run_when_more_runs_of_several_workers_begin_than_fit_then_all_of_them_finish(
    tmp_path: Path, slots: dict[str, int], sets: tuple[str, ...]
) -> None:
    few = (
        *("search.arms_per_cell=3", "replicates.seeds=[0]", "base.epochs=2", "pruning=none"),
        *('axes={"noise.closed.ratio":[0.3]}', 'base.head={"name":"arcface","margin":0.2}'),
        *("resources.may_grow=true", "resources.concurrent_arms=3"),
    )
    words = [sys.executable, "-c", DRIVER, STUDY, str(tmp_path), json.dumps(slots), *few, *sets]
    done = subprocess.run(
        words,
        cwd=command.ROOT,
        env=command.environment() | {"RAY_AUTH_MODE": "disabled"},
        capture_output=True,
        text=True,
        timeout=590,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    verdicts = tmp_path.glob("studies/mini/arms/*/verdict.json")
    assert [json.loads(p.read_text())["status"] for p in verdicts] == ["complete"] * 3
