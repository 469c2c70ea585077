"""Studies of backward-compatible training: who shares an old model, and what is searched."""

from pathlib import Path

import pytest

from frlib.core import discover
from frlib.core.config import digest
from frlib.launch import stages
from frlib.study.arms import Cell, cells
from frlib.study.plan import CellPlan, Plan
from frlib.study.schema import Study
from frlib.train.compatible import OLD
from studies import bct_scenarios, mixbct_open_class
from tests.unit.study.designs import digests

FACES = ["", "some/folder"]


def _cells(study: Study) -> list[Cell]:
    return list(cells(study, digests))


@pytest.mark.parametrize("faces", FACES)
def test_scenarios_when_spelled_out_then_four_old_models_serve_all_cells(faces: str) -> None:
    found = _cells(bct_scenarios.study(faces))
    assert len(found) == 4 * 2 * 8
    assert len({digest(one.config.stage_runs()[OLD]) for one in found}) == 4
    for run in (one.config for one in found):
        old = run.stage_runs()[OLD]
        assert old.compat is None
        assert old.data.holdout == run.data.holdout
        assert run.data.holdout.of == "whole"
        assert old.backbone.embedding_size == run.backbone.embedding_size
        assert 2 * old.backbone.width == run.backbone.width


def test_scenarios_when_planned_then_an_old_model_a_replicate_serves_all_methods(
    tmp_path: Path,
) -> None:
    study = bct_scenarios.study()
    plan = Plan(study, tmp_path, tuple(CellPlan(one, {}) for one in _cells(study)))
    found = stages.needed(plan)
    old = 2 * 2 * len(study.replicates.seeds)  # parts by class and by image, two heads
    assert (found.counts["train"].needed, found.trainings) == (old, old)


@pytest.mark.parametrize("faces", FACES)
@pytest.mark.parametrize("module", [bct_scenarios, mixbct_open_class])
def test_unibct_when_a_run_is_short_then_its_term_begins_and_is_renewed_inside_it(
    module, faces: str
) -> None:
    runs = [one.config for one in _cells(module.study(faces))]
    own = [run for run in runs if run.compat.method.name == "unibct"]
    assert own
    for run in own:
        method = run.compat.method
        assert 0 < method.start_epoch == method.refresh[0] < method.refresh[1] < run.epochs


@pytest.mark.parametrize("faces", FACES)
def test_open_class_when_spelled_out_then_every_method_has_its_whole_space_and_equal_arms(
    faces: str,
) -> None:
    study = mixbct_open_class.study(faces)
    found = _cells(study)
    assert len(found) == 2 * 8
    for cell in found:
        method = cell.config.compat.method.name
        own = getattr(discover.load("frlib.compat", method), "SPACE", {})
        assert set(cell.space) == {f"compat.method.{field}" for field in own}
        assert bool(own) == (method != "none")
        assert cell.config.data.part.name == "class_split"
    assert study.search.arms_per_cell == mixbct_open_class.ARMS
