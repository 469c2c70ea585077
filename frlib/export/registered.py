"""A finished run as MLflow's registry keeps models: a folder that loads without pickle.

MLmodel               flavour `python_function`, loaded by this module; signature
model.safetensors     the network, as `frlib export safetensors` writes it
config.json           what network it is, of which run
input_example.json    one procedural face: pictures of people are never written

model = mlflow.pyfunc.load_model("models:/frlib-<study>-<cell>@best")
model.predict(images)    # [N, S, S, 3] RGB, uint8 -> [N, D] raw embeddings, compared by cosine
"""

import json
import platform
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from frlib.core import safeio
from frlib.core.errors import DataError
from frlib.data.synth.people import World
from frlib.data.synth.render import render
from frlib.export import bundle
from frlib.records import finished

_EXAMPLE = "input_example.json"


def write(run_folder: Path, folder: Path) -> None:
    """Fill `folder` from the folder of a finished replicate, of which it keeps no path.

    `RecordError` where the run is not finished or its weights do not fit its network.
    """
    run = finished.find(run_folder)
    bundle.write(run, folder)
    dimensions = int(run.config["backbone"]["embedding_size"])
    safeio.write_json(folder / _EXAMPLE, example(run.size).tolist())
    described = {
        "flavors": {
            "python_function": {
                "loader_module": __name__,
                "python_version": platform.python_version(),
            }
        },
        "mlflow_version": version("mlflow"),
        "model_size_bytes": (folder / bundle.FILES[0]).stat().st_size,
        "signature": {
            "inputs": _tensor("uint8", (-1, run.size, run.size, 3)),
            "outputs": _tensor("float32", (-1, dimensions)),
            "params": None,
        },
        "saved_input_example_info": {
            "artifact_path": _EXAMPLE,
            "type": "ndarray",
            "format": "tf-serving",
        },
    }
    safeio.write_json(folder / "MLmodel", described)


def example(size: int) -> NDArray[np.uint8]:
    """`[1, size, size, 3]`: the first procedural person."""
    first = np.zeros(1, dtype=np.int64)
    return render(World(), first, first, size)


class Registered:
    """A loaded model, as MLflow's `python_function` calls it."""

    def __init__(self, folder: Path) -> None:
        """`DataError` when the folder is not one that `write` filled."""
        from frlib.evaluate.models import weights

        found = weights.recognise(folder)
        if found is None:
            raise DataError(
                f"{folder}: expected model.safetensors and config.json as `frlib track sync` "
                "registers them; download the model again"
            )
        self._model = weights.open_model(found, "auto")

    def predict(
        self, images: NDArray[np.uint8], params: Mapping[str, Any] | None = None
    ) -> NDArray[np.float32]:
        """`[N, S, S, 3]` RGB -> `[N, D]` raw embeddings; `params` has no meaning here."""
        return self._model.embed(np.ascontiguousarray(images, dtype=np.uint8))


def _load_pyfunc(path: str) -> Registered:
    """MLflow's name for what opens a model."""
    return Registered(Path(path))


def _tensor(dtype: str, shape: tuple[int, ...]) -> str:
    spec = {"type": "tensor", "tensor-spec": {"dtype": dtype, "shape": list(shape)}}
    return json.dumps([spec])
