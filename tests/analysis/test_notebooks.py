"""Notebooks are thin, stored without outputs, and run from the first cell to the last."""

import json
from pathlib import Path
from types import ModuleType, SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from analysis import mistakes, render, two_studies
from analysis.build import from_records
from frlib.core.errors import RecordError
from frlib.launch import mirror
from frlib.records import layout, read
from frlib.records.write import RunWriter
from tests.analysis import notebooks
from tests.unit.study.recorded import REPORT, planned, record

NAMES = sorted(path.stem for path in notebooks.FOLDER.glob("*.ipynb"))
THIN = 45
"""Lines of code of a whole notebook."""
WRONG = {3: (0.30, True), 17: (0.45, True), 30: (0.95, False)}
"""Pair -> score, and whether the two are one person; the threshold is 0.5."""


@pytest.fixture
def store(tmp_path: Path, simulated: ModuleType) -> Path:
    simulated.record(tmp_path)
    return tmp_path


def _pairs(store: Path) -> tuple[str, str]:
    """A run with the scores of 40 pairs, of which three are wrong; (study, arm)."""
    plan = planned(store)
    arm = plan.cells[0].cell.default
    record(plan, arm, {0: 0.9}, verdict="")
    same = np.arange(40) % 2 == 0
    score = np.where(same, 0.8, 0.2)
    for pair, (value, is_same) in WRONG.items():
        score[pair], same[pair] = value, is_same
    arrays = {
        "fold": np.arange(40) // 20,
        "same": same,
        "score": score,
        "threshold": np.full(40, 0.5),
        "correct": (score > 0.5) == same,
    }
    with RunWriter(plan.folder, study=plan.study.name, arm=arm.digest, seed=0) as run:
        run.log({REPORT: 0.9, "selection/auc": 0.9}, epoch=2, step=2)
        run.pair_scores("faces", "insightface10", arrays)
    verdict = layout.arm_folder(plan.folder, arm.digest) / "verdict.json"
    verdict.write_text('{"status": "complete"}')
    return plan.study.name, arm.digest


@pytest.mark.parametrize("name", NAMES)
def test_notebook_when_stored_then_is_thin_whole_and_without_outputs(name: str) -> None:
    value = json.loads((notebooks.FOLDER / f"{name}.ipynb").read_text())
    assert (value["nbformat"], value["nbformat_minor"]) == (4, 5)
    cells = notebooks.cells(name)
    assert "".join(cells[0]["source"]).startswith("# ")
    assert len({cell["id"] for cell in cells}) == len(cells)
    code = [cell for cell in cells if cell["cell_type"] == "code"]
    assert all(cell["outputs"] == [] and cell["execution_count"] is None for cell in code)
    assert sum(len(cell["source"]) for cell in code) <= THIN
    assert sum("parameters" in cell["metadata"].get("tags", ()) for cell in code) == 1


