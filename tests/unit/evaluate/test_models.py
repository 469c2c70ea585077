"""Kinds of models: what they compute, what they say about themselves, what is refused."""

import json
import pickle
import sys
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
import torch
from onnx import TensorProto, helper, numpy_helper
from safetensors.torch import load_file, save_file

from frlib.backbones import iresnet, mobilefacenet, tiny
from frlib.core.config import Config, to_dict
from frlib.core.errors import ConfigError, DataError
from frlib.evaluate.embed import to_input
from frlib.evaluate.model import named, open_model
from frlib.evaluate.models import arcface_torch, run, weights
from frlib.evaluate.models import onnx as onnx_kind

IMAGES = np.random.default_rng(5).integers(0, 256, (5, 32, 32, 3)).astype(np.uint8)
TINY = tiny.Config(width=4, embedding_size=16)


def _net(config: tiny.Config = TINY) -> torch.nn.Module:
    torch.manual_seed(1)
    net = tiny.build(config, 32).eval().to(memory_format=torch.channels_last)
    for name, value in net.state_dict().items():  # statistics that are not those of the start
        if name.endswith("running_mean"):
            value.add_(0.1)
    return net


@torch.no_grad()
def _wanted(net: torch.nn.Module, images: np.ndarray) -> np.ndarray:
    return net(to_input(torch.from_numpy(images))).numpy()


def _run(folder: Path, net: torch.nn.Module, backbone: Config = TINY) -> Path:
    tensors = {f"backbone.{k}": v.contiguous() for k, v in net.state_dict().items()}
    place = folder / "arms" / "abc" / "r0"
    place.mkdir(parents=True)
    save_file(tensors | {"head.weight": torch.ones(3, 16)}, place / "model.safetensors")
    config = {"backbone": to_dict(backbone), "data": {"size": 32}, "epochs": 3}
    (place.parent / "arm.json").write_text(json.dumps({"arm": "abc", "config": config}))
    return place


def test_run_when_opened_then_computes_what_the_network_computes(tmp_path: Path) -> None:
    net = _net()
    place = _run(tmp_path, net)
    for path in (place, place / "model.safetensors"):
        config = named(str(path))
        assert isinstance(config, run.Config)
        model = open_model(config)
        assert np.array_equal(model.embed(IMAGES), _wanted(net, IMAGES))
    assert model.size == 32 and model.colour == "RGB"
    about = model.about
    assert about["scaling"] == "(x - 127.5) / 127.5" and about["dtype"] == "float32"
    assert about["dimensions"] == 16 and about["backbone"]["name"] == "tiny"
    json.dumps(about)


def test_projection_when_the_run_was_trained_with_one_then_read(tmp_path: Path) -> None:
    place = _run(tmp_path, _net())
    config = run.Config(path=str(place))
    assert run.projection(config) is None
    assert run.trained_for(config) == ""
    told = json.loads((place.parent / "arm.json").read_text())
    for path, expected in (("old/r0", "0123456789abcdef"), ("old.npz", "")):
        told["config"]["compat"] = {"sha256": "0123456789abcdef", "path": path}
        (place.parent / "arm.json").write_text(json.dumps(told))
        assert run.trained_for(config) == expected
    file = place / "model.safetensors"
    matrix = torch.arange(12.0).reshape(3, 4)
    save_file(load_file(file) | {"compat.project.weight": matrix}, file)
    found = run.projection(config)
    assert found is not None and np.array_equal(found, matrix.numpy())
    assert np.array_equal(open_model(config).embed(IMAGES), _wanted(_net(), IMAGES))
    save_file(load_file(file) | {"compat.project.weight": torch.ones(3)}, file)
    with pytest.raises(DataError, match=r"shape \(3,\); expected"):
        run.projection(config)
    file.write_bytes(file.read_bytes()[:-10])
    with pytest.raises(DataError, match="damaged"):
        run.projection(config)


def test_model_when_opened_then_leaves_the_random_numbers_of_others_alone(tmp_path: Path) -> None:
    place = _run(tmp_path, _net())
    torch.manual_seed(8)
    wanted = torch.rand(3)
    torch.manual_seed(8)
    open_model(run.Config(path=str(place)))
    assert torch.equal(torch.rand(3), wanted)


def test_run_when_its_files_disagree_or_lack_then_refused(tmp_path: Path) -> None:
    place = _run(tmp_path / "a", _net(), tiny.Config(width=8, embedding_size=16))
    with pytest.raises(DataError, match=r"not those of the network in arm\.json"):
        open_model(run.Config(path=str(place)))
    (place.parent / "arm.json").write_text('{"config": {}}')
    with pytest.raises(DataError, match="does not describe the arm"):
        open_model(run.Config(path=str(place)))
    with pytest.raises(DataError, match="once it is finished"):
        open_model(run.Config(path=str(tmp_path)))
    torn = _run(tmp_path / "b", _net()) / "model.safetensors"
    torn.write_bytes(torn.read_bytes()[:-10])
    with pytest.raises(DataError, match="damaged"):
        open_model(run.Config(path=str(torn)))


