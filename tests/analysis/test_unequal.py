"""The table of Unequal Training: names of arms, counts and passes by hand, reasons, its page."""

from pathlib import Path

import numpy as np
import pytest

from analysis import build
from analysis.table import Cell, Table
from analysis.tables import unequal
from frlib.core.errors import RecordError
from frlib.records import declare, layout
from frlib.records.write import RunWriter
from frlib.stats.intervals import mean_interval
from frlib.study.arms import cells
from frlib.study.find import find
from tests.analysis import tailed
from tests.analysis.denoised import SAMPLES, scores
from tests.unit.study.designs import digests

GOLDEN = Path(__file__).parent / "golden" / "unequal.md"
EVERYBODY, HEAD, CLEANED, DISPERSED, *_ = tailed.ARMS
MADE, STUDY = tailed, "stages"


def entry(table: Table, name: str, key: str) -> Cell:
    (row,) = (row for row in table.keyed() if row[unequal.TRAINING] == name)
    found = row[key]
    assert isinstance(found, Cell)
    return found


def test_table_when_built_then_a_row_is_an_arm_called_by_what_it_is(table: Table) -> None:
    assert [row[unequal.TRAINING] for row in table.keyed()] == list(tailed.ARMS)
    assert table.keys[:2] == (unequal.TRAINING, tailed.REPORT)


def test_table_when_rendered_then_equals_the_stored_page(store: Path, table: Table) -> None:
    page = layout.study_folder(store, "stages") / "tables" / "unequal.md"
    assert page.read_text() == GOLDEN.read_text()


def test_accuracy_when_one_leads_in_every_seed_then_it_alone_is_marked(table: Table) -> None:
    best = [name for name in tailed.ARMS if entry(table, name, tailed.REPORT).best]
    assert best == [DISPERSED]


def test_counts_when_a_list_is_applied_then_are_of_what_is_left_and_the_tail_is_beside(
    table: Table,
) -> None:
    assert entry(table, EVERYBODY, "images").value == 2 * SAMPLES
    flagged = [
        round(scores(tailed.LISTS["listed"], tailed.NOISE, seed)["cleaning/flagged"])
        for seed in tailed.SEEDS
    ]
    left, wanted = entry(table, CLEANED, "images"), mean_interval(SAMPLES - np.array(flagged))
    assert (left.value, left.half_width) == pytest.approx((wanted.value, wanted.half_width))
    assert left.note == ""
    assert entry(table, DISPERSED, "images").note == "and 600 images of the tail"
    assert entry(table, DISPERSED, "classes").note == "and 1,200 identities of the tail"


@pytest.mark.parametrize("name", [EVERYBODY, HEAD, CLEANED, DISPERSED])
def test_passes_when_there_are_stages_then_all_trainings_count(table: Table, name: str) -> None:
    assert entry(table, name, "passes").value == tailed.ARMS[name].passes


def test_scores_when_a_list_is_applied_then_are_means_over_seeds(table: Table) -> None:
    for name, listed in ((CLEANED, "listed"), (DISPERSED, "denoised")):
        told = [scores(tailed.LISTS[listed], tailed.NOISE, seed) for seed in tailed.SEEDS]
        for key in ("cleaning/precision", "cleaning/recall", "cleaning/harm"):
            wanted = np.mean([one[key] for one in told])
            assert entry(table, name, key).value == pytest.approx(wanted), key
        share = np.mean([one["cleaning/flagged"] for one in told]) / SAMPLES
        assert entry(table, name, "flagged_share").value == pytest.approx(share)


@pytest.mark.parametrize(
    ("name", "key", "why"),
    [
        (HEAD, "cleaning/recall", "nothing is cleaned in this row"),
        (HEAD, "flagged_share", "nothing is cleaned in this row"),
        (CLEANED, "cleaning/relabel_accuracy", "no label was proposed"),
        (CLEANED, unequal.DISPERSION, "no tail is dispersed in this row"),
        (tailed.FAILED, "images", "1 arm failed: DataError"),
        (tailed.FAILED, "passes", "1 arm failed: DataError"),
        (tailed.FAILED, "cleaning/f1", "1 arm failed: DataError"),
        (tailed.UNRUN, "classes", "not run"),
        (tailed.UNRUN, unequal.DISPERSION, "not run"),
        (tailed.UNRUN, "flagged_share", "not run"),
    ],
)
def test_cell_when_missing_then_says_why(table: Table, name: str, key: str, why: str) -> None:
    found = entry(table, name, key)
    assert found.origin == "missing" and found.note.startswith(why)


def test_names_when_arms_are_alike_then_say_what_differs(tmp_path: Path) -> None:
    one, other = (tailed.Arm("ArcFace", tailed.WHOLE, n, 0.8, n) for n in (24, 12))
    cells = [{"shown": list(map(list, arm.shown.items()))} for arm in (one, other)]
    declare.write_study(layout.study_folder(tmp_path, "stages"), {**tailed.STUDY, "cells": cells})
    names = [row[unequal.TRAINING] for row in build.build("stages", tmp_path).keyed()]
    assert names == [f"ArcFace on everybody (epochs {n})" for n in (24, 12)]


def test_passes_when_a_loop_is_among_the_stages_then_are_not_guessed(tmp_path: Path) -> None:
    again = {**tailed.FIRST, "again": {"name": "loop", "after": "listed", "model": "pretrain"}}
    arm = tailed.Arm("ArcFace", tailed.HEAD, 24, 0.8, 0, "listed", stages=again)
    folder = layout.study_folder(tmp_path, "stages")
    cells = [{"shown": list(map(list, arm.shown.items()))}]
    declare.write_study(folder, {**tailed.STUDY, "cells": cells})
    tailed.complete(folder, arm)
    found = entry(build.build("stages", tmp_path), CLEANED.replace("NRA", "ArcFace"), "passes")
    assert found.note == "trainings of a rule or a loop are not counted"


def test_table_when_there_is_no_tail_then_another_is_advised(tmp_path: Path) -> None:
    study = {**tailed.STUDY, "cells": [{"shown": [["head", "ArcFace"], ["clean", "none"]]}]}
    declare.write_study(layout.study_folder(tmp_path, "stages"), study)
    with pytest.raises(RecordError, match=r"no axis data\.part and no axis tail"):
        build.build("stages", tmp_path)


@pytest.mark.parametrize(("faces", "passes"), [("", 24), ("some/folder", 60)])
def test_table_when_the_study_is_the_real_one_then_arms_have_their_names_and_equal_passes(
    faces: str, passes: int, tmp_path: Path
) -> None:
    study = find("unequal", faces)
    found = list(cells(study, digests))
    folder = layout.study_folder(tmp_path, study.name)
    planned = [{"shown": list(map(list, c.shown.items())), "digest": c.digest} for c in found]
    declare.write_study(folder, {**study.to_json(), "cells": planned})
    for cell in found:
        arm = cell.default
        declare.write_arm(folder, arm.to_json())
        with RunWriter(folder, study=study.name, arm=arm.digest, seed=0) as run:
            run.log({"selection/auc": 0.9}, epoch=1, step=1)
        declare.write_verdict(folder, arm.digest, {"status": "complete"})
    table = build.build(study.name, tmp_path)
    names = [row[unequal.TRAINING] for row in table.keyed()]
    assert names == [EVERYBODY, HEAD, CLEANED, DISPERSED]
    assert [entry(table, str(name), "passes").value for name in names] == [passes] * 4
