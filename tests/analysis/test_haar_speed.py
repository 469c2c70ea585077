"""Schedules at several lengths: costs, the table's change and published values, the figure."""

from pathlib import Path

import numpy as np
import pytest

from analysis import build, spending
from analysis.figures import cost, style
from analysis.grid import Grid
from analysis.table import Cell, Table
from frlib.core.errors import RecordError
from frlib.records import declare, layout, read
from frlib.stats.intervals import mean_interval
from tests.analysis import haar
from tests.benchmarks.run import run as frlib


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("store")
    haar.record(path)
    return path


@pytest.fixture(scope="module")
def grid(store: Path) -> Grid:
    return Grid.of(read.load_named(store, "speed"))


@pytest.fixture(scope="module")
def table(store: Path) -> Table:
    return build.build("speed", store)


def entry(table: Table, rule: str, epochs: int, key: str) -> Cell:
    keys = [column.key for column in table.columns]
    row = next(r for r in table.rows if r[:2] == (rule, str(epochs)))
    cell = row[keys.index(key)]
    assert isinstance(cell, Cell)
    return cell


def test_images_when_a_run_is_done_then_are_its_steps_times_the_batch(table: Table) -> None:
    for epochs in (5, 20):
        assert entry(table, "moving_haar", epochs, "images") == Cell(30.0 * epochs * 128, n=3)
    assert entry(table, "cosine", 5, "images").note == "not run"


def test_change_when_seeds_are_shared_then_is_of_paired_differences(table: Table) -> None:
    reference = haar.ACCURACY["poly", 20]
    for rule, epochs in (("moving_haar", 20), ("moving_haar", 5), ("poly", 5)):
        mine = haar.ACCURACY[rule, epochs]
        wanted = mean_interval([a - b for a, b in zip(mine, reference, strict=True)])
        cell = entry(table, rule, epochs, f"change/{haar.REPORT}")
        assert cell.value == pytest.approx(wanted.value, abs=1e-12)
        assert cell.half_width == pytest.approx(wanted.half_width, abs=1e-12)
        assert cell.n == 3
    assert entry(table, "poly", 20, f"change/{haar.REPORT}").note == "the reference"
    assert entry(table, "cosine", 5, f"change/{haar.REPORT}").note == "not run"


def test_cuts_when_mhlr_then_their_number_else_says_that_there_are_none(table: Table) -> None:
    cell = entry(table, "moving_haar", 5, "cuts")
    assert (cell.value, cell.half_width) == (
        1.0,
        pytest.approx(mean_interval([0, 1, 2]).half_width),
    )
    assert entry(table, "moving_haar", 20, "cuts").value == 0.0
    assert entry(table, "poly", 5, "cuts").note == "the rule makes no cuts"
    assert entry(table, "cosine", 5, "cuts").note == "not run"


def test_best_when_lengths_differ_then_schedules_of_one_length_are_compared(table: Table) -> None:
    assert entry(table, "moving_haar", 5, haar.REPORT).best
    assert not entry(table, "poly", 20, haar.REPORT).best
    assert not entry(table, "moving_haar", 20, haar.REPORT).best


def test_published_when_mhlr_then_all_that_is_printed_else_says_that_nothing_is(
    table: Table,
) -> None:
    cell = entry(table, "moving_haar", 5, "published")
    assert (cell.value, cell.origin, cell.digits) == (pytest.approx(0.998), "published", 2)
    assert cell.note == (
        "LFW accuracy of r100: MHLR README, trained on MS1MV3; 99.65 with r100 on WebFace4M; "
        "99.85 with r100 on WebFace8M; 99.80 with r50 on WebFace12M; 99.83 with r100 on WebFace12M"
    )
    other = entry(table, "poly", 5, "published").note
    assert other == "no other schedule than MHLR is published (MHLR README)"


def test_table_when_the_axes_do_not_fit_then_another_is_advised(tmp_path: Path) -> None:
    folder = layout.study_folder(tmp_path, "lr")
    cells = [{"shown": [["schedule", "poly"]]}]
    declare.write_study(folder, {**haar.STUDY, "name": "lr", "cells": cells})
    with pytest.raises(RecordError, match=r"has no axis epochs .*table='study'"):
        build.build("lr", tmp_path)


def test_change_when_the_reference_has_no_result_then_says_so(tmp_path: Path) -> None:
    folder = haar.record(tmp_path)
    cells = [*haar.STUDY["cells"], {"shown": [["schedule", "poly"], ["epochs", 40]]}]
    declare.write_study(folder, {**haar.STUDY, "cells": cells})
    cell = entry(build.build("speed", tmp_path), "moving_haar", 5, f"change/{haar.REPORT}")
    assert cell.note == "no result of poly at its greatest length to compare with"


def test_front_when_points_are_drawn_then_is_what_comparing_all_pairs_says() -> None:
    draw = np.random.default_rng(0)
    costs, values = draw.integers(0, 6, (2, 40)).astype(float)
    for k, is_on in enumerate(spending.front(costs, values)):
        beaten = any(
            costs[j] <= costs[k]
            and values[j] >= values[k]
            and (costs[j], values[j]) != (costs[k], values[k])
            for j in range(40)
        )
        assert is_on is np.bool_(not beaten)


