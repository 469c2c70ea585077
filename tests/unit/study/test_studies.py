"""The studies that come with the project: all can be read, and say what their docstrings claim."""

import re

import pytest

from frlib.core.errors import ConfigError
from frlib.core.seeds import stream
from frlib.core.space import Leaf, OneOf, Point, Scalar, keyed, leaves, walk
from frlib.schedules import moving_haar
from frlib.study.arms import Cell, cells
from frlib.study.find import find, names
from frlib.study.schema import Study
from frlib.study.searched import field_of
from studies import _runs, composition_search, haar_speed, schedule_choice
from tests.unit.study.designs import digests

DRAWN = 200
"""Points of the space of compositions; the share that can be trained is in its docstring."""


@pytest.mark.parametrize("faces", ["", "some/folder"])
@pytest.mark.parametrize("name", names())
def test_study_when_found_by_name_then_reads_back_from_json(name: str, faces: str) -> None:
    study = find(name, faces)
    assert Study.parse(study.to_json()).to_json() == study.to_json()


@pytest.mark.parametrize("name", names())
def test_docstring_when_read_then_begins_with_the_question_and_says_the_cost(name: str) -> None:
    question, _, rest = find(name).question.strip().partition("\n\n")
    assert question.endswith(("?", "."))
    assert re.search(r"\b(seconds|minutes?|hours?|GPU)\b", rest)


@pytest.mark.parametrize("faces", ["", "some/folder"])
@pytest.mark.parametrize("name", names())
def test_study_when_spelled_out_then_every_cell_has_its_own_row_and_its_own_default(
    name: str, faces: str
) -> None:
    study = find(name, faces)
    found = list(cells(study, digests))
    assert len({tuple(cell.shown.items()) for cell in found}) == len(found)
    assert len({cell.digest for cell in found}) == len(found)
    assert all(keyed(cell.space, cell.default.params) for cell in found if cell.space)
    searched = {path for cell in found for path in cell.space}
    assert searched == {field_of(key) for key in study.space}


def test_schedule_choice_when_spelled_out_then_rules_end_with_the_run_at_every_length() -> None:
    study = schedule_choice.study()
    train, holdout = study.base.data.train, study.base.data.holdout
    images = round(train.identities * (1 - holdout.fraction)) * train.images
    assert _runs.steps_per_epoch("") == images // study.base.batch_size
    found = [cell.config for cell in cells(study, digests)]
    assert sorted({config.epochs for config in found}) == [2, 4, 8]
    for config in found:
        if config.schedule.name == "multi_step":
            assert max(config.schedule.milestones_epochs) < config.epochs
        if config.schedule.name == "step":
            assert config.schedule.every_epochs == pytest.approx(config.epochs / 3, abs=0.01)


def _drawn(cell: Cell, number: int) -> Point:
    """An independent draw of every value."""
    rng = stream(0, "compositions", number)

    def choose(path: str, key: str, leaf: Leaf) -> Scalar:
        options = leaf.values if isinstance(leaf, OneOf) else leaf.grid(9)
        return options[int(rng.integers(len(options)))]

    return walk(cell.space, choose)


@pytest.mark.parametrize("faces", ["", "some/folder"])
def test_compositions_when_drawn_at_random_then_the_share_that_can_be_trained_is_as_stated(
    faces: str,
) -> None:
    cell = next(cells(composition_search.study(faces), digests))
    valid: list[Point] = []
    for number in range(DRAWN):
        point = _drawn(cell, number)
        try:
            cell.arm(point)
        except ConfigError as error:
            assert "has no meaning" in str(error)
        else:
            valid.append(point)
    assert len(valid) > 0.3 * DRAWN
    if not faces:
        assert f"{len(valid)} of {DRAWN} random points" in str(composition_search.__doc__)
    for path, _, leaf in leaves(cell.space):
        if isinstance(leaf, OneOf):
            assert {p[path] for p in valid if path in p} == set(leaf.values)


def test_compositions_when_nothing_is_searched_then_it_is_arcface() -> None:
    cell = next(cells(composition_search.study(), digests))
    slots = ("similarity", "margin", "negatives", "relabel", "objective")
    chosen = [cell.default.params[f"head.{slot}"] for slot in slots]
    assert chosen == ["cosine", "arc", "none", "none", "cross_entropy"]


def test_rule_when_the_length_is_that_of_the_source_then_the_limit_is_the_source_s() -> None:
    found = haar_speed.moving_haar_for(202_000, 64.0)
    source = moving_haar.Config()
    assert found.lam == pytest.approx(source.lam, rel=0.01)
    assert (found.tau, found.delta, found.max_cuts) == (source.tau, source.delta, source.max_cuts)


@pytest.mark.parametrize("steps", [112, 150, 448, 600])
def test_rule_when_the_loss_stands_still_then_it_cuts_and_at_twice_the_limit_it_does_not(
    steps: int,
) -> None:
    config = haar_speed.moving_haar_for(steps, 32.0)
    still, falling = (moving_haar.follow(steps, 1, config) for _ in range(2))
    for step in range(steps):
        still.observe(4.0)
        falling.observe(20.0 - 2 * config.lam * step)
        assert falling.factor(step + 1) == 1.0
    assert still.numbers()["cuts"] == config.max_cuts


@pytest.mark.parametrize("faces", ["", "some/folder"])
def test_haar_speed_when_spelled_out_then_a_quarter_is_a_quarter_and_mhlr_is_scaled(
    faces: str,
) -> None:
    found = list(cells(haar_speed.study(faces), digests))
    full, part = found[:4], found[4:]
    names = ["multi_step", "poly", "cosine", "moving_haar"]
    assert [c.shown["schedule"] for c in full] == [c.shown["schedule"] for c in part] == names
    assert {4 * c.config.epochs for c in part} == {c.config.epochs for c in full}
    for config in (one.config for one in found if one.shown["schedule"] == "multi_step"):
        assert max(config.schedule.milestones_epochs) < config.epochs
    long, short = full[-1].config.schedule, part[-1].config.schedule
    assert short.lam == pytest.approx(4 * long.lam)
    assert short.alpha == pytest.approx(4 * long.alpha)


def test_released_settings_when_a_run_is_short_then_the_first_two_losses_decide() -> None:
    found = set()
    for second in (17.0, 19.0):
        rule = moving_haar.follow(150, 30, moving_haar.Config())
        for loss in (18.0, second, *(18.0 - 0.05 * step for step in range(2, 150))):
            rule.observe(loss)
        found.add(rule.numbers()["cuts"])
    assert found == {0, moving_haar.Config().max_cuts}
