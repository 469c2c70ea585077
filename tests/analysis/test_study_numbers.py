"""What figures of a study draw: their numbers from its records."""

from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest

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
from analysis.grid import Grid
from analysis.lines import InapplicableError
from frlib.stats.crossed import over_clusters
from frlib.stats.intervals import mean_interval
from frlib.stats.power import smallest_difference
from tests.analysis.margins import (
    FLIPS,
    MARGINS,
    METHODS,
    PAIRS,
    REPORT,
    SEEDS,
    auc,
    is_right,
)


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
    with pytest.raises(InapplicableError, match=r"3 methods with 2 results .* of accuracy"):
        ranking.of_study(grid, REPORT)


@pytest.mark.parametrize(("metric", "best"), [("accuracy", "own"), ("cross_accuracy", "cross")])
def test_ranking_when_several_kinds_of_accuracy_are_reported_then_by_the_one_asked(
    metric: str, best: str
) -> None:
    names = [f"b{k}/v/{kind}" for k in range(5) for kind in ("cross_accuracy", "accuracy")]
    worth = {"own": (0.5, 0.9), "cross": (0.8, 0.6), "none": (0.1, 0.1)}
    made: Any = SimpleNamespace(
        records=SimpleNamespace(study={"report": names}),
        rows=[SimpleNamespace(shown={"head": method}) for method in worth],
        axes=("head",),
        matching=lambda patterns: patterns,
        sample=lambda row, name: {0: worth[row.shown["head"]][name.endswith("/accuracy")]},
    )
    found = ranking.of_study(made, f"b0/v/{metric}")
    assert found.names[0] == best and found.n == 5


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
