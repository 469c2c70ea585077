"""Models in MLflow's registry, as those load them who have MLflow and frlib."""

import os
import shutil
from pathlib import Path

import numpy as np
import pytest

from frlib.backbones import tiny
from frlib.core import safeio
from frlib.evaluate.models import run as run_model
from frlib.export import registered
from frlib.records import declare, layout, read
from frlib.track import models, uri
from frlib.track.memory import FILE
from frlib.track.mirror import Mirror
from tests.unit.export import runs
from tests.unit.track.recorded import AXES, record

pytestmark = [
    pytest.mark.filterwarnings("ignore:.*noload.*loader strategy is deprecated"),
    pytest.mark.filterwarnings("ignore:.*Any type hint is inferred as AnyType"),
]


def test_sync_when_a_cell_has_a_winner_then_its_model_loads_without_pickle_and_is_the_same(
    tmp_path: Path,
) -> None:
    replicate = runs.make(tmp_path, tiny.Config(embedding_size=16), 32)
    study = tmp_path / "studies" / "small"
    declare.write_verdict(study, runs.ARM, {"status": "complete", "message": ""})
    server = uri.default_uri(tmp_path)
    mirror = Mirror(study, server, uri.default_artifacts(tmp_path), registered.write)
    mirror.sync()
    import mlflow

    client = mlflow.MlflowClient(tracking_uri=server)
    (named,) = client.search_registered_models()
    version = client.get_model_version_by_alias(named.name, "best")
    assert (named.name, int(version.version)) == ("frlib-small", 1)
    assert version.tags == {"frlib.run": f"arm/{runs.ARM}/r3/a0"}
    kept = {one.path for one in client.list_artifacts(version.run_id, "model")}
    assert "model/model.safetensors" in kept
    assert not [path for path in kept if path.endswith((".pkl", ".pth", ".pt", ".bin"))]

    assert os.environ["MLFLOW_ALLOW_PICKLE_DESERIALIZATION"] == "false"
    local = client.download_artifacts(version.run_id, "model", str(tmp_path))
    loaded = mlflow.pyfunc.load_model(local)
    images = np.random.default_rng(0).integers(0, 256, (5, 32, 32, 3), dtype=np.uint8)
    own = run_model.open_model(run_model.Config(path=str(replicate)), "cpu").embed(images)
    np.testing.assert_array_equal(loaded.predict(images), own)
    example = loaded.metadata.load_input_example(local)
    assert example.shape == (1, 32, 32, 3)
    assert loaded.predict(example).shape == (1, 16)
    with pytest.raises(mlflow.exceptions.MlflowException, match="shape"):
        loaded.predict(images[:, :16])

    (study / FILE).unlink()
    Mirror(study, server, None, registered.write).sync()
    assert len(client.search_model_versions("name='frlib-small'")) == 1


def test_write_when_done_then_nothing_names_the_place_of_the_run(tmp_path: Path) -> None:
    replicate = runs.make(tmp_path / "secret", tiny.Config(embedding_size=16), 32)
    registered.write(replicate, tmp_path / "model")
    for path in (tmp_path / "model").iterdir():
        assert b"secret" not in path.read_bytes()
        assert b"/private/faces" not in path.read_bytes()
    described = safeio.read_json(tmp_path / "model" / "MLmodel")
    assert described["flavors"]["python_function"]["loader_module"] == registered.__name__


def test_winners_when_cells_are_complete_then_the_best_replicate_of_each(tmp_path: Path) -> None:
    found = models.winners(read.load(record(tmp_path)))
    assert {name: (one.arm, one.seed, one.attempt) for name, one in found.items()} == {
        "frlib-tiny-ArcFace": (AXES[0][1], 2, 0),
        "frlib-tiny-BoundaryFace-λ-π": (AXES[1][1], 2, 0),
    }


def test_sync_when_the_weights_are_not_here_then_no_model_is_registered(tmp_path: Path) -> None:
    folder = record(tmp_path)
    asked: list[Path] = []
    shutil.rmtree(layout.arm_folder(folder, AXES[2][1]))

    def write(run_folder: Path, into: Path) -> None:
        asked.append(run_folder)

    Mirror(folder, uri.default_uri(tmp_path), uri.default_artifacts(tmp_path), write).sync()
    assert asked == []
