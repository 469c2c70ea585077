"""The tables that put measured numbers beside printed ones."""

from collections.abc import Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

import pandas as pd
import pytest

from analysis import against, build
from analysis.table import Cell, Table, missing
from analysis.tables import boundaryface, boundaryface_ms1m, boundaryface_ms1mv2, subcenter
from analysis.tables import boundaryface_private as private
from frlib.core import safeio
from frlib.core.config import digest
from frlib.core.errors import RecordError
from frlib.records import declare, layout, published, read
from frlib.records.write import RunWriter

LFW = "lfw/insightface10/accuracy"
BOUNDARY = published.load(build.PUBLISHED / "boundaryface.csv")


@pytest.fixture
def study(simulated: ModuleType, tmp_path: Path) -> Path:
    folder: Path = simulated.record(tmp_path)
    return folder


@pytest.fixture
def named(simulated: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The same study, of LFW by its name."""
    monkeypatch.setattr(simulated, "REPORT", LFW)
    folder: Path = simulated.record(tmp_path, {**simulated.STUDY, "report": [LFW]})
    return folder


def lines(table: Table, **wanted: str) -> list[Mapping[str, str | Cell]]:
    return [row for row in table.keyed() if all(row[key] == v for key, v in wanted.items())]


def test_boundaryface_when_measured_then_difference_is_in_points_beside_what_was_printed(
    named: Path,
) -> None:
    table = build.from_records(read.load(named), "boundaryface")
    mine, theirs, gap = lines(table, noise="at 20 % flips", method="BoundaryF1")
    assert [mine["what"], theirs["what"], gap["what"]] == ["measured", "published", "difference"]
    cells = [row["LFW/accuracy"] for row in (mine, theirs, gap)]
    assert all(isinstance(cell, Cell) for cell in cells)
    measured, printed, difference = cells
    assert isinstance(measured, Cell) and isinstance(printed, Cell)
    assert isinstance(difference, Cell)
    assert measured.value == pytest.approx((0.850 + 0.857 + 0.855) / 3)
    assert printed.value == pytest.approx(0.9922)
    assert printed.note.startswith("BoundaryFace README, table retrain-closed-20")
    assert difference.value == pytest.approx(0.854 - 0.9922)
    assert difference.half_width == measured.half_width
    assert difference.note == against.OUTSIDE


def test_boundaryface_when_a_cell_is_missing_then_each_line_says_why(named: Path) -> None:
    table = build.from_records(read.load(named), "boundaryface")
    for method, why in (
        ("MV-Arc-Softmax", "not run: the study has no MV-Arc-Softmax at 20 % flips"),
        ("ArcFace", ""),
    ):
        mine, _, gap = lines(table, noise="at 20 % flips", method=method)
        cell, other = mine["LFW/accuracy"], gap["LFW/accuracy"]
        assert isinstance(cell, Cell) and isinstance(other, Cell)
        if why:
            assert (cell.note, other.note) == (why, why)
        else:
            assert cell.value is not None
    mine, *_ = lines(table, noise="at 20 % flips", method="ArcFace")
    unseen = mine["AgeDB-30/accuracy"]
    assert unseen == missing("the study has not recorded AgeDB-30 accuracy")


def test_boundaryface_when_the_study_ran_more_then_that_comes_last_without_comparison(
    named: Path,
) -> None:
    table = build.from_records(read.load(named), "boundaryface")
    last = table.keyed()[-3:]
    assert {row["noise"] for row in last} == {"40 % flips, not published"}
    assert [row["what"] for row in last] == ["measured"] * 3
    failed = lines(table, noise="40 % flips, not published", method="BoundaryF1")[0]["LFW/accuracy"]
    assert isinstance(failed, Cell) and "1 arm failed: NumericsError" in failed.note


def test_boundaryface_when_margins_differ_then_both_are_told(named: Path) -> None:
    table = build.from_records(read.load(named), "boundaryface")
    mixed = lines(table, noise="at 20 % flips, 20 % outliers", what="published")
    assert [(row["method"], row["margin"]) for row in mixed] == [
        ("ArcFace", "0.3"),
        ("MV-Arc-Softmax", "0.3"),
        ("CurricularFace", "0.5"),
        ("BoundaryF1", "0.3"),
        ("BoundaryFace (λ=π)", "0.3"),
        ("BoundaryF1", "0.5"),
    ]


@pytest.mark.parametrize("module", [boundaryface, boundaryface_ms1m, boundaryface_ms1mv2, private])
def test_tables_when_put_together_then_every_printed_number_stands_in_one(
    study: Path, module: ModuleType
) -> None:
    table = module.build(read.load(study), BOUNDARY)
    shown = sorted(
        entry.value
        for row in lines(table, what="published")
        for entry in row.values()
        if isinstance(entry, Cell) and entry.value is not None
    )
    wanted = BOUNDARY[BOUNDARY["table"].isin(module.PRINTED)]["ratio"]
    assert shown == sorted(wanted)
    assert len(shown) > 10


def test_tables_when_put_together_then_no_printed_table_is_left_out() -> None:
    modules = (boundaryface, boundaryface_ms1m, boundaryface_ms1mv2, private)
    assert {name for one in modules for name in one.PRINTED} == set(BOUNDARY["table"])


def test_boundaryface_when_nothing_is_published_then_it_says_what_to_set(
    simulated: ModuleType, tmp_path: Path
) -> None:
    folder = simulated.record(tmp_path, {**simulated.STUDY, "published": ""})
    with pytest.raises(RecordError, match="Set published='boundaryface'"):
        build.from_records(read.load(folder), "boundaryface")


@pytest.mark.parametrize(
    ("mine", "theirs", "note"),
    [
        (Cell(0.90, 0.02, 3), 0.91, against.INSIDE),
        (Cell(0.90, 0.02, 3), 0.93, against.OUTSIDE),
        (Cell(0.90, None, 1), 0.93, "no interval to compare with: one replicate"),
    ],
)
def test_difference_when_the_interval_is_known_then_it_says_where_the_printed_one_lies(
    mine: Cell, theirs: float, note: str
) -> None:
    found = against.difference(mine, Cell(theirs, origin="published", note="README"))
    assert found.note == note
    assert found.value == pytest.approx(0.90 - theirs)


def recorded(
    store: Path, study: Mapping[str, Any], arms: list[tuple[dict[str, Any], dict[str, Any], float]]
) -> Path:
    """(cell, config, accuracy) of every arm, two seeds."""
    folder = layout.study_folder(store, "s")
    cells = [{"shown": [list(item) for item in cell.items()]} for cell, _, _ in arms]
    declare.write_study(
        folder, {"name": "s", "question": "?", "report": [LFW], "cells": cells, **study}
    )
    for cell, config, accuracy in arms:
        value = {"cell": cell, "params": {}, "datasets": {}, "config": config, "default": True}
        name = digest(value)
        declare.write_arm(folder, {**value, "arm": name})
        for seed in (0, 1):
            with RunWriter(folder, study="s", arm=name, seed=seed) as run:
                values = {LFW: accuracy + seed / 1000, "selection/auc": 0.9}
                if config.get("clean", {}).get("rule"):
                    values |= {"cleaning/precision": 0.8, "cleaning/recall": 0.6}
                run.log(values, epoch=5, step=100)
            path = run.folder / "run.json"
            safeio.write_json(path, safeio.read_json(path) | {"seconds": 10.0})
        declare.write_verdict(folder, name, {"status": "complete", "message": ""})
    return folder


def centres(k: int, angle: float | None) -> dict[str, Any]:
    rule = None if angle is None else {"name": "subcenter_drop", "drop_angle_deg": angle}
    return {"head": {"loss_k": 1}, "clean": {"rule": rule, "changes": {"head.loss_k": k}}}


def test_subcenter_when_built_then_rows_are_centres_and_columns_angles(tmp_path: Path) -> None:
    arms = [
        ({"clean": "none", "k": 1}, {"head": {"loss_k": 1}, "clean": {"rule": None}}, 0.70),
        ({"clean": "Sub-center drop (70°)", "k": 1}, centres(3, 70.0), 0.75),
        ({"clean": "Sub-center drop", "k": 1}, centres(3, 75.0), 0.80),
        ({"clean": "Sub-center drop", "k": 1, "other": 1}, centres(5, 75.0), 0.85),
    ]
    folder = recorded(tmp_path, {"table": "subcenter"}, arms[:3])
    table = build.from_records(read.load(folder))
    assert [column.title for column in table.columns[-3:]] == ["nothing dropped", "70°", "75°"]
    accuracy = lines(table, what=LFW)
    assert [row["centres"] for row in accuracy] == ["1", "3"]
    (mine,) = lines(table, what=LFW, centres="3")
    assert isinstance(mine["75"], Cell) and mine["75"].value == pytest.approx(0.8005)
    assert mine["none"] == missing("the study has no such cell")
    (found,) = lines(table, what="precision of the drop", centres="3")
    assert isinstance(found["70"], Cell) and found["70"].value == pytest.approx(0.8)
    (silent,) = lines(table, what="recall of the drop", centres="1")
    assert silent["none"] == missing("nothing is dropped in this column")


def test_subcenter_when_centres_and_angle_are_axes_then_cells_not_run_have_their_place(
    tmp_path: Path,
) -> None:
    def shown(k: int, angle: float) -> dict[str, Any]:
        return {subcenter.DROP_CENTRES: k, subcenter.DROP_ANGLE: angle}

    arms = [(shown(1, 180.0), centres(1, 180.0), 0.70), (shown(3, 70.0), centres(3, 70.0), 0.75)]
    cells = [shown(1, 180.0), shown(3, 70.0), shown(5, 85.0)]
    study = {"table": "subcenter", "cells": [{"shown": list(one.items())} for one in cells]}
    table = build.from_records(read.load(recorded(tmp_path, study, arms)))
    assert [one.title for one in table.columns[-3:]] == ["nothing dropped", "70°", "85°"]
    first, second, third = lines(table, what=LFW)
    assert [row["centres"] for row in (first, second, third)] == ["1", "3", "5"]
    assert isinstance(first["none"], Cell) and first["none"].value == pytest.approx(0.7005)
    assert isinstance(second["70"], Cell) and second["70"].value == pytest.approx(0.7505)
    assert isinstance(third["85"], Cell) and third["85"].value is None
    assert third["85"] != second["85"] == missing("the study has no such cell")


def test_subcenter_when_only_centres_were_varied_then_nothing_is_dropped(tmp_path: Path) -> None:
    arms = [({"head.loss_k": k}, {"head": {"loss_k": k}}, 0.7 + k / 100) for k in (1, 3)]
    table = build.from_records(read.load(recorded(tmp_path, {"table": "subcenter"}, arms)))
    assert [(row["centres"], row["none"].value) for row in table.keyed()] == [  # type: ignore[union-attr]
        ("1", pytest.approx(0.7105)),
        ("3", pytest.approx(0.7305)),
    ]


def test_subcenter_when_the_study_has_other_axes_alone_then_it_says_so(study: Path) -> None:
    with pytest.raises(RecordError, match=r"none of the axes head\.loss_k, clean,"):
        build.from_records(read.load(study), "subcenter")


def haar(rule: str, depth: int, subsets: list[int]) -> dict[str, Any]:
    return {
        "batch_size": 128,
        "epochs": 5,
        "schedule": {"name": rule},
        "backbone": {"name": "iresnet", "depth": depth},
        "data": {"train": {"name": "zip_shards", "path": "webface260m", "subsets": subsets}},
    }


def test_mhlr_when_built_then_set_and_network_find_their_printed_line(tmp_path: Path) -> None:
    arms = [
        ({"schedule": "moving_haar"}, haar("moving_haar", 100, [0]), 0.995),
        ({"schedule": "poly"}, haar("poly", 100, [0]), 0.990),
    ]
    study = {"table": "mhlr", "published": "mhlr"}
    table = build.from_records(read.load(recorded(tmp_path, study, arms)))
    mine, theirs, gap = lines(table, **{"training set": "WebFace4M", "schedule": "moving_haar"})
    measured, printed, difference = (row["LFW/accuracy"] for row in (mine, theirs, gap))
    assert isinstance(measured, Cell) and measured.value == pytest.approx(0.9955)
    assert isinstance(printed, Cell) and printed.value == pytest.approx(0.9965)
    assert isinstance(difference, Cell) and difference.value == pytest.approx(-0.001)
    assert difference.note == against.INSIDE
    assert (mine["front"], theirs["front"], gap["front"]) == ("yes", "", "")
    (other,) = lines(table, schedule="schedule poly")
    assert (other["network"], other["front"]) == ("r100", "no")
    assert isinstance(other["images"], Cell) and other["images"].value == 12800
    unrun = lines(table, **{"training set": "MS1MV3", "what": "measured"})[0]["LFW/accuracy"]
    assert unrun == missing("not run: the study has no moving_haar with r100 on MS1MV3")


def test_mhlr_when_nothing_is_published_then_it_says_what_to_set(study: Path) -> None:
    with pytest.raises(RecordError, match="Set published='mhlr'"):
        build.from_records(read.load(study), "mhlr")


def test_mhlr_when_put_together_then_every_printed_number_is_in_it(tmp_path: Path) -> None:
    arms = [({"schedule": "poly"}, haar("poly", 50, [0]), 0.990)]
    study = {"table": "mhlr", "published": "mhlr"}
    table = build.from_records(read.load(recorded(tmp_path, study, arms)))
    wanted: pd.DataFrame = published.load(build.PUBLISHED / "mhlr.csv")
    shown = [
        entry.value
        for row in lines(table, what="published")
        for entry in row.values()
        if isinstance(entry, Cell) and entry.value is not None
    ]
    assert sorted(shown) == sorted(wanted["ratio"])


def test_subcenter_when_other_rules_are_there_then_they_are_left_out_and_counted(
    tmp_path: Path,
) -> None:
    other = {"head": {"loss_k": 1}, "clean": {"rule": {"name": "oracle"}, "changes": {}}}
    plain = {"head": {"loss_k": 1}, "clean": {"rule": None}}
    named = {
        "head": {"loss_k": 1},
        "clean": {
            "rule": {"name": "subcenter_drop", "drop_angle_deg": 70.0},
            "changes": {"head": "subcenter"},
        },
    }
    arms = [
        ({"clean": "Oracle"}, other, 0.60),
        ({"clean": "none"}, plain, 0.70),
        ({"clean": "Sub-center drop (70°)"}, named, 0.75),
    ]
    table = build.from_records(read.load(recorded(tmp_path, {"table": "subcenter"}, arms)))
    whole, dropped = lines(table, what=LFW)
    assert isinstance(whole["none"], Cell) and whole["none"].value == pytest.approx(0.7005)
    assert dropped["centres"] == "default of subcenter"
    assert isinstance(dropped["70"], Cell) and dropped["70"].value == pytest.approx(0.7505)
    assert "Cells with other rules (1) are left out." in table.caption


def test_subcenter_when_two_cells_belong_in_one_place_then_it_says_so(tmp_path: Path) -> None:
    arms = [
        ({"clean": "Sub-center drop"}, centres(3, 75.0), 0.75),
        ({"clean": "Sub-center drop, relabel"}, centres(3, 75.0), 0.76),
    ]
    table = build.from_records(read.load(recorded(tmp_path, {"table": "subcenter"}, arms)))
    (row,) = lines(table, what=LFW)
    assert row["75"] == missing("2 cells of the study belong here; the table study shows each")


def test_boundaryface_when_noise_is_that_of_the_base_then_rows_not_run_stand_at_it(
    tmp_path: Path,
) -> None:
    study = {
        "table": "boundaryface",
        "published": "boundaryface",
        "base": {"noise": {"closed": {"ratio": 0.2}}},
        "cells": [{"shown": [["head", "ArcFace"]]}],
    }
    table = build.from_records(read.load(recorded(tmp_path, study, [])))
    (mine, *_) = lines(table, noise="at 20 % flips", method="ArcFace")
    assert mine["LFW/accuracy"] == missing("not run")


def test_boundaryface_when_a_margin_is_a_slot_then_none_is_told(tmp_path: Path) -> None:
    config = {"head": {"name": "composed", "margin": {"name": "arc", "margin": 0.3}}}
    study = {"table": "boundaryface", "published": "boundaryface"}
    arms = [({"head": "ArcFace"}, config, 0.9), ({"head": "My head"}, config, 0.9)]
    table = build.from_records(read.load(recorded(tmp_path, study, arms)))
    (mine, *_) = lines(table, noise="at 0 % flips", method="ArcFace")
    assert mine["margin"] == "0.5"
    (own,) = lines(table, method="My head")
    assert own["margin"] == ""