def test_arcface_torch_when_opened_then_depth_and_sizes_are_told_by_the_file(
    tmp_path: Path,
) -> None:
    torch.manual_seed(2)
    net = iresnet.build(iresnet.Config(depth=18, embedding_size=24), 32).eval()
    path = tmp_path / "backbone.pth"
    torch.save({f"module.{k}": v for k, v in net.state_dict().items()}, path)
    config = named(str(path))
    assert isinstance(config, arcface_torch.Config)
    model = open_model(config)
    assert model.size == 32 and model.about["backbone"]["depth"] == 18
    np.testing.assert_allclose(model.embed(IMAGES), _wanted(net, IMAGES), rtol=1e-4, atol=1e-5)


def test_arcface_torch_when_file_runs_code_or_is_another_network_then_refused(
    tmp_path: Path,
) -> None:
    path = tmp_path / "a.pt"
    path.write_bytes(pickle.dumps(print, protocol=2))
    with pytest.raises(DataError, match="cannot be read as tensors alone"):
        open_model(arcface_torch.Config(path=str(path)))
    torch.save(_net().state_dict(), path)
    with pytest.raises(DataError, match="no iresnet of arcface_torch"):
        open_model(arcface_torch.Config(path=str(path)))
    path.write_bytes(path.read_bytes()[:100])
    with pytest.raises(DataError, match="cannot be read"):
        open_model(arcface_torch.Config(path=str(path)))


def test_weights_when_trained_on_other_pixels_then_it_swaps_and_scales_for_itself(
    tmp_path: Path,
) -> None:
    net, path = _net(), tmp_path / "w.safetensors"
    save_file({k: v.contiguous() for k, v in net.state_dict().items()}, path)
    config = weights.Config(path=str(path), backbone=TINY, size=32, colour="BGR", std=128)
    model = open_model(config)
    images = torch.from_numpy(IMAGES[..., ::-1].copy()).permute(0, 3, 1, 2)
    with torch.no_grad():
        wanted = net((images.float() - 127.5) / 128).numpy()
    np.testing.assert_allclose(model.embed(IMAGES), wanted, rtol=1e-4, atol=1e-5)
    assert model.about["colour"] == "BGR" and model.about["scaling"] == "(x - 127.5) / 128"
    plain = open_model(weights.Config(path=str(path), backbone=TINY, size=32))
    assert plain.about["digest"] != model.about["digest"]
    assert np.abs(plain.embed(IMAGES) - wanted).max() > 1e-3


def test_weights_when_named_as_json_then_opened(tmp_path: Path) -> None:
    net = mobilefacenet.build(mobilefacenet.Config(embedding_size=8), 32).eval()
    path = tmp_path / "mbf.pt"
    torch.save(net.state_dict(), path)
    backbone = {"name": "mobilefacenet", "embedding_size": 8}
    value = {"name": "weights", "path": str(path), "backbone": backbone, "size": 32}
    model = open_model(named(json.dumps(value)))
    np.testing.assert_allclose(model.embed(IMAGES), _wanted(net, IMAGES), rtol=1e-4, atol=1e-5)


def _exported(path: Path, net: torch.nn.Module) -> Path:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(
            net,
            (torch.zeros(2, 3, 32, 32),),
            str(path),
            dynamo=True,
            dynamic_shapes=({0: torch.export.Dim("batch", min=1)},),
            external_data=False,
            verbose=False,
        )
    return path


def test_onnx_when_exported_from_a_network_then_equals_torch(tmp_path: Path) -> None:
    net = _net()
    config = named(str(_exported(tmp_path / "w.onnx", net)))
    assert isinstance(config, onnx_kind.Config)
    model = open_model(config)
    assert model.size == 32 and model.about["scaling"] == "(x - 127.5) / 127.5"
    for count in (1, 5):
        found = model.embed(IMAGES[:count])
        assert found.dtype == np.float32
        assert np.abs(found - _wanted(net, IMAGES[:count])).max() < 1e-4


def _sums(
    path: Path, *, nodes: tuple[str, ...] = (), batch: Any = "b", side: Any = 32, outside: str = ""
) -> Path:
    """A graph that scales if `nodes` are given, then gives 2 multiples of the channels' sums."""
    weight = numpy_helper.from_array(np.array([[1, 2], [3, 4], [5, 6]], dtype=np.float32), "w")
    if outside:
        weight.ClearField("raw_data")
        weight.data_location = TensorProto.EXTERNAL
        weight.external_data.add(key="location", value=outside)
    constants = [
        weight,
        numpy_helper.from_array(np.array([2, 3], dtype=np.int64), "axes"),
        numpy_helper.from_array(np.float32(100), "mean"),
        numpy_helper.from_array(np.float32(0.5), "scale"),
    ]
    graph, last = [], "x"
    for name, constant in zip(nodes, ("mean", "scale"), strict=False):
        kind = "Sub" if constant == "mean" else "Mul"
        graph.append(helper.make_node(kind, [last, constant], [name], name=name))
        last = name
    graph.append(helper.make_node("ReduceSum", [last, "axes"], ["s"], keepdims=0))
    graph.append(helper.make_node("MatMul", ["s", "w"], ["y"]))
    made = helper.make_graph(
        graph,
        "g",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [batch, 3, side, side])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [batch, 2])],
        constants,
    )
    opset = [helper.make_opsetid("", 17)]
    path.write_bytes(helper.make_model(made, opset_imports=opset, ir_version=9).SerializeToString())
    return path


