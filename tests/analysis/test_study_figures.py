"""Figures of a study from its records: the numbers they draw, and that all of them can be read."""

from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure
from matplotlib.text import Text
from numpy.typing import NDArray

from analysis import (
    detectable,
    differences,
    importance,
    learning,
    noise_curves,
    ranking,
    settings,
    timeline,
)
from analysis.figures import angles, critical_difference, of_study, style
from analysis.figures import importance as bars
from analysis.figures.of_study import FIGURES, Asked
from analysis.grid import Grid
from analysis.lines import InapplicableError
from frlib.core import safeio
from frlib.core.errors import ConfigError, DataError
from frlib.records import declare, layout, read
from frlib.records.write import RunWriter
from frlib.stats.critical import critical
from frlib.stats.crossed import over_clusters
from frlib.stats.intervals import mean_interval
from frlib.stats.power import smallest_difference
from tests.benchmarks.run import run as frlib

Numbers = NDArray[np.float64]

WIDTHS = pytest.mark.parametrize("width", [style.COLUMN, style.PAGE], ids=["column", "page"])
METHODS = ("ArcFace", "Sub-center ArcFace (K=3)", "BoundaryFace (λ=π)")
MARGINS = (0.1, 0.2, 0.3, 0.4, 0.5)
FLIPS = (0.0, 0.2)
EPOCHS = (1, 2, 3)
SEEDS = (0, 1, 2)
REPORT = "faces/insightface10/accuracy"
PAIRS = 600


def auc(method: int, flips: float, margin: float, epoch: int, seed: int) -> float:
    """Of the made-up arms: margin 0.3 is best, seeds differ by 0.01 in all of them."""
    return 0.7 + 0.02 * method - 0.2 * flips - (margin - 0.3) ** 2 + 0.03 * epoch + 0.01 * seed


@pytest.fixture(scope="module")
def grid(tmp_path_factory: pytest.TempPathFactory, simulated: ModuleType) -> Grid:
    store = tmp_path_factory.mktemp("store")
    return Grid.of(read.load(_record(store, simulated)))


def _record(store: Path, simulated: ModuleType) -> Path:
    folder = layout.study_folder(store, "searched")
    cells = [(m, flips) for m in range(len(METHODS)) for flips in FLIPS]
    shown = [[["head", METHODS[m]], ["noise.closed.ratio", flips]] for m, flips in cells]
    study = simulated.STUDY | {
        "name": "searched",
        "report": [REPORT],
        "table": "study",
        "published": None,
        "replicates": {"seeds": list(SEEDS)},
        "cells": [{"shown": one} for one in shown],
    }
    declare.write_study(folder, study)
    minute = 0
    for m, flips in cells:
        cell = {"head": METHODS[m], "noise.closed.ratio": flips}
        for margin in MARGINS:
            arm = simulated.arm(folder, cell, margin, default=margin == 0.5)
            is_stopped = margin == 0.1
            for seed in SEEDS:
                _run(folder, arm, seed, minute, is_stopped, m=m, flips=flips, margin=margin)
                minute += 3
            told: dict[str, Any] = {"status": "complete", "message": ""}
            if is_stopped:
                told = {"status": "stopped", "message": "racing: …", "rule": "racing", "rung": 1}
            declare.write_verdict(folder, arm, told)
    return folder


def _run(
    folder: Path,
    arm: str,
    seed: int,
    minute: int,
    is_stopped: bool,
    *,
    m: int,
    flips: float,
    margin: float,
) -> None:
    with RunWriter(folder, study="searched", arm=arm, seed=seed) as run:
        for epoch in EPOCHS[:1] if is_stopped else EPOCHS:
            values = {"selection/auc": auc(m, flips, margin, epoch, seed)}
            if METHODS[m].startswith("Boundary") and epoch > 1:
                values |= {"corrections/precision": 0.9, "corrections/recall": 0.1 * epoch}
            run.log(values, epoch=epoch, step=10 * epoch)
        if is_stopped:
            run.finish("stopped", "racing")
        else:
            run.log({REPORT: auc(m, flips, margin, 3, seed) - 0.01}, epoch=3, step=30)
            _verdicts(run, m, flips, seed)
    path = run.folder / "run.json"
    times = {
        "started": f"2026-01-01T{minute // 60:02d}:{minute % 60:02d}:00.000+00:00",
        "ended": f"2026-01-01T{minute // 60:02d}:{minute % 60:02d}:30.000+00:00",
    }
    safeio.write_json(path, safeio.read_json(path) | times)


