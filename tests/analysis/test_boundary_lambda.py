"""Weights of the gap: comparisons against numbers worked out by hand, their reasons, the figure."""

from pathlib import Path

import numpy as np
import pytest

from analysis import comparing
from analysis.figures import boundary_lambda as figure
from analysis.table import Cell, Table
from analysis.tables import boundary_lambda
from frlib.core.errors import RecordError
from frlib.denoise import boundary as boundary_list
from frlib.heads.presets import boundary
from frlib.records import declare, layout, read
from frlib.stats.intervals import mean_interval
from frlib.stats.paired import holm, paired_t
from tests.analysis import weighted
from tests.benchmarks.run import run as frlib

GOLDEN = Path(__file__).parent / "golden" / "boundary_lambda.md"
PI, LAST, SEVERAL = boundary_lambda.PUBLISHED, *weighted.LISTS
DIFFERENCE, P = f"difference/{weighted.REPORT}", f"p/{weighted.REPORT}"
MADE, STUDY = weighted, "weights"


def entry(
    table: Table, key: str, head: str, rule: str = "none", people: int = 25, flips: float = 0.1
) -> str | Cell:
    wanted = {
        "data.train.identities": str(people),
        "noise.closed.ratio": f"{100 * flips:g} %",
        "head": head,
        "clean": rule,
    }
    return next(row[key] for row in table.keyed() if wanted.items() <= row.items())


def cell(table: Table, key: str, *named: str, people: int = 25, flips: float = 0.1) -> Cell:
    found = entry(table, key, *named, people=people, flips=flips)
    assert isinstance(found, Cell)
    return found


def sample(head: str, rule: str = "none") -> list[float]:
    return [weighted.accuracy(25, 0.1, head, rule, seed) for seed in weighted.SEEDS]


def test_table_when_rendered_then_equals_the_stored_page(store: Path, table: Table) -> None:
    page = layout.study_folder(store, "weights") / "tables" / "boundary_lambda.md"
    assert page.read_text() == GOLDEN.read_text()


@pytest.mark.parametrize(
    ("named", "other"),
    [
        (("BoundaryF1",), (PI,)),
        (("BoundaryFace (λ=π, no floor)",), (PI,)),
        (("ArcFace", LAST), (PI,)),
        (("ArcFace", SEVERAL), ("ArcFace", LAST)),
    ],
    ids=str,
)
def test_difference_when_computed_by_hand_then_is_paired_over_seeds(
    table: Table, named: tuple[str, ...], other: tuple[str, ...]
) -> None:
    wanted = mean_interval(np.subtract(sample(*named), sample(*other)))
    found = cell(table, DIFFERENCE, *named)
    assert found.value == pytest.approx(wanted.value, abs=1e-12)
    assert found.half_width == pytest.approx(wanted.half_width, abs=1e-12)


def test_p_when_corrected_then_by_holm_over_the_comparisons_of_one_noise_and_set(
    table: Table,
) -> None:
    compared = [one for one in weighted.METHODS if one != (PI, "none")]
    tests = [
        paired_t(sample(*one), sample("ArcFace", LAST) if one[1] == SEVERAL else sample(PI)).p
        for one in compared
    ]
    for one, wanted in zip(compared, holm(tests), strict=True):
        found = cell(table, P, *one)
        if not np.isfinite(wanted):
            assert found.note.startswith("no test")
        elif wanted < comparing.LEAST_P:
            assert (found.value, found.note) == (comparing.LEAST_P, "or less")
        else:
            assert found.value == pytest.approx(wanted)


def test_standing_when_tested_then_tells_the_leader_ties_and_what_is_lower(table: Table) -> None:
    found = {head: entry(table, "standing", head) for head in weighted.WEIGHTS}
    assert found["BoundaryFace (λ=1)"] == "highest mean"
    assert found["BoundaryFace (λ=0.5)"] == "not shown to differ"
    assert found["BoundaryFace (λ=6.28319)"] == "lower"
    assert found["BoundaryFace (λ=π, no floor)"] == ""
    assert entry(table, "standing", "ArcFace", LAST) == ""


def test_standing_when_rows_of_a_noise_are_apart_then_is_of_its_own_row(
    tmp_path: Path, table: Table
) -> None:
    folder = weighted.record(tmp_path)
    cells = sorted(weighted.STUDY["cells"], key=lambda one: [str(v) for _, v in one["shown"][::-1]])
    declare.write_study(folder, weighted.STUDY | {"name": "apart", "cells": cells})
    apart = boundary_lambda.build(read.load(folder), None)
    place = table.keys.index("standing")

    def standings(of: Table) -> list[tuple[str | Cell, ...]]:
        return sorted((*row[:5], row[place]) for row in of.rows)  # type: ignore[type-var]

    assert [row[3] for row in apart.rows] != [row[3] for row in table.rows]
    assert standings(apart) == standings(table)


def test_cell_when_a_replicate_is_alone_or_failed_then_says_so(table: Table) -> None:
    people, flips, head = weighted.FAILED
    for key in (weighted.REPORT, DIFFERENCE, P, "lam"):
        assert cell(table, key, head, people=people, flips=flips).note.startswith("1 arm failed")
    people, flips, head = weighted.ONE_SEED
    assert cell(table, P, head, people=people, flips=flips).note.startswith("no test")
    assert cell(table, DIFFERENCE, PI).note == "the reference"
    assert cell(table, "lam", "ArcFace", LAST).note == "ArcFace has no λ"


def test_labels_when_heads_and_rules_give_them_then_are_those_of_the_table() -> None:
    assert boundary.label(boundary.Config()) == boundary_lambda.PUBLISHED
    assert boundary_lambda.UNFLOORED in boundary.label(boundary.Config(floor_zero=False))
    assert boundary_list.label(boundary_list.Config()) == boundary_lambda.LIST
    assert boundary_list.label(boundary_list.Config(memory=4)) == SEVERAL


def test_figure_when_drawn_then_a_line_a_noise_has_the_means_of_every_weight(
    table: Table,
) -> None:
    left, right = figure.draw(table).axes
    assert left.get_title(loc="left") == "25 people, 120 pictures of each"
    assert right.get_title(loc="left") == "100 people, 30 pictures of each"
    lines = {str(line.get_label()): line for line in left.lines}
    heads = [head for head in weighted.WEIGHTS if "floor" not in head]
    wanted = [100 * np.mean(sample(head)) for head in heads]
    np.testing.assert_allclose(np.asarray(lines["10 % flips"].get_ydata(), np.float64), wanted)
    assert len(np.asarray(lines["50 % flips"].get_xdata())) == len(heads) - 1
    ticks = [label.get_text() for label in left.get_xticklabels()]
    assert ticks == ["0", "0.5", "1", "π", "2π"]


def test_figure_when_no_weight_has_a_result_then_error_says_what_tells_why(table: Table) -> None:
    rows = tuple(row for row in table.rows if "ArcFace" in row)
    bare = Table(table.name, table.title, table.caption, table.columns, rows)
    with pytest.raises(RecordError, match="no λ has a result"):
        figure.draw(bare)


def test_command_when_drawn_twice_then_equal_bytes(
    store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    outs = [tmp_path / f"{name}.png" for name in "ab"]
    for out in outs:
        words = ("table", "draw", "weights", "--store", str(store), "--out", str(out))
        assert frlib(monkeypatch, *words) == 0
    assert outs[0].read_bytes() == outs[1].read_bytes()
    assert outs[0].stat().st_size > 5_000
