from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from analysis import build
from analysis.table import Cell, Table
from frlib.core.errors import ConfigError, RecordError
from frlib.records import declare, layout, read

REPORT = "official/insightface10/accuracy"
GOLDEN = Path(__file__).parent / "golden" / "noise_study.md"


@pytest.fixture(scope="module")
def store(simulated: ModuleType, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("store")
    simulated.record(path)
    return path


@pytest.fixture(scope="module")
def table(store: Path) -> Table:
    return build.build("boundary_small", store)


def entry(table: Table, method: str, flips: float, key: str) -> Any:
    keys = [column.key for column in table.columns]
    row = next(r for r in table.rows if r[0] == method and r[1] == f"{100 * flips:g} %")
    return row[keys.index(key)]


def test_noise_study_when_built_then_its_layout_is_the_one_that_was_read(
    store: Path, table: Table
) -> None:
    folder = layout.study_folder(store, "boundary_small") / "tables"
    assert (folder / "noise_study.md").read_text() == GOLDEN.read_text()


def test_noise_study_when_built_twice_then_all_bytes_agree(store: Path, table: Table) -> None:
    folder = layout.study_folder(store, "boundary_small") / "tables"
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    build.build("boundary_small", store)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before
    assert set(before) == {f"noise_study.{suffix}" for suffix in ("md", "csv", "tex", "html")}


def test_noise_study_when_built_then_rows_follow_the_axes(
    simulated: ModuleType, table: Table
) -> None:
    expected = [(m, f"{100 * r:g} %") for m in simulated.METHODS for r in simulated.FLIPS]
    assert [(row[0], row[1]) for row in table.rows] == expected


def test_noise_study_when_an_arm_was_stopped_then_its_benchmark_value_is_not_shown(
    simulated: ModuleType, table: Table
) -> None:
    for (method, flips), values in simulated.ACCURACY.items():
        cell = entry(table, method, flips, REPORT)
        assert cell.value == pytest.approx(sum(values) / len(values), abs=1e-12)


def test_noise_study_when_a_cell_failed_then_every_measured_column_says_why(table: Table) -> None:
    for key in (REPORT, "recovery", "corrections/precision", "cost/seconds"):
        cell = entry(table, "BoundaryF1", 0.4, key)
        assert cell.origin == "missing"
        assert cell.note.startswith("1 arm failed: NumericsError")
    assert entry(table, "BoundaryF1", 0.4, "seeds") == "0 of 3"


def test_noise_study_when_published_then_value_and_place_stand_beside(table: Table) -> None:
    cell = entry(table, "BoundaryFace (λ=π)", 0.2, "published")
    assert cell == Cell(
        0.9925,
        origin="published",
        digits=2,
        note="LFW accuracy, m=0.5, λ=π: BoundaryFace README, table retrain-closed-20, "
        "trained on CASIA-WebFace",
    )
    unknown = entry(table, "BoundaryF1", 0.4, "published")
    assert unknown.note == "not published at 40 % flips (BoundaryFace README)"
    regained = entry(table, "BoundaryF1", 0.2, "published_recovery")
    assert regained.value == pytest.approx((99.22 - 99.1) / (99.28 - 99.1))


def test_noise_study_when_leaders_are_not_shown_to_differ_then_nothing_is_marked(
    table: Table,
) -> None:
    assert not any(isinstance(e, Cell) and e.best for row in table.rows for e in row)


def small(simulated: ModuleType, store: Path, values: dict[str, tuple[float, ...]]) -> Table:
    """A study of one axis with these accuracies, one per seed, and its table."""
    study = {
        "name": "small",
        "question": "Which?",
        "report": ["b/v/accuracy"],
        "table": "study",
        "cells": [{"shown": [["head", method]]} for method in values],
    }
    folder = layout.study_folder(store, "small")
    declare.write_study(folder, study)
    for method, accuracies in values.items():
        name = simulated.arm(folder, {"head": method}, 0.5, default=True)
        for seed, accuracy in enumerate(accuracies):
            row = {"b/v/accuracy": accuracy, "selection/auc": accuracy}
            simulated.replicate(folder, name, seed, row)
        declare.write_verdict(folder, name, {"status": "complete"})
    return build.build("small", store)


def marked(table: Table) -> list[str]:
    keys = [column.key for column in table.columns]
    return [str(r[0]) for r in table.rows if r[keys.index("b/v/accuracy")].best]  # type: ignore[union-attr]


def test_best_when_the_paired_difference_is_clear_then_the_leader_alone_is_marked(
    simulated: ModuleType, tmp_path: Path
) -> None:
    values = {"A": (0.80, 0.70, 0.90, 0.75), "B": (0.85, 0.752, 0.949, 0.80)}
    assert marked(small(simulated, tmp_path, values)) == ["B"]


def test_best_when_the_difference_is_within_the_spread_then_nothing_is_marked(
    simulated: ModuleType, tmp_path: Path
) -> None:
    values = {"A": (0.80, 0.70, 0.90, 0.75), "B": (0.85, 0.68, 0.91, 0.74)}
    assert marked(small(simulated, tmp_path, values)) == []


def test_best_when_there_is_one_seed_then_nothing_is_marked(
    simulated: ModuleType, tmp_path: Path
) -> None:
    assert marked(small(simulated, tmp_path, {"A": (0.5,), "B": (0.9,)})) == []


def test_study_table_when_a_cell_was_never_run_then_it_says_so(
    simulated: ModuleType, tmp_path: Path
) -> None:
    folder = simulated.record(tmp_path, {**simulated.STUDY, "table": "study", "published": ""})
    study = {**read.load(folder).study}
    study["cells"] = [*study["cells"], {"shown": [["head", "CurricularFace"], ["x", 1.0]]}]
    declare.write_study(folder, study)
    table = build.build("boundary_small", tmp_path)
    assert table.rows[-1][0] == "CurricularFace"
    notes = {e.note for e in table.rows[-1] if isinstance(e, Cell)}
    assert notes == {"not run"}


def test_build_when_the_study_is_unknown_then_the_nearest_is_named(store: Path) -> None:
    with pytest.raises(RecordError, match="did you mean 'boundary_small'"):
        build.build("boundary_smal", store)


def test_build_when_the_table_is_unknown_then_the_nearest_is_named(
    simulated: ModuleType, tmp_path: Path
) -> None:
    simulated.record(tmp_path, {**simulated.STUDY, "table": "noise_studdy"})
    with pytest.raises(ConfigError, match="did you mean 'noise_study'"):
        build.build("boundary_small", tmp_path)


def test_noise_study_when_the_axes_do_not_fit_then_another_table_is_advised(
    tmp_path: Path,
) -> None:
    folder = layout.study_folder(tmp_path, "lr")
    cells = [{"shown": [["optimiser.lr", 0.1]]}]
    declare.write_study(
        folder, {"name": "lr", "report": ["a"], "table": "noise_study", "cells": cells}
    )
    with pytest.raises(RecordError, match=r"no axis head and no axis noise\.closed\.ratio"):
        build.build("lr", tmp_path)