def test_spent_when_a_row_has_no_result_then_is_left_out(grid: Grid) -> None:
    rows = spending.spent(grid, haar.REPORT)
    names = [("poly", 20), ("moving_haar", 20), ("poly", 5), ("moving_haar", 5)]
    assert [one.method for one in rows] == [method for method, _ in names]
    for one, key in zip(rows, names, strict=True):
        assert one.result == mean_interval(haar.ACCURACY[key])
        assert one.images.value == 30 * key[1] * 128
        assert one.seconds == mean_interval([3.0 * key[1] + seed for seed in range(3)])


def test_figure_when_drawn_then_places_bars_and_front_are_the_numbers(grid: Grid) -> None:
    rows = spending.spent(grid, haar.REPORT)
    left, right = cost.draw(rows, haar.REPORT, "speed").axes
    for axes, of in ((left, "images"), (right, "seconds")):
        bars = {one.get_label(): one for one in axes.containers}
        assert list(bars) == ["poly", "moving_haar"]
        for method, bar in bars.items():
            mine = sorted(
                (one for one in rows if one.method == method), key=lambda one: one.images.value
            )
            x, y = bar.lines[0].get_data()
            np.testing.assert_allclose(y, [100 * one.result.value for one in mine])
            assert max(abs(np.log(x / [getattr(one, of).value for one in mine]))) < 0.02
            heights = [np.ptp(s[:, 1]) for s in bar.lines[2][-1].get_segments()]
            np.testing.assert_allclose(heights, [200 * one.result.half_width for one in mine])
    on_front = left.lines[0].get_data()
    np.testing.assert_allclose(on_front[0][:2], [19_200, 76_800])
    quarter, full = haar.ACCURACY["moving_haar", 5], haar.ACCURACY["poly", 20]
    np.testing.assert_allclose(on_front[1][:2], [100 * np.mean(quarter), 100 * np.mean(full)])


def test_figure_when_one_seed_is_done_then_has_a_point_without_bar(grid: Grid) -> None:
    one = spending.spent(grid, haar.REPORT)[0]
    alone = mean_interval([0.87])
    row = spending.Spent(one.method, alone, mean_interval([9.0]), mean_interval([3.0]))
    bar = cost.draw([row], haar.REPORT, "speed").axes[0].containers[0]
    assert np.ptp(bar.lines[2][0].get_segments()[0][:, 1]) == 0


def test_figure_when_nothing_has_a_result_then_error_says_where_to_look() -> None:
    with pytest.raises(RecordError, match=r"speed: no arm has a result of 'x'.*table build"):
        cost.draw([], "x", "speed")


@pytest.mark.parametrize("suffix", style.SUFFIXES)
def test_command_when_drawn_twice_then_equal_bytes(
    store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, suffix: str
) -> None:
    outs = [tmp_path / f"{name}{suffix}" for name in "ab"]
    for out in outs:
        words = ("table", "draw", "speed", "--store", str(store), "--out", str(out))
        assert frlib(monkeypatch, *words) == 0
    assert outs[0].read_bytes() == outs[1].read_bytes()


def test_command_when_the_metric_is_unknown_then_the_nearest_is_named(
    store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ("table", "draw", "speed", "--store", str(store), "--out", str(tmp_path / "a.png"))
    assert frlib(monkeypatch, *words, "--metric", "selection/au") == 1
    assert "did you mean 'selection/auc'" in capsys.readouterr().err
    assert not (tmp_path / "a.png").exists()


def test_table_when_written_as_csv_then_base_units_stand_there(store: Path, table: Table) -> None:
    text = (layout.study_folder(store, "speed") / "tables" / "haar_speed.csv").read_text()
    head, *lines = text.splitlines()
    assert "images" in head.split(",")
    assert float(lines[0].split(",")[2]) == 76_800


def _spent(method: str, images: float, result: float) -> spending.Spent:
    return spending.Spent(method, *(mean_interval([one]) for one in (result, images, 3.0)))


def test_figure_when_less_is_better_then_the_front_goes_down() -> None:
    rows = [_spent("a", 100, 0.2), _spent("b", 200, 0.1), _spent("c", 300, 0.3)]
    front = cost.draw(rows, "lfw/eer", "speed").axes[0].lines[0]
    assert np.asarray(front.get_ydata()).tolist() == pytest.approx([0.2, 0.1, 0.1])


def test_figure_when_a_name_is_long_then_the_legend_folds_it() -> None:
    figure = cost.draw([_spent("word " * 60, 100, 0.2)], "lfw/eer", "speed")
    names = [text.get_text() for text in figure.legends[0].get_texts()]
    assert max(len(line) for name in names for line in name.splitlines()) < 118
    assert " ".join(" ".join(names).split()).count("word") == 60


def test_marks_when_there_are_as_many_methods_as_are_drawn_then_no_two_are_alike() -> None:
    looks = {(style.COLOURS[at % len(style.COLOURS)], style.mark(at)) for at in range(cost.MOST)}
    assert len(looks) == cost.MOST
