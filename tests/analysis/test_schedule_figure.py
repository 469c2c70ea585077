"""A run's loss, rule and rate: rows over attempts, the figure's lines against them, the command."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from matplotlib.axes import Axes

from analysis.course import Course, joined, read_course
from analysis.figures import schedule, style
from frlib.core.errors import RecordError
from frlib.records import declare, layout
from frlib.records.write import RunWriter
from frlib.schedules import moving_haar
from tests.benchmarks.run import run as frlib

TOTAL, EVERY, EPOCHS = 600, 10, 3
RULE = moving_haar.Config(alpha=0.1, beta=0.1, lam=0.01, tau=0.1)


def _values() -> list[dict[str, float]]:
    """What MHLR makes of a staircase: a row every `EVERY` steps."""
    rule, rows = moving_haar.follow(TOTAL, TOTAL // EPOCHS, RULE), []
    for i in range(TOTAL):
        factor = rule.factor(i)
        rule.observe(10 * factor + 5 * 0.98 ** (i % 200))
        if (i + 1) % EVERY == 0:
            numbers = {f"schedule/{k}": v for k, v in rule.numbers().items() if k != "seen"}
            rows.append({"steps/loss": 10 * factor, "steps/lr": 0.1 * factor, **numbers})
    return rows


def _course(config: Mapping[str, Any] | None = None, *, keep: str = "") -> Course:
    rows = [
        {"step": EVERY * (k + 1), "epoch": 0, "name": name, "value": value}
        for k, row in enumerate(_values())
        for name, value in row.items()
        if name.startswith(keep)
    ]
    rows.append({"step": TOTAL, "epoch": EPOCHS, "name": "train/loss", "value": 1.0})
    full = {"epochs": EPOCHS, "schedule": RULE.model_dump()}
    return Course("method ArcFace, seed 0", full if config is None else config, pd.DataFrame(rows))


def _record(store: Path, attempts: list[range]) -> Path:
    """A run of which attempt k logs the points of `attempts[k]`; the folder of the replicate."""
    folder = layout.study_folder(store, "s")
    declare.write_study(folder, {"name": "s"})
    cell = {"head": "ArcFace", "noise.closed.ratio": 0.2}
    arm = {"arm": "a", "cell": cell, "params": {}, "datasets": {}, "default": True}
    config = {"epochs": EPOCHS, "schedule": RULE.model_dump()}
    declare.write_arm(folder, {**arm, "config": config})
    values = _values()
    for number, points in enumerate(attempts):
        with RunWriter(folder, study="s", arm="a", seed=3) as run:
            for k in points:
                row = {name: value + number for name, value in values[k].items()}
                run.log(row, epoch=0, step=EVERY * (k + 1))
            run.log({"train/loss": 1.0}, epoch=1, step=TOTAL // EPOCHS)
    return layout.arm_folder(folder, "a") / "r3"


def _labels(axes: Axes) -> list[str]:
    return [text.get_text() for text in axes.texts if text.get_text()]


def _drawn(axes: Axes, at: int = 0) -> tuple[np.ndarray, np.ndarray]:
    return axes.lines[at].get_xdata(), axes.lines[at].get_ydata()


def test_figure_when_the_rule_learns_then_every_line_is_the_recorded_one() -> None:
    course = _course()
    loss, fall, count, rate = schedule.draw(course).axes
    for axes, at, name in (
        (loss, 0, "steps/loss"),
        (loss, 1, "schedule/mean"),
        (fall, 0, "schedule/fall"),
        (count, 0, "schedule/count"),
        (rate, 0, "steps/lr"),
    ):
        np.testing.assert_array_equal(_drawn(axes, at), course.line(name))
    assert _labels(fall) == ["λ = 0.01", "plateau"]
    assert _labels(count) == ["N = 60"]
    assert _drawn(fall, 1)[1] == [RULE.lam, RULE.lam]
    assert _drawn(count, 1)[1] == [60, 60]


def test_figure_when_cuts_are_made_then_each_is_marked_where_its_count_first_stands() -> None:
    course = _course()
    steps, cuts = course.line("schedule/cuts")
    wanted = [steps[cuts >= n][0] for n in range(1, int(cuts[-1]) + 1)]
    assert len(wanted) >= 2
    rate = schedule.draw(course).axes[-1]
    assert [line.get_xdata()[0] for line in rate.lines[1:]] == wanted
    assert _labels(rate) == ["cut 1", *(str(n + 2) for n in range(len(wanted) - 1))]
    assert [label.get_text() for label in rate.get_yticklabels()][:2] == ["0.1", "0.05"]


def test_figure_when_cuts_are_close_then_their_numbers_do_not_lie_on_each_other() -> None:
    course = _course()
    is_cuts = course.rows["name"] == "schedule/cuts"
    course.rows.loc[is_cuts, "value"] = np.arange(is_cuts.sum()).clip(max=8)
    rate = schedule.draw(course).axes[-1]
    assert len(rate.lines) == 1 + 8
    assert _labels(rate) == ["cut 1", "3", "5", "7"]


def test_figure_when_the_rule_keeps_no_numbers_then_loss_and_rate_alone() -> None:
    loss, rate = schedule.draw(_course({"schedule": {"name": "poly"}}, keep="steps/")).axes
    assert loss.get_legend() is None
    assert len(loss.lines) == len(rate.lines) == 1


def test_figure_when_the_config_says_no_limits_then_draws_none() -> None:
    _, fall, count, _ = schedule.draw(_course({})).axes
    assert _labels(fall) == _labels(count) == []


def test_figure_when_the_rate_ends_at_zero_then_the_axis_holds_the_others() -> None:
    course = _course(keep="steps/")
    is_rate = course.rows["name"] == "steps/lr"
    course.rows.loc[is_rate, "value"] = np.linspace(0.1, 0, is_rate.sum())
    low, high = schedule.draw(course).axes[-1].get_ylim()
    assert 0 < low < 0.1 / is_rate.sum() < 0.1 < high


def test_figure_when_steps_were_not_recorded_then_error_says_what_is_missing() -> None:
    with pytest.raises(RecordError, match=r"method ArcFace, seed 0: .* steps/loss and steps/lr"):
        schedule.draw(_course(keep="schedule/"))


def test_total_steps_when_epochs_are_done_then_is_of_the_whole_run() -> None:
    course = _course({"epochs": 7})
    assert course.total_steps == 7 * TOTAL // EPOCHS
    is_end = course.rows["name"] == "train/loss"
    assert Course("", course.config, course.rows[~is_end]).total_steps is None


def test_read_when_an_attempt_went_on_earlier_then_its_rows_stand(tmp_path: Path) -> None:
    course = read_course(_record(tmp_path, [range(30), range(20, 60)]))
    steps, rates = course.line("steps/lr")
    np.testing.assert_array_equal(steps, EVERY * np.arange(1, 61))
    expected = [row["steps/lr"] + (k >= 20) for k, row in enumerate(_values())]
    np.testing.assert_array_equal(rates, expected)
    assert course.title == "method ArcFace, flips 20 %, seed 3"
    assert course.total_steps == TOTAL


def test_joined_when_a_later_attempt_logs_no_step_then_the_steps_before_stay() -> None:
    first = pd.DataFrame({"step": [5, 9], "epoch": 0, "name": "steps/lr", "value": [1.0, 2.0]})
    later = pd.DataFrame({"step": [5], "epoch": 1, "name": "train/loss", "value": [3.0]})
    assert joined([first, later])["value"].tolist() == [1.0, 3.0, 2.0]


@pytest.mark.parametrize("suffix", style.SUFFIXES)
def test_command_when_drawn_twice_then_equal_bytes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, suffix: str
) -> None:
    run = _record(tmp_path, [range(60)])
    outs = [tmp_path / f"{name}{suffix}" for name in "ab"]
    for out in outs:
        assert frlib(monkeypatch, "train", "draw", str(run), "--out", str(out)) == 0
    assert outs[0].read_bytes() == outs[1].read_bytes()
