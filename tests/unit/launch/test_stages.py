"""Which outputs of stages a plan needs, and which of them the store has."""

import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from frlib.artifacts.store import Artifacts
from frlib.launch import stages
from frlib.stages import digests
from frlib.study.arms import cells
from frlib.study.outputs import Count
from frlib.study.plan import CellPlan, Plan, imagined, make
from frlib.train.clean import DECIDE, EVIDENCE, LOOP, MODEL
from frlib.train.compatible import OLD, Compat
from frlib.train.config import TrainConfig
from tests.unit.study.designs import digests as of_data
from tests.unit.study.designs import small
from tests.unit.study.recorded import little, planned, record

DROP = {"rule": "subcenter_drop"}
QUANTILE = {"rule": "loss_quantile"}
EARLY = {"rule": "early_loss"}
PRETRAIN = {"pretrain": {"name": "train", "changes": {"head": "softmax", "epochs": 1}}}


def _with(base: TrainConfig, **changes: Any) -> TrainConfig:
    fields = {name: getattr(base, name) for name in TrainConfig.model_fields}
    return TrainConfig.parse(fields | changes)


def _searched(store: Path, arms: int, clean: dict[str, Any], space: dict[str, Any]) -> Plan:
    study = small(
        base=_with(small().base, clean=clean),
        axes={"noise.closed.ratio": (0.2,)},
        space=space,
        search={"arms_per_cell": arms, "sampler": "random"},
        replicates={"seeds": (0, 1)},
    )
    return Plan(study, store, tuple(CellPlan(c, {}) for c in cells(study, of_data)))


def _needed(plan: Plan) -> dict[str, int]:
    return {kind: count.needed for kind, count in stages.needed(plan).counts.items()}


def _put(store: Path, kind: str, digest: str) -> None:
    def make_it(folder: Path) -> Mapping[str, Any]:
        (folder / "file").write_text("x")
        return {}

    Artifacts(store).produce(kind, digest, make_it, about={})


def test_needed_when_rules_judge_one_model_then_it_is_counted_once_a_seed(tmp_path: Path) -> None:
    plan = planned(tmp_path, axes={"clean": ({}, QUANTILE, EARLY, DROP)})
    found = stages.needed(plan)
    assert _needed(plan) == {"train": 2, "evidence": 4, "decide": 6}
    assert (found.trainings, found.passes) == (2, 2), "losses need no look at an image"
    assert list(map(len, found.awaited)) == [0, 6, 6, 6]


def test_needed_when_a_stage_has_a_seed_of_its_own_then_all_replicates_share_it(
    tmp_path: Path,
) -> None:
    own = {"pretrain": PRETRAIN["pretrain"] | {"seed": 0}}
    start = {"stage": "pretrain"}
    for told, count in ((PRETRAIN, 2), (own, 1)):
        plan = planned(tmp_path, base=_with(little().base, start=start, stages=told))
        assert _needed(plan) == {"train": count}
    both = planned(
        tmp_path,
        base=_with(little().base, start=start, stages=PRETRAIN),
        axes={"stages": (PRETRAIN, own)},
    )
    assert _needed(both) == {"train": 2}, "the first seed's is the shared one"


def test_needed_when_rounds_follow_then_each_is_a_training_and_a_pass(tmp_path: Path) -> None:
    found = stages.needed(planned(tmp_path, axes={"clean": (DROP | {"rounds": 3},)}))
    assert found.counts["loop"] == Count(2, 0)
    assert (found.trainings, found.passes) == (2 + 2 * 2, 2 + 2 * 2)


def test_needed_when_the_store_has_some_then_they_are_there_and_not_marked_as_used(
    tmp_path: Path,
) -> None:
    plan = planned(tmp_path, axes={"clean": (QUANTILE, DROP)})
    cell = plan.cells[0].cell
    digest = digests(cell.config, 1, cell.datasets)[MODEL]
    _put(tmp_path, "train", digest)
    path = tmp_path / "artifacts/train" / digest / "artifact.json"
    before = path.stat().st_mtime_ns
    found = stages.needed(plan)
    assert found.counts["train"] == Count(2, 1) and found.trainings == 1
    assert path.stat().st_mtime_ns == before


def test_needed_when_runs_are_on_record_then_only_what_others_still_owe(tmp_path: Path) -> None:
    axes = {"clean": (EARLY, DROP), "head.margin": (0.1, 0.2)}
    plan = planned(tmp_path, axes=axes)
    assert _needed(plan) == {"train": 4, "evidence": 8, "decide": 8}
    record(plan, plan.cells[0].cell.default, {0: 0.5, 1: 0.6})
    record(plan, plan.cells[1].cell.default, {0: 0.5}, verdict="")
    assert _needed(planned(tmp_path, axes=axes)) == {"train": 4, "evidence": 5, "decide": 5}


