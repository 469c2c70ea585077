"""Seconds of a run: from records of the same work first, then from a probe, then from others."""

from dataclasses import replace
from pathlib import Path

import pytest

from frlib.records import ledger
from frlib.study.arms import cells
from frlib.study.kinds import kinds
from frlib.study.loads import Load
from frlib.study.pace import Pace, selections
from frlib.study.plan import CellPlan, Plan
from frlib.study.probed import Sample
from frlib.train.config import TrainConfig
from tests.unit.study.designs import digests, small


def _plan(**changes: object) -> Plan:
    study = small(space={}, pruning="none", replicates={"seeds": (0, 1)}, **changes)
    return Plan(study, Path("unused"), tuple(CellPlan(c, {}) for c in cells(study, digests)))


def _with_runs(plan: Plan, number: int, *seconds: float) -> Plan:
    """So many complete runs in one cell, of an arm that owes nothing."""
    cell = plan.cells[number]
    entry = ledger.Entry(
        arm=cell.cell.default.to_json(),
        verdict={"status": "stopped"},
        complete_seeds=tuple(range(len(seconds))),
        seconds=seconds,
    )
    found = list(plan.cells)
    found[number] = CellPlan(cell.cell, {entry.arm["arm"]: entry})
    return replace(plan, cells=tuple(found))


def _load(flops: int) -> Load:
    return Load(
        what="?",
        images=100,
        steps_per_epoch=10,
        flops=flops,
        device_bytes=1,
        host_bytes=1,
        model_bytes=1,
        checkpoint_bytes=1,
        pairs={},
    )


def _sample(name: str, flops: int, step_s: float) -> Sample:
    return Sample(
        kind=name,
        what="?",
        flops=flops,
        steps=9,
        step_s=step_s,
        pass_s=0.5,
        start_s=3.0,
        selection_s=2.0,
        report_s=7.0,
    )


def kind(config: TrainConfig) -> str:
    """Of one config."""
    return kinds([config])[0]


LENGTHS = {"schedule+epochs": (("poly", 6), ("cosine", 2))}
WORK = {"batch_size": (64, 128, 256)}


def test_kind_when_only_numbers_and_length_differ_then_is_one() -> None:
    one = small().base
    other = one.model_copy(update={"epochs": 9, "select_every": 3})
    assert kind(other) == kind(one)


@pytest.mark.parametrize(
    "change", [{"batch_size": 64}, {"ema": 0.9}, {"precision": "bfloat16"}, {"accumulate": 2}]
)
def test_kind_when_a_step_is_other_work_then_differs(change: dict[str, object]) -> None:
    one = small().base
    assert kind(one.model_copy(update=change)) != kind(one)


def test_of_when_runs_are_on_record_then_their_mean_wins_over_a_probe() -> None:
    plan = _with_runs(_plan(axes=LENGTHS), 0, 50.0, 70.0)
    name = kind(plan.cells[0].cell.config)
    pace = Pace(plan, {name: _load(5)}, (_sample(name, 5, 1.0),))
    found = pace.of(plan.cells[0])
    assert found is not None and (found.seconds, found.origin) == (60.0, "records")


def test_of_when_only_another_length_is_on_record_then_counts_by_the_epoch() -> None:
    plan = _with_runs(_plan(axes=LENGTHS), 0, 60.0)
    found = Pace(plan, {}).of(plan.cells[1])
    assert found is not None
    assert (found.seconds, found.origin) == (pytest.approx(20.0), "records of other lengths")


def test_of_when_a_probe_has_the_workload_then_counts_steps_epochs_and_evaluations() -> None:
    plan = _plan(axes=LENGTHS)
    name = kind(plan.cells[0].cell.config)
    pace = Pace(plan, {name: _load(5)}, (_sample(name, 5, 0.1),))
    seconds = [found.seconds for one in plan.cells if (found := pace.of(one))]
    # 3 to start, per epoch 10 steps of 0.1 and 0.5 beside, 2 for each selection, 7 to report
    assert seconds == pytest.approx([3 + 6 * 1.5 + 6 * 2 + 7, 3 + 2 * 1.5 + 2 * 2 + 7])


def test_of_when_a_workload_lies_between_two_samples_then_follows_the_operations() -> None:
    plan = _plan(axes=WORK)
    least, middle, most = (kind(one.cell.config) for one in plan.cells)
    loads = {least: _load(100), middle: _load(150), most: _load(300)}
    samples = (_sample(least, 100, 0.1), _sample(most, 300, 0.5))
    pace = Pace(plan, loads, samples)
    low, between, high = (found.seconds for one in plan.cells if (found := pace.of(one)))
    assert between == pytest.approx(low + (high - low) / 4)


def test_of_when_other_work_is_on_record_and_a_probe_is_there_then_the_probe_counts() -> None:
    plan = _with_runs(_plan(axes=WORK), 0, 1000.0)
    name = kind(plan.cells[2].cell.config)
    found = Pace(plan, {name: _load(5)}, (_sample(name, 5, 0.1),)).of(plan.cells[2])
    assert found is not None and found.origin == "probe"
    alone = Pace(plan, {}).of(plan.cells[2])
    assert alone is not None and alone.origin == "records of other workloads"


def test_left_when_nothing_is_known_of_a_cell_then_is_none() -> None:
    plan = _plan(axes=LENGTHS)
    assert Pace(plan, {}).left() is None


def test_wall_when_many_run_at_a_time_then_is_no_less_than_one_arm() -> None:
    plan = _with_runs(_plan(axes={"head.margin": (0.1, 0.2, 0.3)}), 0, 10.0)
    left = Pace(plan, {}).left()
    assert left is not None
    assert (left.runs, left.seconds, left.longest_arm) == (4, 40.0, 20.0)
    assert (left.wall_s(1), left.wall_s(2), left.wall_s(100)) == (40.0, 20.0, 20.0)


@pytest.mark.parametrize(
    ("epochs", "every", "wanted"), [(4, 1, 4), (20, 5, 5), (7, 5, 3), (1, 1, 1), (8, 8, 2)]
)
def test_selections_when_counted_then_first_last_and_every_so_many(
    epochs: int, every: int, wanted: int
) -> None:
    config: TrainConfig = small().base.model_copy(update={"epochs": epochs, "select_every": every})
    assert selections(config) == wanted
