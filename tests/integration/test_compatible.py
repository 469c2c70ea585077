"""Runs beside an old model, as a study: made once, and checked afterwards."""

import json
from pathlib import Path

import pytest
from PIL import Image

from frlib.data import catalog
from frlib.records.read import load
from tests.integration.command import frlib
from tests.integration.mini import EVAL

STUDY = str(Path(__file__).with_name("compatible.py"))
pytestmark = pytest.mark.ray


@pytest.mark.parametrize("workers", [1, pytest.param(2, marks=pytest.mark.slow)])
def test_study_when_methods_share_an_old_model_then_it_is_made_once_and_everything_is_told(
    tmp_path: Path, workers: int
) -> None:
    words = ("study", "run", STUDY, "--store", str(tmp_path), "--no-mlflow")
    result = frlib(*words, "--set", f"resources.workers={workers}")
    assert result.returncode == 0, result.stdout + result.stderr
    assert len(list(tmp_path.glob("artifacts/train/*/artifact.json"))) == 1
    assert len(list(tmp_path.glob("artifacts/old_features/*/artifact.json"))) == 1
    assert len(list(tmp_path.glob("artifacts/old_summary/*/artifact.json"))) == 2
    for label in ("Independent", "L2", "BCT", "MixBCT"):
        assert f"| {label}" in result.stdout
    metrics = load(tmp_path / "studies/compatible").metrics
    last = metrics[metrics["counts"]].groupby(["arm", "name"])["value"].last().unstack()
    assert len(last) == 4
    for name in ("cross_accuracy", "reverse_accuracy", "old_accuracy", "accuracy"):
        assert last[f"faces/insightface10/{name}"].between(0, 1).all()
    assert last["faces/insightface10/old_accuracy"].nunique() == 1, "one old model"
    mean = (last["selection/auc"] + last["selection/cross_auc"]) / 2
    assert (last["selection/compatible_auc"] - mean).abs().max() < 1e-12
    assert {"faces/backfill/rank1@0", "faces/backfill/rank1@1"} <= set(last.columns)
    again = frlib(*words)
    assert again.returncode == 0 and "0 to do" in again.stdout

    (old,) = tmp_path.glob("artifacts/train/*/arms/*/r1000")
    new = next(iter(tmp_path.glob("studies/compatible/arms/*/r0")))
    gallery = _written(tmp_path / "gallery")
    told = frlib(
        "bct", "check", str(old), str(new), "--gallery", gallery, "--dimensions", "pad",
        "--store", str(tmp_path), "--json",
    )  # fmt: skip
    assert told.returncode in (0, 1), told.stdout + told.stderr
    assert json.loads(told.stdout)["verdict"]


def _written(folder: Path) -> str:
    """The people of the benchmark, a folder each."""
    images = catalog.scan(EVAL, folder / "store")
    pixels = catalog.open_reader(EVAL).images(images.refs, 32)
    for name, label, image in zip(images.ids, images.labels, pixels, strict=True):
        path = folder / "faces" / images.identities[label] / f"{str(name).replace('/', '_')}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(image).save(path)
    return str(folder / "faces")
