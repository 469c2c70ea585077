"""Denoise-Bench: the table against numbers worked out by hand, its reasons, its figure."""

from pathlib import Path

import numpy as np
import pytest

from analysis import build, scored
from analysis.figures import denoise_bench as figure
from analysis.figures import style
from analysis.table import Cell, Table
from analysis.tables import denoise_bench
from frlib.core.errors import RecordError
from frlib.denoise import boundary, oracle
from frlib.records import declare, layout
from frlib.stats.intervals import mean_interval
from frlib.track import uri
from frlib.track.mirror import Mirror
from frlib.track.restore import restore
from frlib.train.clean import Clean
from tests.analysis import denoised
from tests.benchmarks.run import run as frlib

GOLDEN = Path(__file__).parent / "golden" / "denoise_bench.md"
QUIET, C20, C40, O20, MIXED, TAIL = denoised.NOISE
MADE, STUDY = denoised, "bench"


def entry(table: Table, rule: str, noise: tuple[float, float, float], key: str) -> Cell:
    flips, outliers, tail = noise
    shown = (f"{100 * flips:g} %", f"{100 * outliers:g} %", f"{tail:g}", rule)
    row = next(r for r in table.keyed() if tuple(r.values())[:4] == shown)
    found = row[key]
    assert isinstance(found, Cell)
    return found


def test_table_when_built_then_rows_are_noise_by_rule_and_recovery_comes_first(
    table: Table,
) -> None:
    assert [tuple(row.values())[3] for row in table.keyed()[:5]] == list(denoised.RULES)
    assert {tuple(row.values())[:3] for row in table.keyed()[5:10]} == {("20 %", "0 %", "1")}
    assert table.keys[3:6] == ("clean", "recovery", denoised.REPORT)


def test_table_when_rendered_then_equals_the_stored_page(store: Path, table: Table) -> None:
    page = layout.study_folder(store, "bench") / "tables" / "denoise_bench.md"
    assert page.read_text() == GOLDEN.read_text()


@pytest.mark.parametrize("noise", [C20, O20, TAIL], ids=str)
def test_recovery_when_computed_by_hand_then_is_against_the_uncleaned_set_at_this_noise(
    table: Table, noise: tuple[float, float, float]
) -> None:
    rule = "BoundaryFace list"
    ratios = []
    for seed in denoised.SEEDS:
        noisy = denoised.accuracy("none", noise, seed)
        clean = denoised.accuracy("none", QUIET, seed)
        ratios.append((denoised.accuracy(rule, noise, seed) - noisy) / (clean - noisy))
    found, wanted = entry(table, rule, noise, "recovery"), mean_interval(ratios)
    assert (found.value, found.half_width) == pytest.approx((wanted.value, wanted.half_width))
    assert entry(table, "none", noise, "recovery").note.endswith("0 by definition")
    assert entry(table, rule, QUIET, "recovery").note == "no noise to recover from"


def test_scores_when_recorded_then_are_means_over_seeds_and_flagged_is_a_share(
    table: Table,
) -> None:
    rule = "Sub-center drop"
    hits = np.array([0.80, 0.79, 0.78]) * 200
    flagged = hits + 0.1 * 800
    for key, wanted in (
        ("cleaning/precision", hits / flagged),
        ("cleaning/recall/flip", hits / 200),
        ("cleaning/f1", 2 * hits / (flagged + 200)),
        ("cleaning/harm", np.full(3, 0.1)),
        ("flagged_share", flagged / 1000),
    ):
        assert entry(table, rule, C20, key).value == pytest.approx(wanted.mean()), key


