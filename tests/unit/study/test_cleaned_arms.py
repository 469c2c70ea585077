"""Cleaning as a factor of a study: on an axis, and searched, field by field or rule by rule."""

from typing import Any

import pytest

from frlib.core.errors import ConfigError
from frlib.core.space import Branches, IntUniform, OneOf, Uniform
from frlib.denoise import subcenter_drop
from frlib.stages import digests
from frlib.study.arms import Cell, cells, shown
from frlib.study.schema import Study
from frlib.train.clean import DECIDE, EVIDENCE, LOOP, MODEL
from frlib.train.config import TrainConfig
from tests.unit.study.designs import DATASETS, small
from tests.unit.study.designs import digests as of_data

DROP = {"rule": "subcenter_drop"}
ANGLE = Uniform(low=60, high=80)


def _study(**changes: Any) -> Study:
    return small(**{"axes": {"clean": (DROP,)}, "space": {}} | changes)


def _base(clean: dict[str, Any]) -> TrainConfig:
    base = small().base
    fields = {name: getattr(base, name) for name in TrainConfig.model_fields}
    return TrainConfig.parse(fields | {"clean": clean})


def _cells(**changes: Any) -> list[Cell]:
    study = _study(**changes)
    assert Study.parse(study.to_json()) == study
    return list(cells(study, of_data))


def _stages(config: TrainConfig) -> dict[str, str]:
    return digests(config, 0, DATASETS)


def test_cells_when_clean_is_an_axis_then_rows_are_told_apart_by_its_label() -> None:
    values = (
        {},
        {"rule": "oracle"},
        {"rule": "oracle", "apply": "drop"},
        {"rule": {"name": "subcenter_drop", "drop_angle_deg": 70}, "rounds": 2},
    )
    found = _cells(axes={"clean": values})
    labels = ["none", "Oracle", "Oracle, drop", "2 x Sub-center drop (70°)"]
    assert [cell.shown["clean"] for cell in found] == labels
    assert [shown(cell.config, "clean") for cell in found] == labels
    assert len({cell.digest for cell in found}) == len(values)
    first, other = (_stages(cell.config) for cell in found[1:3])
    assert first == other, "what is done about findings is no part of the stages"


def test_cells_when_rules_are_an_axis_then_each_is_told_by_its_own_label() -> None:
    angled = {"name": "subcenter_drop", "drop_angle_deg": 70}
    found = _cells(axes={"clean.rule": ("subcenter_drop", angled)})
    labels = ["Sub-center drop", "Sub-center drop (70°)"]
    assert [cell.shown["clean.rule"] for cell in found] == labels
    one, other = (_stages(cell.config) for cell in found)
    assert one[MODEL] == other[MODEL] and one[EVIDENCE] == other[EVIDENCE]
    assert one[DECIDE] != other[DECIDE]


def test_arm_when_a_field_of_the_rule_is_searched_then_model_and_evidence_are_shared() -> None:
    (cell,) = _cells(space={"clean.rule.drop_angle_deg": ANGLE})
    arms = [cell.arm({"clean.rule.drop_angle_deg": angle}) for angle in (65.0, 70.0)]
    assert arms[0].config.clean.rule == subcenter_drop.Config(drop_angle_deg=65)
    one, other = (_stages(arm.config) for arm in arms)
    assert one[MODEL] == other[MODEL] and one[EVIDENCE] == other[EVIDENCE]
    assert one[DECIDE] != other[DECIDE] and arms[0].digest != arms[1].digest
    assert cell.recorded(arms[0].to_json()).config == arms[0].config


def test_cells_when_a_cell_is_not_cleaned_then_the_rule_is_not_searched_there() -> None:
    space = {"clean.rule.drop_angle_deg": ANGLE}
    plain, dropped = _cells(axes={"clean": ({}, DROP)}, space=space)
    assert not plain.space and list(dropped.space) == ["clean.rule.drop_angle_deg"]


def test_arm_when_rounds_are_searched_then_the_first_one_is_shared() -> None:
    (cell,) = _cells(space={"clean.rounds": IntUniform(low=1, high=3)})
    once, twice, thrice = (cell.arm({"clean.rounds": n}).config for n in (1, 2, 3))
    told = [_stages(run) for run in (once, twice, thrice)]
    assert LOOP not in told[0] and told[1][LOOP] != told[2][LOOP]
    assert len({one[DECIDE] for one in told}) == 1


def test_digest_when_a_field_inside_the_changes_is_searched_then_the_config_stays() -> None:
    changes = {"head": {"name": "arcface", "scale": 16.0}}
    (cell,) = _cells(
        axes={"clean": (DROP | {"changes": changes},)},
        space={"clean.changes.head.scale": Uniform(low=8, high=32)},
    )
    assert cell.digest and cell.config.clean.changes == changes
    assert cell.default.params == {"clean.changes.head.scale": 16.0}


@pytest.mark.parametrize("is_branches", [True, False])
def test_arm_when_whole_rules_are_searched_then_each_with_fields_of_its_own(
    is_branches: bool,
) -> None:
    options = {"subcenter_drop": {"drop_angle_deg": ANGLE}, "oracle": {"relabel": False}}
    whole = Branches(options=options) if is_branches else OneOf(values=tuple(options))
    cell, _ = _cells(
        base=_base(DROP), axes={"head.margin": (0.1, 0.3)}, space={"clean.rule": whole}
    )
    oracle = cell.arm({"clean.rule": "oracle"})
    assert oracle.config.clean.label == ("Oracle (drop)" if is_branches else "Oracle")
    if is_branches:
        point = {"clean.rule": "subcenter_drop", "clean.rule.drop_angle_deg": 65.0}
        wanted = subcenter_drop.Config(drop_angle_deg=65)
        assert cell.arm(point).config.clean.rule == wanted
    own = cell.default
    assert own.params["clean.rule"] == "subcenter_drop" and oracle.digest != own.digest


def test_study_when_a_searched_value_is_refused_by_the_rule_then_says_so() -> None:
    with pytest.raises(ConfigError, match="drop_angle_deg"):
        _study(space={"clean.rule.drop_angle_deg": Uniform(low=60, high=190)})
    with pytest.raises(ConfigError, match="rounds"):
        _study(space={"clean.rounds": IntUniform(low=0, high=3)})