def is_right(method: int, flips: float, seed: int) -> Numbers:
    """`[P]` verdicts of a made-up row: later methods and less noise have more pairs right."""
    draw = np.random.default_rng(seed)
    hard = draw.uniform(size=PAIRS) + 0.05 * np.random.default_rng(9).normal(size=PAIRS)
    return (hard < 0.8 + 0.05 * method - 0.2 * flips).astype(np.float64)


def _verdicts(run: RunWriter, method: int, flips: float, seed: int) -> None:
    arrays = {
        "fold": np.arange(PAIRS) % 10,
        "same": np.arange(PAIRS) % 2 == 0,
        "score": np.zeros(PAIRS),
        "threshold": np.zeros(PAIRS),
        "correct": is_right(method, flips, seed) == 1,
    }
    run.pair_scores("faces", "insightface10", arrays)


def test_noise_curves_when_flips_vary_then_means_and_intervals_of_chosen_arms(grid: Grid) -> None:
    (panel,) = noise_curves.panels(grid, REPORT)
    assert (panel.across, panel.up, panel.ticks) == ("flips (%)", "accuracy (%)", (0.0, 20.0))
    assert [line.name for line in panel.lines] == list(METHODS)
    values = [100 * (auc(0, 0.2, 0.3, 3, seed) - 0.01) for seed in SEEDS]
    wanted = mean_interval(values)
    found = panel.lines[0].y[1]
    assert (found.value, found.low) == pytest.approx((wanted.value, wanted.low))


def test_noise_curves_when_nothing_is_noisy_then_says_so(grid: Grid) -> None:
    plain = Grid(grid.records, ())
    with pytest.raises(InapplicableError, match="how much noise"):
        noise_curves.panels(plain, REPORT)


def test_settings_when_margin_was_searched_then_a_line_a_cell_with_its_best_ringed(
    grid: Grid,
) -> None:
    (panel,) = settings.panels(grid)
    assert panel.across == "head.margin"
    assert len(panel.lines) == len(METHODS) * len(FLIPS)
    for line in panel.lines:
        assert line.x == MARGINS[1:]
        assert line.ringed is not None and line.x[line.ringed] == 0.3
        assert line.look == "line"


def test_importance_when_margin_decides_then_it_explains_and_chance_does_not(grid: Grid) -> None:
    (found,) = importance.of_study(grid)
    assert (found.setting, found.arms) == ("head.margin", 24)
    assert found.share > 0.9 > found.chance


def test_explained_when_a_setting_says_nothing_then_zero_on_average_and_rarely_above_chance() -> (
    None
):
    draw = np.random.default_rng(0)
    groups = ["a", "b", "c"] * 5
    told = [importance.explained("x", groups, draw.normal(size=15)) for _ in range(150)]
    shares = [one.share for one in told if one is not None]
    assert np.mean(shares) == pytest.approx(0, abs=0.04)
    above = np.mean([one.share > one.chance for one in told if one is not None])
    assert above < 0.05 + 3 * np.sqrt(0.05 * 0.95 / 150)


def test_explained_when_numbers_are_many_then_thirds_by_rank_and_few_arms_say_nothing() -> None:
    x = np.linspace(0, 1, 12)
    found = importance.explained("x", list(x), (x > 0.65).astype(float))
    assert found is not None and found.share > 0.7
    assert importance.explained("x", ["a", "b"] * 3, np.arange(6.0)) is None
    assert importance.explained("x", ["a"] * 10, np.arange(10.0)) is None


def test_learning_when_arms_were_stopped_then_they_end_where_they_were(grid: Grid) -> None:
    clean, noisy = learning.panels(grid)
    assert (clean.title, noisy.title) == ("no noise", "flips 20 %")
    cut = [line for line in noisy.lines if line.is_cut]
    assert {line.x for line in cut} == {(1.0,)} and len(cut) == 3
    chosen = [line for line in noisy.lines if line.look == "line"]
    assert [line.name for line in chosen] == list(METHODS)
    values = [auc(0, 0.2, 0.3, 2, seed) for seed in SEEDS]
    assert chosen[0].y[1].value == pytest.approx(np.mean(values))


def test_decisions_when_one_method_decides_then_precision_beside_recall(grid: Grid) -> None:
    panels = learning.decisions(grid)
    assert [panel.up for panel in panels] == ["precision (%)", "recall (%)"] * 2
    (line,) = panels[1].lines
    assert line.name == METHODS[2]
    assert [y.value for y in line.y] == pytest.approx([20.0, 30.0])


