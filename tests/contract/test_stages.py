"""What every module of `frlib.stages` promises."""

import json
from typing import Any

import pytest

from frlib.core import discover
from frlib.core.config import canonical, digest, to_dict
from frlib.stages import Stage
from frlib.train import staged
from frlib.train.config import TrainConfig
from tests.unit.stages.runs import config, pipeline

EVERY = discover.choices("frlib.stages")
RUN = pipeline()
STAGES = staged.every(RUN)
NAMES = {stage.name: name for name, stage in STAGES.items()}
STARTED = [name for name in EVERY if hasattr(discover.load("frlib.stages", name), "weights")]
CLEANED = [name for name in EVERY if hasattr(discover.load("frlib.stages", name), "findings")]


def _module(name: str) -> Any:
    return discover.load("frlib.stages", name)


def _stage(name: str) -> Stage:
    return STAGES[NAMES[name]]


def test_pipeline_when_compared_with_the_package_then_has_every_kind() -> None:
    assert set(NAMES) == set(EVERY)


@pytest.mark.parametrize("name", EVERY)
def test_stage_when_listed_then_has_a_config_and_its_functions(name: str) -> None:
    module, own = _module(name), _stage(name)
    assert isinstance(module.Config(), Stage) and module.Config().name == name
    assert set(module.inputs(own, RUN)) <= set(STAGES)
    assert callable(module.produce)


@pytest.mark.parametrize("name", EVERY)
def test_stage_when_asked_what_counts_then_is_plain_and_repeats(name: str) -> None:
    module, own = _module(name), _stage(name)
    for told in (module.identity(own, RUN), module.counted(own, RUN)):
        assert json.loads(canonical(told, places=False))
    assert digest(module.identity(own, RUN)) == digest(module.identity(own, pipeline()))
    assert isinstance(module.view(own, RUN), TrainConfig)


@pytest.mark.parametrize("name", EVERY)
def test_stage_when_asked_what_it_takes_then_names_runs_and_room(name: str) -> None:
    module, own = _module(name), _stage(name)
    found = module.cost(own, RUN)
    assert found.seen == module.view(own, RUN)
    assert all(isinstance(run, TrainConfig) for run in (*found.trainings, *found.passes))
    assert bool(found.trainings) == (name in STARTED or name == "loop")
    assert found.trainings or found.sample_bytes > 0


@pytest.mark.parametrize("name", EVERY)
def test_stage_when_only_a_place_of_the_run_differs_then_is_the_same(name: str) -> None:
    module, own = _module(name), _stage(name)
    other = pipeline(keep_checkpoints=7, log_every=9)
    assert digest(module.identity(own, other)) == digest(module.identity(own, RUN))


@pytest.mark.parametrize("name", EVERY)
def test_stage_when_written_as_json_then_comes_back(name: str) -> None:
    assert TrainConfig.parse(json.loads(json.dumps(to_dict(RUN)))) == RUN
    assert type(_stage(name)).parse(to_dict(_stage(name))) == _stage(name)


@pytest.mark.parametrize("name", STARTED)
def test_stage_when_it_leaves_weights_then_a_run_may_start_from_it(name: str) -> None:
    run = pipeline(start={"stage": NAMES[name]}, stages=_needed(NAMES[name], "again"))
    assert digest(run) != digest(config(clean=run.clean, stages=_needed("again")))


@pytest.mark.parametrize("name", CLEANED)
def test_stage_when_it_leaves_findings_then_a_run_may_be_cleaned_by_it(name: str) -> None:
    run = config(clean={"stage": NAMES[name]}, stages=_needed(NAMES[name]))
    assert digest(run) != digest(config())


def _needed(*names: str) -> dict[str, Stage]:
    """These stages and what they need."""
    found: dict[str, Stage] = {}
    for name in names:
        stage = RUN.stages[name]
        found |= _needed(*staged.module_of(RUN, name).inputs(stage, RUN)) | {name: stage}
    return found
