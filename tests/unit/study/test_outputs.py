"""Outputs of stages that a plan counts, and what they add to its time and its room."""

from dataclasses import replace
from pathlib import Path

import pytest

from frlib.study.arms import cells
from frlib.study.disk import disk
from frlib.study.kinds import kinds
from frlib.study.loads import Load
from frlib.study.outputs import Count, Output, Outputs, workloads
from frlib.study.pace import Pace
from frlib.study.plan import CellPlan, Plan
from tests.unit.study.designs import digests, small

BASE = small().base
SHORT = BASE.model_copy(update={"epochs": 1, "batch_size": 64})
EPOCH_S = 128 * 10.0
"""Of ten steps of 128 images at one image a second."""


def _plan() -> Plan:
    """Two cells of two seeds of four epochs."""
    study = small(
        space={}, pruning="none", replicates={"seeds": (0, 1)}, axes={"head.margin": (0.1, 0.2)}
    )
    found = tuple(CellPlan(c, {}) for c in cells(study, digests))
    return Plan(study, Path("unused"), found, like="casia")


def _pace(outputs: Outputs) -> Pace:
    plan = _plan()
    load = Load(
        what="?",
        images=1000,
        steps_per_epoch=10,
        flops=1,
        device_bytes=1,
        host_bytes=1,
        model_bytes=5000,
        checkpoint_bytes=7,
        pairs={"pairs": 10},
    )
    loads = dict.fromkeys(kinds(workloads(plan, outputs)), load)
    return Pace(plan, loads, rate=1.0, outputs=outputs)


TRAINED = Output(kind="train", seen=SHORT, trainings=(SHORT,))
ASKED = Output(kind="evidence", seen=BASE, passes=(BASE,), sample_bytes=100)


def _outputs(**each: Output) -> Outputs:
    return Outputs(each, (frozenset(each), frozenset()))


def test_counts_when_some_are_there_then_only_the_others_are_to_make() -> None:
    there = replace(TRAINED, is_there=True)
    found = _outputs(a=TRAINED, b=there, c=ASKED, d=replace(ASKED, copies=2.5))
    assert found.counts == {"train": Count(2, 1), "evidence": Count(4, 0)}
    assert (found.trainings, found.passes) == (1, 4)


def test_left_when_stages_are_to_make_then_a_training_is_a_run_and_a_pass_a_third_of_an_epoch() -> (
    None
):
    left = _pace(_outputs(a=TRAINED, b=ASKED, c=replace(TRAINED, is_there=True))).left()
    assert left is not None
    assert left.seconds == pytest.approx(4 * 4 * EPOCH_S)
    trained, asked = EPOCH_S / 2, EPOCH_S / 3
    assert left.stages_s == pytest.approx(trained + asked)
    assert left.longest_arm == pytest.approx(2 * 4 * EPOCH_S + trained + asked)
    assert left.wall_s(2) == pytest.approx(
        max((left.seconds + left.stages_s) / 2, left.longest_arm)
    )


def test_left_when_many_arms_have_one_each_then_all_are_counted_and_an_arm_waits_for_its_own() -> (
    None
):
    left = _pace(_outputs(a=replace(TRAINED, copies=8.0))).left()
    assert left is not None
    assert left.stages_s == pytest.approx(8 * EPOCH_S / 2)
    assert left.longest_arm == pytest.approx(2 * 4 * EPOCH_S + EPOCH_S / 2)


def test_disk_when_stages_are_to_make_then_models_losses_and_rows_of_samples_are_counted() -> None:
    bare = disk(_pace(Outputs()), 1)
    found = disk(_pace(_outputs(a=TRAINED, b=replace(ASKED, copies=2.0))), 1)
    records = bare.records / 4
    trained = 5000 + 2 * SHORT.epochs * 1000 + records
    assert bare.stages == 0
    assert found.stages == trained + 2 * 100 * 1000
    assert found.total == bare.total + found.stages


def test_kind_when_runs_differ_in_cleaning_alone_then_is_one() -> None:
    cleaned = small(axes={"clean": ({}, {"rule": "oracle"})}, space={})
    first, other = (one.config for one in cells(cleaned, digests))
    assert first.clean != other.clean
    assert len(set(kinds([first, other]))) == 1