@pytest.mark.parametrize("nodes", [("Sub_1", "Mul_2"), ("_minusscalar0", "_mulscalar0")])
def test_onnx_when_graph_scales_for_itself_then_pixels_go_in_as_they_are(
    tmp_path: Path, nodes: tuple[str, ...]
) -> None:
    model = open_model(onnx_kind.Config(path=str(_sums(tmp_path / "a.onnx", nodes=nodes))))
    assert model.about["scaling"] == "x"
    sums = ((IMAGES.astype(np.float64) - 100) * 0.5).sum(axis=(1, 2))
    np.testing.assert_allclose(model.embed(IMAGES), sums @ [[1, 2], [3, 4], [5, 6]], rtol=1e-4)


def test_onnx_when_batch_is_fixed_then_any_count_is_embedded(tmp_path: Path) -> None:
    paths = [_sums(tmp_path / f"{batch}.onnx", batch=batch) for batch in ("b", 1, 2)]
    free, one, two = (open_model(onnx_kind.Config(path=str(p))).embed(IMAGES) for p in paths)
    np.testing.assert_allclose(one, free, rtol=1e-5)
    np.testing.assert_allclose(two, free, rtol=1e-5)


def test_onnx_when_colour_is_bgr_then_channels_are_swapped(tmp_path: Path) -> None:
    path = str(_sums(tmp_path / "a.onnx"))
    swapped = open_model(onnx_kind.Config(path=path, colour="BGR")).embed(IMAGES)
    plain = open_model(onnx_kind.Config(path=path)).embed(IMAGES[..., ::-1])
    np.testing.assert_array_equal(swapped, plain)


def test_onnx_when_side_is_open_then_size_must_be_given(tmp_path: Path) -> None:
    path = str(_sums(tmp_path / "a.onnx", side="s"))
    with pytest.raises(ConfigError, match="give size"):
        open_model(onnx_kind.Config(path=path))
    assert open_model(onnx_kind.Config(path=path, size=32)).size == 32
    fixed = str(_sums(tmp_path / "b.onnx"))
    with pytest.raises(ConfigError, match="takes images of 32 pixels"):
        open_model(onnx_kind.Config(path=fixed, size=64))


def test_onnx_when_weights_are_beside_it_then_they_count_for_the_digest(tmp_path: Path) -> None:
    path = _sums(tmp_path / "a.onnx", outside="a.data")
    digests = []
    for factor in (1, 2):
        values = factor * np.array([[1, 2], [3, 4], [5, 6]], dtype=np.float32)
        (tmp_path / "a.data").write_bytes(values.tobytes())
        digests.append(open_model(onnx_kind.Config(path=str(path))).about["digest"])
    assert digests[0] != digests[1]


def test_onnx_when_damaged_or_reaching_outside_then_refused(tmp_path: Path) -> None:
    path = _sums(tmp_path / "a.onnx")
    path.write_bytes(path.read_bytes()[:60])
    with pytest.raises(DataError, match="damaged or no ONNX model"):
        open_model(onnx_kind.Config(path=str(path)))
    away = _sums(tmp_path / "b.onnx", outside="../secret")
    with pytest.raises(DataError, match="outside its folder"):
        open_model(onnx_kind.Config(path=str(away)))


def test_onnx_when_the_extra_is_missing_then_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(ConfigError, match=r"pip install 'frlib\[onnx\]'"):
        open_model(onnx_kind.Config(path=str(_sums(tmp_path / "a.onnx"))))


def test_onnx_when_checked_by_onnx_then_the_graph_of_these_tests_is_valid(tmp_path: Path) -> None:
    onnx.checker.check_model(onnx.load(_sums(tmp_path / "a.onnx", nodes=("Sub", "Mul"))))


def test_device_when_there_is_none_then_refused(tmp_path: Path) -> None:
    place = str(_run(tmp_path, _net()))
    with pytest.raises(ConfigError, match="GPUs here"):
        open_model(run.Config(path=place), "cuda:97")
    with pytest.raises(ConfigError, match="expected cpu, cuda"):
        open_model(run.Config(path=place), "toaster")
    assert open_model(run.Config(path=place), "auto").about["device"] in ("cpu", "cuda")


def test_model_when_text_names_none_then_says_what_one_looks_like(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("no model")
    with pytest.raises(ConfigError, match=r"arcface_torch: .*\n.*onnx: .*\n.*run: "):
        named(str(tmp_path / "a.txt"))
    with pytest.raises(ConfigError, match="no such file"):
        named(str(tmp_path / "gone.onnx"))
    with pytest.raises(ConfigError, match="no 'name'"):
        named('{"path": "a"}')
    with pytest.raises(ConfigError, match="is no JSON"):
        named("{name: onnx}")
