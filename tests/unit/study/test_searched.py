"""Points of a space as configs, and spaces that are refused."""

import json
from typing import Any

import pytest

from frlib.core.errors import ConfigError
from frlib.core.space import Branches, OneOf, Uniform
from frlib.heads.margins import arc
from frlib.heads.presets import composed
from frlib.study.arms import cells
from frlib.study.schema import Study
from frlib.study.searched import at_point, own_point
from tests.unit.study.designs import digests, small

MARGINS = Branches(
    options={
        "arc": {"margin": Uniform(low=0.1, high=0.6), "fallback": "none"},
        "exp": {"margin": Uniform(low=0.3, high=0.9)},
        "none": {},
    }
)
SPACE = {"head.margin": MARGINS, "schedule": OneOf(values=("poly", "cosine"))}


def _config(**margin: Any) -> Any:
    study = small(axes={"head": (composed.Config(margin=arc.Config(**margin)),)}, space={})
    return next(cells(study, digests)).config


def test_own_point_when_a_slot_is_searched_then_names_its_module_and_its_values() -> None:
    assert own_point(_config(margin=0.35), SPACE) == {
        "head.margin": "arc",
        "head.margin.margin": 0.35,
        "schedule": "poly",
    }


def test_at_point_when_the_module_is_the_cells_own_then_its_other_fields_stay() -> None:
    config = _config(margin=0.35, fallback="add")
    same = at_point(config, {"head.margin": MARGINS}, {"head.margin": "arc"})
    assert same.head.margin == arc.Config(margin=0.35, fallback="none"), "given by the branch"
    free = Branches(options={"arc": {"margin": Uniform(low=0.1, high=0.6)}, "none": {}})
    moved = at_point(
        config, {"head.margin": free}, {"head.margin": "arc", "head.margin.margin": 0.5}
    )
    assert moved.head.margin == arc.Config(margin=0.5, fallback="add")
    other = at_point(config, SPACE, {"head.margin": "none", "schedule": "cosine"})
    assert (other.head.margin.name, other.schedule.name) == ("none", "cosine")


def test_arms_when_a_slot_is_searched_then_the_default_is_the_cells_own() -> None:
    study = small(axes={"head": (composed.Config(),)}, space={"head.margin": MARGINS})
    cell = next(cells(study, digests))
    assert cell.default.config == cell.config and cell.default.is_default
    assert not cell.arm({"head.margin": "none"}).is_default
    again = Study.parse(json.loads(json.dumps(study.to_json())))
    assert next(cells(again, digests)).digest == cell.digest


@pytest.mark.parametrize(
    ("space", "message"),
    [
        ({"head.margn": MARGINS}, "did you mean 'margin'"),
        ({"head.margin": Branches(options={"arcc": {}, "arc": {}})}, "did you mean 'arc'"),
        (
            {"head.margin": Branches(options={"arc": {"margn": Uniform(low=0, high=1)}})},
            "did you mean 'margin'",
        ),
        (
            {"head.margin": Branches(options={"arc": {"margin": Uniform(low=-9, high=1)}})},
            r"margin=-9",
        ),
        ({"head.margin": Branches(options={"exp": {}})}, "searched nowhere"),
        (
            {"head.margin": MARGINS, "head.margin.margin": Uniform(low=0.1, high=0.5)},
            "put it into the branches",
        ),
        ({"head": OneOf(values=("composed",))}, "an axis and searched"),
    ],
)
def test_study_when_its_space_cannot_be_then_is_refused(
    space: dict[str, Any], message: str
) -> None:
    value = small(axes={"head": (composed.Config(),)}, space={}).to_json()
    plain = {path: d.model_dump(mode="json") for path, d in space.items()}
    with pytest.raises(ConfigError, match=message):
        Study.parse(value | {"space": plain})


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"budget": {"gpu_hours": 2}}, "no GPU is ever used"),
        ({"budget": {"runs": 5}}, "less than one run for each of the 6 cells"),
        ({"budget": {"hours": -1}}, "budget.hours"),
        ({"selection": {"against": ["seconds"]}}, "set pruning=none"),
        ({"selection": {"metric": "lfw"}}, "selection.metric"),
        ({"pruning": "population", "space": {}}, "space holds nothing"),
        ({"search": {"sampler": "tpee"}}, "did you mean 'tpe'"),
        (
            {"space": {"epochs": {"kind": "int", "low": 2, "high": 6}}},
            "compares runs of one length",
        ),
        (
            {"contest": {"strategies": [{"label": "a", "search": {}}]}},
            "set search.sampler=grid",
        ),
        ({"contest": {"strategies": []}}, "contest.strategies"),
        (
            {
                "space": {"batch_size": {"kind": "one_of", "values": [64, 128]}},
                "search": {"sampler": "grid"},
                "pruning": "none",
                "contest": {
                    "strategies": [
                        {"label": "cma", "search": {"arms_per_cell": 2, "sampler": "cmaes"}}
                    ]
                },
            },
            "strategy 'cma': search.sampler=cmaes does not handle lists",
        ),
    ],
)
def test_study_when_its_parts_contradict_then_is_refused(
    changes: dict[str, Any], message: str
) -> None:
    with pytest.raises(ConfigError, match=message):
        Study.parse(small().to_json() | changes)


def test_space_when_a_key_names_a_module_then_is_for_that_head_alone_and_goes_first() -> None:
    space = {
        "head=boundary.margin": Uniform(low=0.2, high=0.6),
        "head.margin": Uniform(low=0.1, high=0.5),
    }
    by_head = {c.shown["head"]: c.space for c in cells(small(space=space), digests)}
    assert by_head["ArcFace"] == {"head.margin": space["head.margin"]}
    assert by_head["BoundaryF1"] == {"head.margin": space["head=boundary.margin"]}
    with pytest.raises(ValueError, match=r"head=expface\.margin is searched nowhere"):
        small(space={"head=expface.margin": Uniform(low=0.2, high=0.6)})


def test_branches_when_a_module_goes_ill_with_the_cells_own_then_the_study_stands() -> None:
    similar = Branches(options={"cosine": {}, "dot": {}})
    study = small(axes={"head": (composed.Config(),)}, space={"head.similarity": similar})
    cell = next(cells(study, digests))
    with pytest.raises(ConfigError):
        cell.arm({"head.similarity": "dot"})


def test_shown_when_a_slot_is_on_an_axis_then_is_named_as_in_lists() -> None:
    study = small(base=_config_base(), axes={"head.margin": ("arc", "none")}, space={})
    assert [c.shown["head.margin"] for c in cells(study, digests)] == ["arc", "none"]


def _config_base() -> Any:
    return small().base.model_copy(update={"head": composed.Config()})