@pytest.mark.parametrize(
    ("rule", "noise", "key", "why"),
    [
        ("none", C20, "cleaning/precision", "nothing is cleaned in this row"),
        ("none", C20, "flagged_share", "nothing is cleaned in this row"),
        ("Oracle", QUIET, "cleaning/precision", "nothing was flagged"),
        ("Oracle", QUIET, "cleaning/recall", "no label is wrong there"),
        ("Oracle", C20, "cleaning/recall/outlier", "no image is an outlier there"),
        ("Oracle", O20, "cleaning/recall/flip", "no label is a flip there"),
        (
            "Sub-center drop",
            C20,
            "cleaning/relabel_accuracy",
            "no label was proposed for anybody of the set",
        ),
        (*denoised.UNRUN, "cleaning/ece", "not run"),
        (*denoised.UNRUN, "flagged_share", "not run"),
        (*denoised.FAILED, "recovery", "1 arm failed: DataError"),
        (*denoised.FAILED, "cleaning/auprc", "1 arm failed: DataError"),
    ],
)
def test_cell_when_missing_then_says_why(
    table: Table, rule: str, noise: tuple[float, float, float], key: str, why: str
) -> None:
    found = entry(table, rule, noise, key)
    assert found.origin == "missing"
    assert found.note.startswith(why)


def test_cell_when_undefined_in_a_replicate_then_says_in_how_many(table: Table) -> None:
    found = entry(table, "BoundaryFace list", C20, "cleaning/relabel_accuracy")
    assert found.n == 2
    assert found.note.startswith("undefined in 1 of 3 replicates")


def test_scores_when_no_truth_is_known_then_say_so(tmp_path: Path) -> None:
    cells = [
        {"shown": [["clean", rule], ["noise.closed.ratio", 0.0]]} for rule in ("none", "subcenter")
    ]
    study = {**denoised.STUDY, "name": "real", "published": "", "cells": cells}
    folder = layout.study_folder(tmp_path, "real")
    declare.write_study(folder, study)
    for planned in cells:
        cell = dict(planned["shown"])
        found = {denoised.REPORT: 0.9, "selection/auc": 0.9}
        flagged = {} if cell["clean"] == "none" else {"cleaning/flagged": 12.0}
        denoised.replicates(folder, cell, [found | flagged] * 2)
    last = build.build("real", tmp_path).keyed()[-1]
    unknown = {
        key: cell.note
        for key, cell in last.items()
        if isinstance(cell, Cell) and (key.startswith("cleaning/") or key == "flagged_share")
    }
    assert set(unknown.values()) == {"the truth of no sample is known"}
    assert len(unknown) == len(scored.SCORES) + 1


def test_best_when_the_oracle_leads_then_the_best_of_the_rules_is_marked(table: Table) -> None:
    best = {
        str(row["clean"])
        for row in table.keyed()
        for cell in [row[denoised.REPORT]]
        if isinstance(cell, Cell) and cell.best
    }
    assert best == {"BoundaryFace list"}
    assert not entry(table, "Oracle", C20, "cleaning/recall").best
    assert entry(table, "Sub-center drop", C20, "cleaning/f1").best


def test_published_when_the_noise_is_then_stands_beside_the_uncleaned_set_and_the_list(
    table: Table,
) -> None:
    for noise, arcface, boundaryface in ((C20, 0.991, 0.9925), (MIXED, 0.9875, 0.9913)):
        assert entry(table, "none", noise, "published").value == pytest.approx(arcface)
        found = entry(table, "BoundaryFace list", noise, "published")
        assert found.value == pytest.approx(boundaryface)
        regained = entry(table, "BoundaryFace list", noise, "published_recovery")
        wanted = (boundaryface - arcface) / (0.9928 - arcface)
        assert regained.value == pytest.approx(wanted)
    for rule, noise, why in (
        ("BoundaryFace list", C40, "not published at 40 % flips"),
        ("BoundaryFace list", TAIL, "no long tail is published"),
        ("Oracle", C20, "nothing is published that answers this rule"),
    ):
        assert entry(table, rule, noise, "published").note.startswith(why)


def test_labels_when_the_rules_give_them_then_are_those_of_the_table() -> None:
    assert boundary.label(boundary.Config()) == denoise_bench.LIST
    assert Clean().label == denoise_bench.NOBODY
    assert denoise_bench.BOUND in oracle.label(oracle.Config(relabel=False))


