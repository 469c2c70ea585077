"""The studies that come with the project: all can be read, and say what their docstrings claim."""

import pytest

from frlib.schedules import moving_haar
from frlib.study.arms import cells
from frlib.study.find import find, names
from frlib.study.schema import Study
from studies import haar_speed
from tests.unit.study.designs import digests


@pytest.mark.parametrize("faces", ["", "some/folder"])
@pytest.mark.parametrize("name", names())
def test_study_when_found_by_name_then_reads_back_from_json(name: str, faces: str) -> None:
    study = find(name, faces)
    assert Study.parse(study.to_json()).to_json() == study.to_json()
    assert study.question.strip()


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
