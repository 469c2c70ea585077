"""ONNX of a run: onnxruntime gives torch's embeddings for any batch; insightface's zoo loads it."""

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from frlib.backbones import iresnet, mobilefacenet, tiny
from frlib.core.config import Config
from frlib.core.errors import ConfigError, NumericsError
from frlib.export import onnx as form
from frlib.records import finished
from tests.unit.export import runs

onnx = pytest.importorskip("onnx", reason="needs the extra onnx")
onnxruntime = pytest.importorskip("onnxruntime", reason="needs the extra onnx")
pytest.importorskip("onnxscript", reason="needs the extra onnx")

SMALL = tiny.Config(width=4, embedding_size=16)
ZOO = """
import json, sys
import numpy as np
from insightface.model_zoo import model_zoo

model = model_zoo.get_model(sys.argv[1], providers=["CPUExecutionProvider"])
images = list(np.load(sys.argv[2]))
np.save(sys.argv[3], model.get_feat(images))
print(json.dumps([type(model).__name__, model.taskname, model.input_mean, model.input_std,
                  list(model.input_size)]))
"""


def _session(path: Path) -> Any:
    return onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])


def _same(found: np.ndarray, wanted: torch.Tensor) -> None:
    numbers = wanted.numpy()
    assert np.abs(found - numbers).max() <= form.CLOSE * np.abs(numbers).max()


def test_onnx_when_written_then_every_batch_gives_the_embeddings_of_torch(tmp_path: Path) -> None:
    run = finished.find(runs.make(tmp_path, SMALL, 48))
    told = form.write(run, tmp_path / "out" / "model.onnx")
    assert (told.size, told.dimensions, told.is_zoo) == (48, 16, False)
    assert told.num_bytes == told.path.stat().st_size
    session = _session(told.path)
    assert [one.name for one in session.get_inputs()] == ["data"]
    assert session.get_inputs()[0].shape == ["batch", 3, 48, 48]
    assert [one.name for one in session.get_outputs()] == ["embedding"]
    net = runs.network(SMALL, 48)
    for count in (1, 2, 7):
        images = torch.rand(count, 3, 48, 48) * 2 - 1
        with torch.no_grad():
            wanted = net(images)
        _same(session.run(None, {"data": images.numpy()})[0], wanted)


def test_onnx_when_written_then_it_tells_its_origin_and_no_path(tmp_path: Path) -> None:
    run = finished.find(runs.make(tmp_path, SMALL, 32))
    model = onnx.load(form.write(run, tmp_path / "model.onnx").path)
    told = {one.key: one.value for one in model.metadata_props}
    assert (told["colour"], told["mean"], told["std"]) == ("RGB", "127.5", "127.5")
    assert (told["study"], told["arm"], told["seed"]) == ("small", runs.ARM, "3")
    data = model.SerializeToString()
    for word in ("/private", str(tmp_path), "site-packages", "File "):
        assert word.encode() not in data


def test_onnx_when_written_then_no_first_node_reads_as_a_scaling(tmp_path: Path) -> None:
    run = finished.find(runs.make(tmp_path, SMALL, 32))
    nodes = onnx.load(form.write(run, tmp_path / "model.onnx").path).graph.node
    names = [node.name for node in nodes]
    assert len(set(names)) == len(names)
    assert not any(name.startswith(("Sub", "_minus", "Mul", "_mul")) for name in names)


def test_onnx_when_written_twice_then_the_bytes_are_equal(tmp_path: Path) -> None:
    run = finished.find(runs.make(tmp_path, SMALL, 32))
    first, again = (form.write(run, tmp_path / name).path for name in ("a.onnx", "b.onnx"))
    assert first.read_bytes() == again.read_bytes()


def test_onnx_when_the_runtime_differs_then_error_and_no_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Other(nn.Module):
        def __init__(self, net: nn.Module) -> None:
            super().__init__()
            self.net = net

        def forward(self, images: torch.Tensor) -> torch.Tensor:
            found: torch.Tensor = self.net(images)
            return found if torch.compiler.is_exporting() else found * 1.001

    net = Other(runs.network(SMALL, 32)).eval()
    monkeypatch.setattr(form.network, "load", lambda run: net)
    run = finished.find(runs.make(tmp_path, SMALL, 32))
    with pytest.raises(NumericsError, match="from torch's, 1e-04 is allowed"):
        form.write(run, tmp_path / "model.onnx")
    assert not (tmp_path / "model.onnx").exists()


def test_onnx_when_named_otherwise_then_usage_error(tmp_path: Path) -> None:
    run = finished.find(runs.make(tmp_path, SMALL, 32))
    with pytest.raises(ConfigError, match=r"e\.g\. model\.onnx"):
        form.write(run, tmp_path / "model.pt")


@pytest.mark.parametrize(
    ("size", "wanted"), [(32, False), (96, False), (112, True), (120, False), (192, False)]
)
def test_zoo_when_a_size_is_asked_then_as_insightface_routes_it(size: int, wanted: bool) -> None:
    assert form.is_zoo(size) is wanted


@pytest.mark.slow
@pytest.mark.parametrize("backbone", [iresnet.Config(depth=18), mobilefacenet.Config()])
def test_onnx_when_insightface_loads_it_then_its_embeddings_are_torchs(
    tmp_path: Path, backbone: Config
) -> None:
    python = os.environ.get("FRLIB_INSIGHTFACE", "")
    if not python:
        pytest.skip("FRLIB_INSIGHTFACE names no Python that has the insightface package")
    run = finished.find(runs.make(tmp_path, backbone, 112))
    path = form.write(run, tmp_path / "model.onnx").path
    bgr = np.random.default_rng(0).integers(0, 256, (3, 112, 112, 3)).astype(np.uint8)
    np.save(tmp_path / "images.npy", bgr)
    words = [str(path), str(tmp_path / "images.npy"), str(tmp_path / "found.npy")]
    said = subprocess.run(
        [python, "-c", ZOO, *words], check=True, capture_output=True, text=True, timeout=300
    )
    kind, task, mean, std, size = json.loads(said.stdout.splitlines()[-1])
    assert (kind, task, mean, std, size) == ("ArcFaceONNX", "recognition", 127.5, 127.5, [112, 112])
    rgb = torch.from_numpy(bgr[..., ::-1].copy()).permute(0, 3, 1, 2).float()
    with torch.no_grad():
        wanted = runs.network(backbone, 112)((rgb - 127.5) / 127.5)
    _same(np.load(tmp_path / "found.npy"), wanted)