def test_table_when_there_is_no_axis_of_rules_then_another_is_advised(tmp_path: Path) -> None:
    study = {**denoised.STUDY, "name": "lr", "cells": [{"shown": [["optimiser.lr", 0.1]]}]}
    declare.write_study(layout.study_folder(tmp_path, "lr"), study)
    with pytest.raises(RecordError, match=r"no axis clean and no axis noise\.closed\.ratio"):
        build.build("lr", tmp_path)


@pytest.mark.filterwarnings("ignore:.*noload.*loader strategy is deprecated")
def test_table_when_only_the_server_is_left_then_is_byte_identical(tmp_path: Path) -> None:
    few = [
        planned
        for planned in denoised.STUDY["cells"]
        if dict(planned["shown"])["clean"] in ("none", "BoundaryFace list")
        and tuple(dict(planned["shown"]).values())[1:] in (QUIET, MIXED)
    ]
    folder = denoised.record(tmp_path, {**denoised.STUDY, "cells": few})
    table = build.build("bench", tmp_path)
    server = uri.default_uri(tmp_path)
    Mirror(folder, server, uri.default_artifacts(tmp_path)).sync()
    again = restore(server, "bench", tmp_path / "restored")
    assert build.build("bench", tmp_path / "restored") == table
    for suffix in ("md", "csv", "tex", "html"):
        name = f"tables/denoise_bench.{suffix}"
        assert (again / name).read_bytes() == (folder / name).read_bytes()


def test_figure_when_drawn_then_marks_stand_at_recall_and_precision(table: Table) -> None:
    drawn = figure.draw(table)
    *panels, strip = drawn.axes
    assert [axes.get_title(loc="left") for axes in panels] == [
        "20 % flips",
        "40 % flips",
        "20 % outliers",
        "20 % flips, 20 % outliers",
        "20 % flips, long tail 1 : 10",
    ]
    marks = [line for line in panels[0].lines if line.get_marker() != "None"]
    rules = [rule for rule in denoised.RULES if rule != "none"]
    for rule, mark in zip(rules, marks, strict=True):
        x, y = (float(np.asarray(part)[0]) for part in mark.get_data())
        assert x == pytest.approx(100 * (entry(table, rule, C20, "cleaning/recall").value or 0))
        assert y == pytest.approx(100 * (entry(table, rule, C20, "cleaning/precision").value or 0))
    heights = [
        float(np.asarray(line.get_ydata())[0]) for line in strip.lines if line.get_marker() == "o"
    ]
    wanted = [entry(table, rules[0], noise, "recovery").value for noise in denoised.NOISE[1:]]
    assert heights == pytest.approx(wanted)
    assert "no point: Loss quantile" in {text.get_text() for text in panels[3].texts}


def test_figure_when_there_are_many_rules_then_no_two_look_alike() -> None:
    rules = [*(f"rule {k}" for k in range(20)), "Oracle"]
    looks = figure.looks(rules)
    assert len(set(looks.values())) == len(rules)


def test_figure_when_nothing_is_scored_then_error_says_what_tells_why(table: Table) -> None:
    quiet = [row for row in table.rows if row[:2] == ("0 %", "0 %")]
    bare = Table(table.name, table.title, table.caption, table.columns, tuple(quiet))
    with pytest.raises(RecordError, match="`frlib table build` says why"):
        figure.draw(bare)


@pytest.mark.parametrize("suffix", style.SUFFIXES)
def test_command_when_drawn_twice_then_equal_bytes(
    store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, suffix: str
) -> None:
    outs = [tmp_path / f"{name}{suffix}" for name in "ab"]
    for out in outs:
        words = ("table", "draw", "bench", "--store", str(store), "--out", str(out))
        assert frlib(monkeypatch, *words) == 0
    assert outs[0].read_bytes() == outs[1].read_bytes()
    assert outs[0].stat().st_size > 5_000