def test_needed_when_a_setting_of_the_rule_is_searched_then_arms_share_all_but_their_findings(
    tmp_path: Path,
) -> None:
    space = {"clean.rule.drop_angle_deg": {"kind": "uniform", "low": 60, "high": 90}}
    for arms in (5, 200):
        plan = _searched(tmp_path, arms, DROP, space)
        assert _needed(plan) == {"train": 2, "evidence": 2, "decide": 2 * arms}


def test_needed_when_few_values_are_searched_then_no_more_are_counted_than_there_are(
    tmp_path: Path,
) -> None:
    space = {"clean.rule.drop_angle_deg": {"kind": "one_of", "values": (70, 75, 80)}}
    assert _needed(_searched(tmp_path, 30, DROP, space))["decide"] == 2 * 3


def test_needed_when_an_arm_on_record_owes_a_seed_then_its_own_values_count(tmp_path: Path) -> None:
    space = {"clean.rule.drop_angle_deg": {"kind": "uniform", "low": 60, "high": 90}}
    changes: dict[str, Any] = {
        "base": _with(little().base, clean=DROP),
        "axes": {"noise.closed.ratio": (0.2,)},
        "space": space,
        "search": {"arms_per_cell": 2, "sampler": "random"},
    }
    plan = planned(tmp_path, **changes)
    cell = plan.cells[0].cell
    record(plan, cell.default, {0: 0.5, 1: 0.6})
    begun = cell.arm({"clean.rule.drop_angle_deg": 61.0})
    record(plan, begun, {0: 0.5}, verdict="")
    found = stages.needed(planned(tmp_path, **changes))
    assert set(found.each) == set(digests(begun.config, 1, cell.datasets).values())


def test_needed_when_data_are_imagined_then_everything_is_to_make(tmp_path: Path) -> None:
    study = little(axes={"clean": (QUANTILE, DROP)})
    like = imagined(study, tmp_path, "casia")
    assert stages.needed(like).counts == stages.needed(make(study, tmp_path)).counts
    assert not (tmp_path / "artifacts").exists()


def test_needed_when_pipelines_are_many_then_takes_seconds(tmp_path: Path) -> None:
    """Ten thousand take about 10 s of one core."""
    hundred = tuple(0.001 * n for n in range(1, 101))
    study = little(
        base=_with(little().base, clean=QUANTILE),
        axes={"head.margin": hundred, "optimiser.lr": hundred[:10]},
    )
    plan = make(study, tmp_path)
    began = time.process_time()
    assert _needed(plan) == dict.fromkeys(("train", "evidence", "decide"), 2000)
    assert time.process_time() - began < 6, "it takes about 2 s of one core"


def test_recorded_when_arms_are_begun_then_counts_theirs_alone(tmp_path: Path) -> None:
    plan = planned(tmp_path, axes={"clean": ({}, QUANTILE, DROP)})
    plain, first, _ = (one.cell for one in plan.cells)
    record(plan, plain.default, {0: 0.5})
    assert stages.recorded(plan.folder, tmp_path) == {}
    record(plan, first.default, {0: 0.5}, verdict="")
    of_seed = digests(first.config, 0, first.datasets)
    _put(tmp_path, "train", of_seed[MODEL])
    _put(tmp_path, "evidence", of_seed[EVIDENCE])
    assert DECIDE in of_seed and LOOP not in of_seed
    assert stages.recorded(plan.folder, tmp_path) == {
        "train": Count(2, 1),
        "evidence": Count(2, 1),
        "decide": Count(2, 0),
    }


def test_needed_when_models_serve_an_old_gallery_then_they_share_the_old_model_and_its_features(
    tmp_path: Path,
) -> None:
    methods = ({"name": "none"}, {"name": "l2"}, {"name": "bct"}, {"name": "mixbct"})
    for seed, count in ((None, 2), (1000, 1)):
        old = Compat(changes={"epochs": 1}, seed=seed)
        plan = planned(
            tmp_path, base=_with(little().base, compat=old), axes={"compat.method": methods}
        )
        found = stages.needed(plan)
        needed = {"train": count, "old_features": count, "old_summary": 2 * count}
        assert _needed(plan) == needed, "a summary for BCT, one for MixBCT"
        assert (found.trainings, found.passes) == (count, count)


def test_recorded_when_an_old_model_is_awaited_then_counts_it(tmp_path: Path) -> None:
    base = _with(little().base, compat=Compat(changes={"epochs": 1}))
    plan = planned(tmp_path, base=base, axes={"compat.method": ({"name": "none"},)})
    cell = plan.cells[0].cell
    record(plan, cell.default, {0: 0.5}, verdict="")
    _put(tmp_path, "train", digests(cell.config, 0, cell.datasets)[OLD])
    assert stages.recorded(plan.folder, tmp_path) == {
        "train": Count(2, 1),
        "old_features": Count(2, 0),
    }


def test_recorded_when_the_study_can_have_no_stages_then_reads_no_arm(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = planned(tmp_path)
    record(plan, plan.cells[0].cell.default, {0: 0.5})
    monkeypatch.setattr("frlib.records.ledger.entries", None)
    assert stages.recorded(plan.folder, tmp_path) == {}