def test_publication_table_when_run_then_prints_the_table_of_the_study(
    store: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _, shown = notebooks.run("publication_table", {"STORE": store, "STUDY": "boundary_small"})
    table = from_records(read.load_named(store, "boundary_small"))
    assert render.latex(table) in capsys.readouterr().out
    assert shown[-1].data.shape == (len(table.rows), len(table.columns))
    assert "BoundaryFace (λ=π)" in shown[-1].to_html()


def test_two_studies_when_run_then_tells_settings_and_differences(
    store: Path, simulated: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    _raised(store, simulated, monkeypatch)
    values = {"STORE": store, "BEFORE": "boundary_small", "AFTER": "raised"}
    _, shown = notebooks.run("two_studies", values)
    changed, compared = (one for one in shown if isinstance(one, pd.DataFrame))
    assert list(changed.index) == ["name", "question"]
    assert compared["difference"].round(9).tolist() == [0.01] * 6 + [0.03] * 2


def test_differences_when_seeds_are_shared_then_are_paired(
    store: Path, simulated: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    _raised(store, simulated, monkeypatch)
    a, b = (read.load_named(store, name) for name in ("boundary_small", "raised"))
    found = two_studies.differences(a, b, simulated.REPORT)
    alone = found.loc[("BoundaryFace (λ=π)", "40 %")]
    assert alone["n"] == 1 and np.isnan(alone["p"]) and np.isnan(alone["half_width"])
    assert found["n"].tolist()[:-1] == [3] * 7
    same = two_studies.differences(a, a, simulated.REPORT)
    assert (same["difference"] == 0).all() and (same["a"] == same["b"]).all()


def test_differences_when_a_cell_has_no_p_then_it_counts_among_those_corrected_for(
    store: Path, simulated: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    _raised(store, simulated, monkeypatch)
    a, b = (read.load_named(store, name) for name in ("boundary_small", "raised"))
    monkeypatch.setattr(two_studies, "paired_t", lambda one, other: SimpleNamespace(p=0.001))
    found = two_studies.differences(a, b, simulated.REPORT)
    assert found["p"].isna().sum() == 1
    assert found["p"].min() == pytest.approx(0.001 * len(found))


def test_differences_when_nothing_is_shared_then_says_so(store: Path) -> None:
    name, _ = _pairs(store)
    a, b = (read.load_named(store, one) for one in ("boundary_small", name))
    with pytest.raises(RecordError, match="no cell in common"):
        two_studies.differences(a, b, REPORT)


def test_worst_when_pairs_are_wrong_then_the_farthest_is_first(tmp_path: Path) -> None:
    name, arm = _pairs(tmp_path)
    records = read.load_named(tmp_path, name)
    found = mistakes.worst(records, arm, 0, "faces", "insightface10")
    assert found["pair"].tolist() == [30, 3, 17]
    assert found["excess"].round(9).tolist() == [0.45, 0.2, 0.05]
    assert len(mistakes.worst(records, arm, 0, "faces", "insightface10", most=2)) == 2
    with pytest.raises(RecordError, match="faces/other"):
        mistakes.worst(records, arm, 0, "faces", "other")


def test_worst_pairs_when_run_then_shows_as_many_pictures(tmp_path: Path) -> None:
    name, _ = _pairs(tmp_path)
    space, shown = notebooks.run("worst_pairs", {"STORE": tmp_path, "STUDY": name})
    assert [row.kind for row in space["rows"]] == [
        "taken for one",
        "taken for two",
        "taken for two",
    ]
    assert all(np.ptp(row.left[0]) > 0 for row in space["rows"])
    assert shown[-1].size[1] > 3 * 96


def test_mlflow_with_pandas_when_run_then_server_and_records_agree(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    plan = planned(tmp_path)
    arms = [one.cell.default for one in plan.cells]
    for arm, value in zip(arms, (0.7, 0.8), strict=True):
        record(plan, arm, {0: value, 1: value + 0.1})
    uri = f"sqlite:///{tmp_path / 'mlflow.db'}"
    mirror.sync(plan.folder, tmp_path, uri, models=False)
    _, shown = notebooks.run("mlflow_with_pandas", {"URI": uri, "STUDY": plan.study.name})
    (means,) = (one for one in shown if isinstance(one, pd.DataFrame))
    found = means["metrics.selection/auc", "mean"].round(9).to_dict()
    assert found == {arms[0].digest: 0.75, arms[1].digest: 0.85}
    table = from_records(read.load(plan.folder))
    assert render.markdown(table) in capsys.readouterr().out


def _raised(store: Path, simulated: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same study again, better by 0.01, and by 0.03 for BoundaryFace under noise."""
    better = {
        (method, flips): tuple(
            value + (0.03 if method.startswith("BoundaryFace") and flips else 0.01)
            for value in values
        )
        for (method, flips), values in simulated.ACCURACY.items()
    }
    monkeypatch.setattr(simulated, "ACCURACY", better)
    simulated.record(store, simulated.STUDY | {"name": "raised", "question": "And better?"})
