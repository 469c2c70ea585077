"""One process, one trial after another: nothing of a trial is left to the next one."""

import gc
import logging
import os
import random
from collections.abc import Callable, Iterator
from datetime import datetime
from itertools import accumulate
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from frlib.bench import measure
from frlib.core.config import override
from frlib.launch import study as launch
from frlib.launch.session import Unwatched
from frlib.rayrun import environment, trial
from frlib.rayrun.orders import Orders
from frlib.records import layout
from frlib.records.read import Records, load
from frlib.study.plan import make
from frlib.study.schema import Study
from frlib.train import replicate
from frlib.train.start import MODEL
from tests.integration import interrupting
from tests.unit.study.recorded import little

Order = dict[str, Any]
OTHER = (
    'base.head={"name":"boundary","margin":0.3,"first_corrected_epoch":0}',
    'base.schedule={"name":"moving_haar","alpha":0.3,"lam":1.0,"tau":0.2}',
    'base.optimiser={"name":"adamw","lr":0.01}',
    "base.precision=bfloat16",
    "base.ema=0.1",
    "base.sampling=class_balanced",
    "replicates.seeds=[7]",
    "resources.cpus_per_worker=2",
)
"""Everything that a trial sets, set otherwise."""
_GROWTH_MIB = 16.0


def _order(store: Path, *sets: str) -> Order:
    """What the trial of the little study's one arm is told, in a store of its own."""
    value = little(axes={"noise.closed.ratio": (0.2,)}, replicates={"seeds": (0,)})
    plan = make(override(value, sets), store)
    launch.record_design(plan)
    return Orders(plan, lambda cell: 0, 0).trial(plan.cells[0].cell.default)


@pytest.fixture
def ran(monkeypatch: pytest.MonkeyPatch) -> Callable[[Order], interrupting.Course]:
    """Runs a trial's function here, as a worker that is reused does; its records."""

    def run(order: Order) -> interrupting.Course:
        reports: list[Order] = []
        monkeypatch.setattr(trial.tune, "report", reports.append)
        trial.run_arm(order)
        assert reports[-1]["status"] == "complete", reports[-1]
        return interrupting.course(_records(Path(order["store"])))

    return run


def _records(store: Path) -> Records:
    return load(layout.study_folder(store, "little"))


def _weights(store: Path) -> bytes:
    return next(store.glob(f"**/{MODEL}")).read_bytes()


def test_trial_when_another_ran_between_then_records_are_equal_bit_for_bit(
    ran: Callable[[Order], interrupting.Course], tmp_path: Path
) -> None:
    first = ran(_order(tmp_path / "first"))
    other = ran(_order(tmp_path / "other", *OTHER))
    again = ran(_order(tmp_path / "again"))
    assert len(first) > 10 and other.keys() != first.keys()
    assert again == first
    assert _weights(tmp_path / "again") == _weights(tmp_path / "first")


def test_trial_when_a_part_of_another_changed_the_process_then_the_next_finds_it_as_it_was(
    ran: Callable[[Order], interrupting.Course], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FRLIB_TEST_KEPT", "before")
    first = ran(_order(tmp_path / "first"))
    before, honest = _state(), replicate.run

    def careless(*given: Any) -> dict[str, float]:
        found = honest(*given)
        torch.set_default_dtype(torch.float64)
        torch.use_deterministic_algorithms(True)
        torch.set_grad_enabled(False)
        torch.manual_seed(1)
        random.seed(1)
        np.random.seed(1)
        os.environ.pop("FRLIB_TEST_KEPT")
        os.environ["FRLIB_TEST_NEW"] = "1"
        return found

    with monkeypatch.context() as patched:
        patched.setattr(replicate, "run", careless)
        ran(_order(tmp_path / "other", *OTHER))
    assert _state() == before
    assert ran(_order(tmp_path / "again")) == first


def _state() -> tuple[Any, ...]:
    return (
        torch.get_default_dtype(),
        torch.get_num_threads(),
        torch.are_deterministic_algorithms_enabled(),
        torch.is_grad_enabled(),
        torch.get_rng_state().tolist(),
        random.getstate(),
        np.random.get_state()[1].tolist(),
        dict(os.environ),
    )


@pytest.mark.slow
def test_memory_when_fifty_trials_have_run_then_has_not_grown(
    ran: Callable[[Order], interrupting.Course], tmp_path: Path
) -> None:
    resident = []
    for number in range(50):
        head = ("arcface", "cosface", "boundary")[number % 3]
        sets = (f"base.head={head}", f"base.optimiser.lr={0.01 + 0.001 * number}")
        ran(_order(tmp_path / "store", *sets, f"replicates.seeds=[{number}]"))
        gc.collect()
        measure.resident_peak(lambda: None)  # gives freed memory back
        resident.append(_resident_mib())
    print(f"MiB after 1, 10, 20, 50 trials: {[resident[i] for i in (0, 9, 19, 49)]}")
    assert resident[-1] - resident[19] < _GROWTH_MIB


def _resident_mib() -> float:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


@pytest.fixture
def two_cpus() -> Iterator[None]:
    """A Ray of two CPUs."""
    environment.set_switches()
    import ray

    ray.init(
        address="local", num_cpus=2, include_dashboard=False, log_to_driver=False,
        logging_level=logging.WARNING,
    )  # fmt: skip
    yield
    ray.shutdown()


def _run(value: Study, store: Path) -> Records:
    plan = make(value, store)
    with launch.opened(plan):
        launch.run(plan, Unwatched())
    return _records(store)


@pytest.mark.ray
@pytest.mark.usefixtures("two_cpus")
def test_worker_when_it_has_run_another_arm_then_the_next_is_as_in_a_new_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    arcface, boundary = (
        {"name": "arcface", "margin": 0.2},
        {"name": "boundary", "margin": 0.3, "first_corrected_epoch": 0},
    )
    one = {"concurrent_arms": 1}
    processes = tmp_path / "processes"
    honest = trial.run_arm

    def noted(order: Order) -> None:
        with processes.open("a") as file:
            file.write(f"{os.getpid()}\n")
        honest(order)

    monkeypatch.setattr(trial, "run_arm", noted)
    both = _run(little(axes={"head": (boundary, arcface)}, resources=one), tmp_path / "both")
    used = processes.read_text().split()
    assert len(used) == 2 and len(set(used)) == 1, "both arms ran in one process"
    alone = _run(little(axes={"head": (arcface,)}, resources=one), tmp_path / "alone")
    wanted = interrupting.course(alone)
    arms = {arm for arm, *_ in wanted}
    found = {key: v for key, v in interrupting.course(both).items() if key[0] in arms}
    assert len(arms) == 1 and found == wanted


@pytest.mark.ray
@pytest.mark.usefixtures("two_cpus")
def test_arms_when_a_worker_takes_half_a_cpu_then_four_run_on_two(tmp_path: Path) -> None:
    margins = tuple(0.1 + 0.01 * number for number in range(10))
    value = little(
        axes={"head.margin": margins},
        replicates={"seeds": (0,)},
        resources={"cpus_per_worker": 0.5},
    )
    found = _run(override(value, ["base.epochs=40", "base.select_every=40"]), tmp_path)
    runs = found.runs
    assert set(runs["status"]) == {"complete"} and len(runs) == len(margins)
    times = [(datetime.fromisoformat(t), 1) for t in runs["started"]]
    times += [(datetime.fromisoformat(t), -1) for t in runs["ended"]]
    at_once = list(accumulate(change for _, change in sorted(times)))
    assert max(at_once) == 4