def test_timeline_when_arms_ran_in_turn_then_spans_from_the_first_start(grid: Grid) -> None:
    found = timeline.of_study(grid)
    assert found[0].spans == ((0.0, 30.0), (180.0, 210.0), (360.0, 390.0))
    assert found[0].why == "racing, epoch 1"
    assert [one.status for one in found].count("stopped") == 6
    assert [one.spans for one in found] == sorted(one.spans for one in found)


def test_differences_when_rows_share_pairs_then_less_the_first_of_their_noise(grid: Grid) -> None:
    found = differences.of_study(grid, REPORT)
    assert [(one.method, one.under) for one in found] == [
        (name, noise) for noise in ("no noise", "flips 20 %") for name in METHODS[1:]
    ]
    assert {(one.reference, one.by) for one in found} == {("ArcFace", "folds")}
    value = np.stack([is_right(2, 0.2, seed) - is_right(0, 0.2, seed) for seed in SEEDS])
    wanted = over_clusters(value, np.arange(PAIRS) % 10, seed=0)
    last = found[-1].found
    assert (last.mean.value, last.sd_seeds) == pytest.approx((value.mean(), wanted.sd_seeds))
    assert last.sd_people == pytest.approx(wanted.sd_people, rel=0.1)
    assert found[-1].p >= last.p and found[-1].is_shown


def test_people_when_they_are_known_then_they_are_drawn_unless_the_list_says_otherwise() -> None:
    def columns(left: list[int], right: list[int], same: list[bool]) -> pd.MultiIndex:
        names = ["fold", "pair", "same", "left_person", "right_person"]
        return pd.MultiIndex.from_arrays([[0] * 3, [0, 1, 2], same, left, right], names=names)

    found = differences.people_of(columns([4, 4, 7], [4, 7, 9], [True, False, False]))
    assert found is not None and found.num == 3
    assert differences.people_of(columns([-1] * 3, [-1] * 3, [True, False, False])) is None
    assert differences.people_of(columns([4, 4, 7], [4, 7, 9], [True, True, False])) is None


def test_differences_when_seeds_or_verdicts_are_lacking_then_says_so(grid: Grid) -> None:
    with pytest.raises(InapplicableError, match="same pairs of faces/other/accuracy with 3"):
        differences.of_study(grid, "faces/other/accuracy")
    with pytest.raises(InapplicableError, match="not the accuracy"):
        differences.of_study(grid, "selection/auc")


def test_ranking_when_results_are_few_then_says_how_many_there_are(grid: Grid) -> None:
    with pytest.raises(InapplicableError, match="3 methods have 2 results"):
        ranking.of_study(grid)


def test_detectable_when_two_rows_share_seeds_then_deviation_of_their_differences(
    grid: Grid,
) -> None:
    pair = Grid(grid.records, (grid.rows[0], grid.rows[2]))
    found = detectable.of_study(pair, REPORT)
    a, b = (np.array(list(pair.sample(row, REPORT).values())) for row in pair.rows)
    assert found.sd == pytest.approx(np.std(a - b, ddof=1), abs=1e-12)
    assert (found.n, found.df, found.comparisons) == (3, 2, 1)


def test_detectable_when_told_then_unit_and_correction_are_said() -> None:
    one, corrected = (smallest_difference(5, 0.01, alpha) for alpha in (0.05, 0.05 / 3))
    found = detectable.Detectable(5, 0.01, 12, 3, one, corrected)
    told = detectable.statement(found, REPORT)
    assert f"{100 * one:.2g} points four times in five" in told
    assert f"{100 * corrected:.2g} points where it is the first of 3" in told
    far = detectable.Detectable(2, 0.1, 1, 9, 1.5, 40.0)
    assert detectable.statement(far, REPORT).count("more than there can be") == 2


def _texts(figure: Figure) -> Iterator[Text]:
    """All words that are drawn: not those of ticks beyond the ends of an axis."""
    beyond = {
        id(tick.label1)
        for axes in figure.axes
        for axis in (axes.xaxis, axes.yaxis)
        for tick in (*axis.get_major_ticks(), *axis.get_minor_ticks())
        if not min(axis.get_view_interval()) <= tick.get_loc() <= max(axis.get_view_interval())
    }
    for text in figure.findobj(Text):
        if isinstance(text, Text) and text.get_text().strip() and id(text) not in beyond:
            yield text


