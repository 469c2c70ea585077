"""Figures of a study from its records: all of them can be read."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from matplotlib.figure import Figure
from matplotlib.text import Text

from analysis import importance
from analysis.figures import angles, critical_difference, of_study, style
from analysis.figures import importance as bars
from analysis.figures.of_study import FIGURES, Asked
from analysis.grid import Grid
from frlib.core.errors import ConfigError, DataError
from frlib.stats.critical import critical
from tests.analysis.margins import REPORT
from tests.benchmarks.run import run as frlib

WIDTHS = pytest.mark.parametrize("width", [style.COLUMN, style.PAGE], ids=["column", "page"])


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
    figure = FIGURES[name].draw(Asked(grid, REPORT, width))
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
