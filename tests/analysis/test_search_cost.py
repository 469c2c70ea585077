"""What searches cost: answers at shares of the grid's seconds, the table and the figure of them."""

from pathlib import Path

import numpy as np
import pytest

from analysis import searching
from analysis.figures import search_cost, style
from analysis.searching import END, Searches
from analysis.table import Cell, Table
from frlib.core.errors import RecordError
from frlib.records import contests, layout, read
from frlib.stats.intervals import mean_interval
from tests.analysis import searched
from tests.benchmarks.run import run as frlib

GOLDEN = Path(__file__).parent / "golden" / "search_cost.md"
REGRETS = (0.0, 0.001, 0.05, 0.001)
"""Of "slow" at its end, a repeat each."""
MADE, STUDY = searched, "costs"


@pytest.fixture(scope="module")
def cell(store: Path) -> Searches:
    clean, noisy = searching.searches(read.load_named(store, "costs"))
    assert clean[1] is None
    assert noisy[1] is not None
    return noisy[1]


def entry(table: Table, spent: str, strategy: str, key: str) -> Cell:
    keys = [column.key for column in table.columns]
    row = next(r for r in table.rows if r[1:3] == (spent, strategy))
    found = row[keys.index(key)]
    assert isinstance(found, Cell)
    return found


def test_answers_when_nothing_is_complete_yet_then_are_the_default(cell: Searches) -> None:
    answers = cell.answers("slow", 0.2)
    assert {(one.arm, one.arms, one.share) for one in answers} == {(cell.default, 0, 0.2)}
    assert [one.regret for one in answers] == pytest.approx([0.05] * 4)


def test_answers_when_arms_have_ended_then_are_the_best_so_far(cell: Searches) -> None:
    assert {one.arms for one in cell.answers("slow", 0.25)} == {1}
    last = cell.answers("slow", END)
    assert [one.regret for one in last] == pytest.approx(REGRETS)
    assert {(one.arms, one.share) for one in last} == {(2, 0.5)}
    assert cell.answers("slow", 0.5) == last
    assert {one.regret for one in cell.answers("lucky", 0.25)} == {0.0}


def test_grid_when_read_then_best_default_and_their_cost_are_those_on_record(
    cell: Searches,
) -> None:
    assert cell.best == searched.arm(0.4, 1)["arm"]
    assert cell.default == searched.arm(0.4, 0)["arm"]
    assert (cell.arms, cell.seconds, cell.default_share) == (4, 80.0, 0.25)
    assert cell.strategies == ("lucky", "slow")


def test_table_when_searches_ended_then_means_and_intervals_are_over_them(table: Table) -> None:
    wanted = mean_interval(REGRETS)
    found = entry(table, "to its end", "slow", "regret")
    assert (found.value, found.half_width) == pytest.approx((wanted.value, wanted.half_width))
    assert found.n == 4
    assert entry(table, "to its end", "slow", "near/selection").value == 0.75
    change = entry(table, "to its end", "slow", f"change/{searched.REPORT}")
    assert change.value == pytest.approx(np.mean([0.0, 0.003, -0.1, 0.003]))
    assert entry(table, "to its end", "slow", f"near/{searched.REPORT}").value == 0.75
    assert entry(table, "1/5", "lucky", "regret").value == pytest.approx(0.05)
    assert entry(table, "1/2", "lucky", "time").value == 0.25


def test_table_when_nothing_is_drawn_then_default_and_grid_have_no_interval(table: Table) -> None:
    alone, whole = "the default alone", "the whole grid"
    for strategy, key, value in (
        (alone, "regret", 0.05),
        (alone, "time", 0.25),
        (whole, "regret", 0.0),
        (whole, searched.REPORT, 0.905),
        (whole, f"change/{searched.REPORT}", 0.0),
    ):
        found = entry(table, "", strategy, key)
        assert found.value == pytest.approx(value)
        assert (found.half_width, found.n) == (None, None)


def test_table_when_a_grid_is_not_there_then_its_row_says_so(table: Table) -> None:
    row = next(r for r in table.rows if r[0] == "0 %")
    notes = {one.note for one in row if isinstance(one, Cell)}
    assert notes == {"no search is played before every point of the grid is on record"}
    assert table.has_gap


def test_table_when_rendered_then_equals_the_stored_page(store: Path, table: Table) -> None:
    page = layout.study_folder(store, "costs") / "tables" / "search_cost.md"
    assert page.read_text() == GOLDEN.read_text()


def test_searches_when_an_arm_is_gone_then_error_says_what_to_do(tmp_path: Path) -> None:
    folder = searched.record(tmp_path)
    (layout.arm_folder(folder, searched.arm(0.4, 3)["arm"]) / "arm.json").unlink()
    with pytest.raises(RecordError, match=r"1 of 4 arms .* `frlib study run costs`"):
        searching.searches(read.load(folder))


def test_figure_when_drawn_then_lines_are_the_means_and_end_where_the_searches_do(
    cell: Searches,
) -> None:
    (axes,) = search_cost.draw([cell], "costs", "selection/auc").axes
    lines = {one.get_label(): np.asarray(one.get_data(), np.float64) for one in axes.lines}
    x, y = lines["slow"]
    assert x[-1] == pytest.approx(0.5)
    np.testing.assert_allclose(y[x < 0.49], 5.0)
    assert y[-1] == pytest.approx(100 * np.mean(REGRETS))
    x, y = lines["lucky"]
    assert (x[-1], y[0], y[-1]) == pytest.approx((0.25, 5.0, 0.0))
    assert axes.get_title(loc="left") == "flips 40 %"


@pytest.mark.parametrize("suffix", style.SUFFIXES)
def test_command_when_drawn_twice_then_equal_bytes(
    store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, suffix: str
) -> None:
    outs = [tmp_path / f"{name}{suffix}" for name in "ab"]
    for out in outs:
        words = ("table", "draw", "costs", "--store", str(store), "--out", str(out))
        assert frlib(monkeypatch, *words) == 0
    assert outs[0].read_bytes() == outs[1].read_bytes()
    assert outs[0].stat().st_size > 5_000


def test_command_when_nothing_is_played_then_says_what_plays_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = searched.record(tmp_path)
    (folder / contests.NAME).unlink()
    words = ("table", "draw", "costs", "--store", str(tmp_path), "--out", str(tmp_path / "a.png"))
    assert frlib(monkeypatch, *words) == 1
    assert "no search has been played" in capsys.readouterr().err