def assert_readable(figure: Figure) -> None:
    """No text is cut off at the edge, or smaller than can be read in print."""
    figure.canvas.draw()
    width, height = figure.bbox.width, figure.bbox.height
    for text in _texts(figure):
        if text.axes is not None and not text.axes.get_visible():
            continue
        box = text.get_window_extent()
        if not box.width:
            continue
        word = text.get_text()
        assert box.x0 >= -1 and box.x1 <= width + 1, f"{word!r} is cut off at a side"
        assert box.y0 >= -1 and box.y1 <= height + 1, f"{word!r} is cut off above or below"
        assert text.get_fontsize() >= 5.5, f"{word!r} is too small"


@WIDTHS
@pytest.mark.parametrize(
    "name",
    [
        "noise_curve",
        "sensitivity",
        "importance",
        "learning_curves",
        "pruning_timeline",
        "differences",
    ],
)
def test_figures_when_drawn_then_no_word_is_cut_off(grid: Grid, name: str, width: float) -> None:
    figure = FIGURES[name](Asked(grid, REPORT, width))
    assert figure.get_size_inches()[0] == pytest.approx(width)
    assert_readable(figure)


@WIDTHS
def test_critical_difference_when_names_are_long_then_no_word_is_cut_off(width: float) -> None:
    draw = np.random.default_rng(0)
    names = [f"{name}, a name longer than there is room for" for name in "abcdefghijk"]
    found = critical({name: draw.normal(size=12) + k / 3 for k, name in enumerate(names)})
    assert_readable(critical_difference.draw(found, "ranks", width))


@WIDTHS
def test_angles_when_two_kinds_then_shares_are_named_and_no_word_is_cut_off(width: float) -> None:
    draw = np.random.default_rng(0)
    cosines = {"clean": draw.normal(0.7, 0.1, 300), "flips": draw.normal(0.2, 0.1, 100)}
    figure = angles.draw(cosines | {"outliers": [0.1]}, "a study: a method", width)
    assert_readable(figure)
    words = [text.get_text() for text in _texts(figure)]
    assert "clean (300, 75 %)" in words and "flips (100, 25 %)" in words
    with pytest.raises(DataError, match="no kind of sample"):
        angles.draw({"clean": [0.1]}, "none")


def test_importance_bars_when_below_chance_then_grey() -> None:
    found = [importance.Explained("a", 0.8, 0.3, 20), importance.Explained("b", 0.1, 0.3, 20)]
    (axes,) = bars.draw(found, "search").axes
    dark, grey = (patch.get_facecolor() for patch in axes.patches)
    assert dark != grey


def test_draw_when_all_are_asked_then_each_is_drawn_or_says_why(grid: Grid, tmp_path: Path) -> None:
    asked = Asked(grid, REPORT, angles=lambda: ("ArcFace", {"clean": np.linspace(0, 1, 50)}))
    found = of_study.draw(asked, tmp_path)
    assert [one.name for one in found] == list(FIGURES)
    drawn = {one.name for one in found if one.path is not None}
    assert {"noise_curve", "learning_curves", "angles", "importance", "sensitivity"} <= drawn
    assert all(one.why for one in found if one.path is None)
    again = of_study.draw(asked, tmp_path / "again", only="learning_curves")
    assert [one.path for one in again] == [tmp_path / "again" / "learning_curves.png"]
    first = (tmp_path / "learning_curves.png").read_bytes()
    assert (tmp_path / "again" / "learning_curves.png").read_bytes() == first


def test_draw_when_there_is_no_such_figure_then_names_the_nearest(
    grid: Grid, tmp_path: Path
) -> None:
    with pytest.raises(ConfigError, match="'noise_curve'"):
        of_study.draw(Asked(grid, REPORT), tmp_path, only="noise_curves")


def test_study_draw_when_asked_for_one_then_writes_it_and_says_what_could_be_seen(
    grid: Grid, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    store = grid.records.folder.parents[1]
    words = ["study", "draw", "searched", "--store", str(store), "--out", str(tmp_path)]
    assert frlib(monkeypatch, *words, "--figure", "noise_curve", "--suffix", "svg") == 0
    assert (tmp_path / "noise_curve.svg").is_file()
    told = capsys.readouterr().out
    assert "noise_curve.svg" in told and "seeds paired" in told
    assert frlib(monkeypatch, *words, "--figure", "angles") == 3
    assert "angles: not drawn: no arm was cleaned" in capsys.readouterr().out
