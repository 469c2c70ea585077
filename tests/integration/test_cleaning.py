"""Arms that are cleaned: what they share is made once, and what they train on is what was left."""

import json
from pathlib import Path
from typing import Any

import pytest

from frlib.artifacts.store import Artifacts
from tests.integration.command import frlib

STUDY = str(Path(__file__).with_name("cleaned.py"))
pytestmark = [pytest.mark.ray, pytest.mark.slow]


def _runs(store: Path) -> dict[str, dict[str, Any]]:
    """Label of `clean` -> what its one replicate wrote down."""
    found = {}
    for path in store.glob("studies/cleaned/arms/*/r0/a*/run.json"):
        arm = json.loads((path.parents[2] / "arm.json").read_text())
        found[arm["cell"]["clean"]] = json.loads(path.read_text())
    return found


@pytest.mark.parametrize("workers", [1, 2])
def test_run_when_arms_are_cleaned_by_one_rule_then_its_stages_are_made_once(
    workers: int, tmp_path: Path
) -> None:
    sets = ("--set", f"resources.workers={workers}")
    result = frlib("study", "run", STUDY, "--no-mlflow", "--store", str(tmp_path), *sets)
    assert result.returncode == 0, result.stdout + result.stderr
    runs = _runs(tmp_path)
    assert {run["status"] for run in runs.values()} == {"complete"} and len(runs) == 4
    entries = Artifacts(tmp_path).entries()
    assert sorted(one.name.partition("/")[0] for one in entries) == [
        *("decide", "evidence", "loop", "train")
    ]
    assert all(wrong == "" for _, wrong in Artifacts(tmp_path).verify())
    used = {name: run["facts"].get("artifacts", {}) for name, run in runs.items()}
    assert {name: len(one) for name, one in used.items()} == {
        "none": 0,
        "Sub-center drop (85°), drop": 3,
        "Sub-center drop (85°), relabel": 3,
        "2 x Sub-center drop (85°), drop": 4,
    }
    images = {name: run["facts"]["images"] for name, run in runs.items()}
    about = {n: run["facts"]["realised"].get("cleaning") for n, run in runs.items()}
    dropped = about["Sub-center drop (85°), drop"]["dropped"]
    assert dropped > 0 and about["none"] is None
    assert images["Sub-center drop (85°), drop"] == images["none"] - dropped
    assert images["Sub-center drop (85°), relabel"] == images["none"], "it proposes nothing"
    again = frlib("study", "run", STUDY, "--no-mlflow", "--store", str(tmp_path), *sets)
    assert again.returncode == 0 and len(_runs(tmp_path)) == 4, again.stderr
