"""Backward compatibility: the table against numbers worked out by hand, its reasons, its figure."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from analysis import build, crossed
from analysis.figures import compatible as figure
from analysis.figures import style
from analysis.grid import Grid
from analysis.table import Cell, Table
from analysis.tables import compatible
from frlib.compat import none
from frlib.core.errors import RecordError
from frlib.records import declare, layout, read
from frlib.stats.intervals import mean_interval
from frlib.study.arms import cells
from frlib.track import uri
from frlib.track.mirror import Mirror
from frlib.track.restore import restore
from studies import bct_scenarios
from tests.analysis import compatibles
from tests.analysis.compatibles import METHODS, OLD, SEEDS, accuracy
from tests.benchmarks.run import run as frlib
from tests.unit.study.designs import digests

GOLDEN = Path(__file__).parent / "golden" / "compatible.md"
OPEN, EXTENDED = compatibles.PARTS
MADE, STUDY = compatibles, "compat"


def entry(table: Table, place: tuple[str, str, str], key: str) -> str | Cell:
    row = next(r for r in table.keyed() if tuple(r.values())[:3] == place)
    return row[key]


def cell(table: Table, place: tuple[str, str, str], key: str) -> Cell:
    found = entry(table, place, key)
    assert isinstance(found, Cell)
    return found


def by_seed(of: Callable[[dict[str, float], dict[str, float]], float], place: str) -> list[float]:
    """`of` what a method and the independent model measured, both with the ArcFace old model."""
    return [of(accuracy("ArcFace", place, s), accuracy("ArcFace", "Independent", s)) for s in SEEDS]


def test_table_when_built_then_rows_are_scenario_by_old_head_by_method(table: Table) -> None:
    wanted = [(s, h, m) for s in compatibles.PARTS for h in OLD for m in METHODS]
    assert [tuple(row.values())[:3] for row in table.keyed()] == wanted
    assert table.keys[:3] == ("scenario", "compat.changes.head", "compat.method")


def test_table_when_rendered_then_equals_the_stored_page(store: Path, table: Table) -> None:
    page = layout.study_folder(store, "compat") / "tables" / "compatible.md"
    assert page.read_text() == GOLDEN.read_text()


@pytest.mark.parametrize("method", ["L2", "MixBCT"])
def test_quantities_when_worked_out_by_hand_then_are_means_over_paired_seeds(
    table: Table, method: str
) -> None:
    place = (OPEN, "ArcFace", method)
    for key, values in {
        "gain": by_seed(lambda new, _: new["cross_"] - new["old_"], method),
        "self_cost": by_seed(lambda new, alone: new[""] - alone[""], method),
        "update_gain": by_seed(
            lambda new, alone: (new["cross_"] - new["old_"]) / (alone[""] - new["old_"]), method
        ),
        "negative_flips": [(METHODS[method].flips + seed) / compatibles.PAIRS for seed in SEEDS],
        "procedural/backfill/rank1@0.5": [
            compatibles.rank("ArcFace", method, seed, 0.5) for seed in SEEDS
        ],
    }.items():
        found, wanted = cell(table, place, key), mean_interval(values)
        assert found.n == len(SEEDS), key
        assert found.value == pytest.approx(wanted.value), key
        assert found.half_width == pytest.approx(wanted.half_width), key


@pytest.mark.parametrize(
    ("place", "told"),
    [
        ((OPEN, "Softmax", "MixBCT"), "yes"),
        ((OPEN, "Softmax", "L2"), "not shown"),
        ((OPEN, "Softmax", "Independent"), "no"),
        (compatibles.ONE_SEED, "not shown"),
        (compatibles.UNRUN, ""),
    ],
)
def test_compatible_when_an_interval_is_above_zero_below_or_around_it_then_says_so(
    table: Table, place: tuple[str, str, str], told: str
) -> None:
    assert entry(table, place, "compatible") == told


def test_compatible_when_the_interval_just_reaches_zero_then_is_not_shown() -> None:
    assert crossed.compatible(Cell(0.5, 0.5, 3)) == crossed.OPEN
    assert crossed.compatible(Cell(-0.5, 0.5, 3)) == crossed.NO


@pytest.mark.parametrize(
    ("place", "key", "why"),
    [
        ((OPEN, "Softmax", "Independent"), "self_cost", "the reference"),
        (compatibles.UNRUN, "gain", "not run"),
        (compatibles.UNRUN, "negative_flips", "not run"),
        (compatibles.FAILED, "self_cost", "1 arm failed: NumericsError"),
        (compatibles.FAILED, "update_gain", "1 arm failed: NumericsError"),
        (compatibles.ONE_SEED, "update_gain", "one seed cannot show"),
        (compatibles.NO_PAIRS, "negative_flips", "no verdicts on single pairs were recorded"),
    ],
)
def test_cell_when_missing_then_says_why(
    table: Table, place: tuple[str, str, str], key: str, why: str
) -> None:
    found = cell(table, place, key)
    assert found.origin == "missing"
    assert found.note.startswith(why)


def test_update_gain_when_the_new_model_alone_is_no_better_then_is_undefined(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(compatibles, "INDEPENDENT", OLD["Softmax"])
    compatibles.record(tmp_path)
    found = cell(build.build("compat", tmp_path), (OPEN, "Softmax", "MixBCT"), "update_gain")
    assert found.note.startswith("the new model's own gain")
    assert "is not clearly above 0" in found.note


def test_reference_when_it_was_not_run_then_what_needs_it_says_so(tmp_path: Path) -> None:
    left = [
        one for one in compatibles.STUDY["cells"] if dict(one["shown"])["compat.method"] == "MixBCT"
    ]
    compatibles.record(tmp_path, {**compatibles.STUDY, "cells": left})
    built = build.build("compat", tmp_path)
    place = (OPEN, "ArcFace", "MixBCT")
    for key in ("self_cost", "update_gain"):
        assert cell(built, place, key).note == "no result of Independent to compare with"
    assert cell(built, place, "gain").value is not None


def test_best_when_the_independent_model_leads_then_it_is_marked_in_no_test_of_its_own(
    table: Table,
) -> None:
    def best(key: str) -> set[str]:
        rows = (row for row in table.keyed() if row["scenario"] == OPEN)
        return {str(r["compat.method"]) for r in rows if isinstance(c := r[key], Cell) and c.best}

    assert best(f"{compatibles.STEM}/cross_accuracy") == {"MixBCT"}
    assert best(f"{compatibles.STEM}/accuracy") == {"MixBCT"}
    assert best(f"{compatibles.STEM}/old_accuracy") == set()


def test_labels_when_a_study_gives_them_then_are_those_of_the_table() -> None:
    assert none.label(none.Config()) == crossed.NOBODY
    shown = [one.shown for one in cells(bct_scenarios.study(), digests)]
    assert {compatible.scenario(one) for one in shown} == set(compatible.SCENARIOS.values())
    assert {one["compat.changes.head"] for one in shown} == {"Softmax", "ArcFace"}
    other = {compatible.NEW_PART: "class_split", compatible.OLD_PART: "image_split"}
    assert compatible.scenario(other) == "class_split after image_split"


def test_columns_when_parts_are_not_varied_then_there_is_no_scenario(tmp_path: Path) -> None:
    fewer = [
        {"shown": one["shown"][2:]} for one in compatibles.STUDY["cells"][: len(METHODS) * len(OLD)]
    ]
    study = {**compatibles.STUDY, "cells": fewer}
    declare.write_study(layout.study_folder(tmp_path, "compat"), study)
    assert build.build("compat", tmp_path).keys[:2] == ("compat.changes.head", "compat.method")


@pytest.mark.parametrize(
    ("told", "words"),
    [
        ({"changes": {"epochs": 1}, "seed": 100}, "One old model, of seed 100, serves"),
        ({"changes": {"epochs": 1}, "seed": None}, "intervals are over old models too"),
        ({"path": "/somewhere"}, ""),
    ],
)
def test_caption_when_the_study_trains_the_old_model_then_says_what_intervals_cover(
    tmp_path: Path, told: dict[str, Any], words: str
) -> None:
    study = {**compatibles.STUDY, "base": {"compat": told}}
    declare.write_study(layout.study_folder(tmp_path, "compat"), study)
    caption = build.build("compat", tmp_path).caption
    assert words in caption
    assert ("old model of its own" in caption) == (told.get("seed", 0) is None)
    assert ("One old model" in caption) == (told.get("seed") is not None)


def test_table_when_there_is_no_axis_of_methods_then_another_is_advised(tmp_path: Path) -> None:
    study = {**compatibles.STUDY, "cells": [{"shown": [["optimiser.lr", 0.1]]}]}
    declare.write_study(layout.study_folder(tmp_path, "compat"), study)
    with pytest.raises(RecordError, match=r"no axis compat\.method"):
        build.build("compat", tmp_path)


@pytest.mark.filterwarnings("ignore:.*noload.*loader strategy is deprecated")
def test_table_when_only_the_server_is_left_then_is_byte_identical(tmp_path: Path) -> None:
    few = compatibles.STUDY["cells"][: len(METHODS)]
    folder = compatibles.record(tmp_path, {**compatibles.STUDY, "cells": few})
    table = build.build("compat", tmp_path)
    server = uri.default_uri(tmp_path)
    Mirror(folder, server, uri.default_artifacts(tmp_path)).sync()
    again = restore(server, "compat", tmp_path / "restored")
    assert build.build("compat", tmp_path / "restored") == table
    for suffix in ("md", "csv", "tex"):
        name = f"tables/compatible.{suffix}"
        assert (again / name).read_bytes() == (folder / name).read_bytes()


def test_figure_when_drawn_then_lines_go_through_the_means_and_the_bar_is_dashed(
    store: Path,
) -> None:
    found = figure.panels(Grid.of(read.load_named(store, "compat")))
    assert [panel.title for panel in found] == [
        f"{scenario}, old head {head}" for scenario in compatibles.PARTS for head in OLD
    ]
    assert [len(panel.lines) for panel in found] == [3, 3, 1, 3]
    axes = figure.draw(found, "compat").axes[1]
    *lines, bar = axes.lines
    for method, line in zip(METHODS, lines, strict=True):
        wanted = [
            100 * np.mean([compatibles.rank("ArcFace", method, seed, share) for seed in SEEDS])
            for share in compatibles.SHARES
        ]
        assert np.asarray(line.get_ydata()) == pytest.approx(wanted)
        assert np.asarray(line.get_xdata()) == pytest.approx(100 * np.array(compatibles.SHARES))
    assert np.asarray(bar.get_ydata()) == pytest.approx(100 * (OLD["ArcFace"] - 0.25))
    assert len(axes.collections) == len(METHODS)


def test_figure_when_the_independent_model_lies_far_below_then_the_methods_fill_the_panel(
    store: Path,
) -> None:
    found = figure.panels(Grid.of(read.load_named(store, "compat")))
    low, _ = figure.draw(found, "compat").axes[0].get_ylim()
    alone, *methods = found[0].lines
    assert 100 * alone.spots[0].value < low
    assert all(100 * spot.value > low for line in methods for spot in line.spots)


def test_figure_when_there_are_many_methods_then_no_two_look_alike() -> None:
    names = [crossed.NOBODY, *(f"method {k}" for k in range(63))]
    found = figure.looks(names)
    assert len(set(found.values())) == len(names)
    seven = [found[name].color for name in names[:8]]
    assert len(set(seven)) == 8, "colours of the seven published methods, and grey"
    solid = [found[name].ls == "-" for name in names[1:9]]
    assert solid == [True, False] * 4, "of two equal lines the lower one shows through the gaps"


def test_figure_when_nothing_was_searched_for_then_error_says_what_is_needed() -> None:
    with pytest.raises(RecordError, match="people with two images"):
        figure.draw((), "compat")


@pytest.mark.parametrize("suffix", style.SUFFIXES)
def test_command_when_drawn_twice_then_equal_bytes(
    store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, suffix: str
) -> None:
    outs = [tmp_path / f"{name}{suffix}" for name in "ab"]
    for out in outs:
        words = ("table", "draw", "compat", "--store", str(store), "--out", str(out))
        assert frlib(monkeypatch, *words) == 0
    assert outs[0].read_bytes() == outs[1].read_bytes()
    assert outs[0].stat().st_size > 5_000
