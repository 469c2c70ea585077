"""The table `recovery`: recovery and comparisons by hand, reasons for gaps, the stored page."""

from pathlib import Path

import numpy as np
import pytest

from analysis import build, comparing
from analysis.grid import Grid
from analysis.table import Cell, Table
from analysis.tables import recovery
from frlib.core.errors import RecordError
from frlib.heads.presets import arcface, boundary
from frlib.records import declare, layout, read
from frlib.records.select import Choice
from frlib.stats.intervals import mean_interval
from frlib.stats.paired import holm, paired_t
from frlib.train.clean import Clean
from tests.analysis import composed

GOLDEN = Path(__file__).parent / "golden" / "recovery.md"
DIFFERENCE, P = f"difference/{composed.REPORT}", f"p/{composed.REPORT}"
LOOP = ("ArcFace", composed.LOOP)
MADE, STUDY = composed, "won_back"


def entry(table: Table, key: str, named: tuple[str, str], flips: float) -> Cell:
    wanted = {"head": named[0], "clean": named[1], "noise.closed.ratio": f"{100 * flips:g} %"}
    found = next(row[key] for row in table.keyed() if wanted.items() <= row.items())
    assert isinstance(found, Cell)
    return found


def sample(named: tuple[str, str], flips: float) -> list[float]:
    return [composed.accuracy(*named, flips, seed) for seed in composed.SEEDS]


def test_table_when_rendered_then_equals_the_stored_page(store: Path, table: Table) -> None:
    page = layout.study_folder(store, "won_back") / "tables" / "recovery.md"
    assert page.read_text() == GOLDEN.read_text()


def test_table_when_built_then_rows_are_noise_by_composition(table: Table) -> None:
    assert table.keys[:3] == ("noise.closed.ratio", "head", "clean")
    shown = [tuple(row.values())[:3] for row in table.keyed()]
    assert shown[0] == ("0 %", *composed.PLAIN)
    wanted = [(f"{flips} %", *one) for flips in (30, 50) for one in composed.WINS]
    assert shown[1:] == wanted


@pytest.mark.parametrize("flips", [0.3, 0.5])
@pytest.mark.parametrize("named", [composed.RIVAL, ("ArcFace", composed.ORACLE), LOOP], ids=str)
def test_recovery_when_computed_by_hand_then_is_averaged_over_seeds(
    table: Table, named: tuple[str, str], flips: float
) -> None:
    under = np.array(sample(composed.PLAIN, flips))
    cost = np.array(sample(composed.PLAIN, 0.0)) - under
    wanted = mean_interval((np.array(sample(named, flips)) - under) / cost)
    found = entry(table, "recovery", named, flips)
    assert found.value == pytest.approx(wanted.value)
    assert found.half_width == pytest.approx(wanted.half_width)


@pytest.mark.parametrize("flips", [0.3, 0.5])
@pytest.mark.parametrize(
    ("other", "whom"),
    [(composed.RIVAL, ""), (("ArcFace", composed.ORACLE), f"/{recovery.BOUND}")],
    ids=str,
)
def test_comparison_when_computed_by_hand_then_is_with_the_rival_at_the_same_noise(
    table: Table, flips: float, other: tuple[str, str], whom: str
) -> None:
    failed = composed.FAILED[:2] if flips == composed.FAILED[2] else None
    rows = [one for one in composed.WINS if one not in (other, failed)]
    rival = sample(other, flips)
    adjusted = holm([paired_t(sample(one, flips), rival).p for one in rows])
    assert entry(table, DIFFERENCE + whom, other, flips).note == "the reference"
    for one, p in zip(rows, adjusted.tolist(), strict=True):
        found = entry(table, DIFFERENCE + whom, one, flips)
        assert found.value == pytest.approx(np.mean(np.subtract(sample(one, flips), rival)))
        assert entry(table, P + whom, one, flips).value == pytest.approx(max(p, comparing.LEAST_P))


def test_columns_when_rows_of_a_group_are_no_neighbours_then_keep_the_order_of_the_grid(
    store: Path,
) -> None:
    grid = Grid.of(read.load(layout.study_folder(store, "won_back")))
    flips = [row.shown["noise.closed.ratio"] for row in grid.rows]
    assert flips != sorted(flips), "rows of a noise are apart"

    def rival(group: list[Choice], row: Choice) -> Choice | None:
        return next(
            one for one in group if (one.shown["head"], one.shown["clean"]) == composed.PLAIN
        )

    against = comparing.Rival(("head", "clean"), rival, lambda _: "ArcFace")
    differences, tests = comparing.columns(grid, composed.REPORT, against)
    for row, cell, test in zip(grid.rows, differences.entries, tests.entries, strict=True):
        assert isinstance(cell, Cell) and isinstance(test, Cell)
        named, noise = (row.shown["head"], row.shown["clean"]), row.shown["noise.closed.ratio"]
        if named == composed.PLAIN:
            assert cell.note == test.note == "the reference"
        elif row.arm is None:
            assert cell.note == test.note == row.missing
        else:
            gain = np.subtract(sample(named, noise), sample(composed.PLAIN, noise))
            assert cell.value == pytest.approx(np.mean(gain))
            assert test.value is not None


def test_cell_when_there_is_no_number_then_says_why(table: Table) -> None:
    assert entry(table, "recovery", composed.PLAIN, 0.0).note == "no noise to recover from"
    assert "the reference: 0 by definition" in entry(table, "recovery", composed.PLAIN, 0.3).note
    assert entry(table, DIFFERENCE, composed.RIVAL, 0.3).note == "the reference"
    alone = entry(table, DIFFERENCE, composed.PLAIN, 0.0)
    assert alone.note == f"no result of {recovery.RIVAL} to compare with"
    assert entry(table, "cleaning/recall", composed.RIVAL, 0.3).note.startswith("nothing is clean")
    head, rule, flips = composed.FAILED
    for key in ("recovery", composed.REPORT, DIFFERENCE, P, "cleaning/recall"):
        assert entry(table, key, (head, rule), flips).note.startswith("1 arm failed")


def test_scores_when_recorded_then_are_those_of_the_rule(table: Table) -> None:
    for name in recovery.SHOWN:
        found = entry(table, f"cleaning/{name}", LOOP, 0.3)
        assert found.value == pytest.approx(composed.SCORES[name])


def test_labels_when_heads_and_rules_give_them_then_are_those_of_the_table() -> None:
    assert boundary.label(boundary.Config()) == recovery.RIVAL == composed.RIVAL[0]
    assert arcface.PAPER.title == recovery.REFERENCE == composed.PLAIN[0]
    assert Clean().label == recovery.NOBODY
    loop = Clean(rule={"name": "nearest_class", "lead": 0.35}, rounds=2)  # type: ignore[arg-type]
    assert loop.label == composed.LOOP
    oracle = Clean(rule="oracle", apply="drop")  # type: ignore[arg-type]
    assert oracle.label == recovery.ORACLE == composed.ORACLE


def test_table_when_the_study_has_no_axis_of_rules_then_error_names_it(tmp_path: Path) -> None:
    folder = layout.study_folder(tmp_path, "bare")
    cells = [{"shown": [["head", "ArcFace"], ["noise.closed.ratio", 0.0]]}]
    declare.write_study(folder, composed.STUDY | {"name": "bare", "cells": cells})
    with pytest.raises(RecordError, match="no axis clean"):
        build.build("bare", tmp_path)
