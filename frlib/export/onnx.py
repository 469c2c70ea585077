"""ONNX of a finished run, as insightface's model zoo expects a recognition model.

One input `data` `[batch, 3, size, size]` and one output `embedding` `[batch, D]`, float32, any
batch. The zoo (python-package/insightface/model_zoo: model_zoo.py, arcface_onnx.py) takes a
network for a recognition model by its input of 112 pixels or a larger multiple of 16 (but 192),
and feeds it (x - 127.5) / 127.5 in RGB unless one of the first eight nodes is named `Sub*` and one
`Mul*`; so nodes are named here by number first.

What was written is run by onnxruntime and compared with torch before it takes its place.
"""

import json
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from frlib.core import safeio
from frlib.core.errors import ConfigError, NumericsError
from frlib.export import MEAN, network
from frlib.records.finished import Finished

CLOSE = 1e-4
"""Largest difference allowed from torch, as a share of the largest number of an embedding."""
_OPSET = 18
_BATCHES = (1, 3)
_EXTRA = "ONNX needs packages that are not installed ({}): pip install 'frlib[onnx]'"


@dataclass(frozen=True, kw_only=True)
class Written:
    """What was written. difference: from torch, as a share of the largest number.

    is_zoo: whether insightface's model zoo takes images of this size for a recognition model.
    """

    path: Path
    size: int
    dimensions: int
    num_bytes: int
    difference: float
    is_zoo: bool


def write(run: Finished, path: Path) -> Written:
    """Whole or not at all; `NumericsError` where onnxruntime gives other embeddings than torch."""
    if path.suffix != ".onnx":
        raise ConfigError(f"{path}: an ONNX model is written as .onnx, e.g. {path.stem}.onnx")
    net = network.load(run)
    model = _model(net, run)
    data = model.SerializeToString()
    difference, dimensions = _compared(net, data, run.size)
    if not difference <= CLOSE:
        raise NumericsError(
            f"{path}: onnxruntime's embeddings are {difference:.1e} from torch's, {CLOSE:.0e} is "
            "allowed. Nothing was written"
        )
    safeio.write_bytes(path, data)
    return Written(
        path=path,
        size=run.size,
        dimensions=dimensions,
        num_bytes=len(data),
        difference=difference,
        is_zoo=is_zoo(run.size),
    )


def is_zoo(size: int) -> bool:
    """Whether insightface's model zoo routes such an input to its recognition class."""
    return size >= 112 and size % 16 == 0 and size != 192


def _model(net: nn.Module, run: Finished) -> Any:
    """A `ModelProto` with the weights inside, and without names of this machine."""
    try:
        import onnx
        import onnxscript  # noqa: F401  (torch's exporter needs it)
    except ImportError as error:
        raise ConfigError(_EXTRA.format(error.name)) from None
    example = torch.zeros(2, 3, run.size, run.size)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        program = torch.onnx.export(
            net,
            (example,),
            dynamo=True,
            external_data=False,
            input_names=["data"],
            output_names=["embedding"],
            dynamic_shapes=({0: torch.export.Dim("batch", min=1)},),
            opset_version=_OPSET,
            verbose=False,
        )
    assert program is not None, "the exporter returns a program where it is given no file"
    model = program.model_proto
    graph = model.graph
    for number, node in enumerate(graph.node):
        node.name = f"{number:04d}_{node.op_type}"
    for part in (*graph.node, *graph.value_info, *graph.input, *graph.output, *graph.initializer):
        part.ClearField("metadata_props")
        part.ClearField("doc_string")
    graph.ClearField("metadata_props")
    model.producer_name = "frlib"
    about = {
        "arm": run.arm,
        "backbone": json.dumps(run.config["backbone"], sort_keys=True),
        "colour": "RGB",
        "manifest": str(run.facts.get("manifest", "")),
        "mean": str(MEAN),
        "seed": str(run.seed),
        "std": str(MEAN),
        "study": run.study,
        "weights_sha256": safeio.sha256(run.model),
    }
    onnx.helper.set_model_props(model, about)
    onnx.checker.check_model(model, full_check=True)
    return model


def _compared(net: nn.Module, data: bytes, size: int) -> tuple[float, int]:
    """(largest difference from torch, dimensions), over batches of several sizes."""
    try:
        import onnxruntime
    except ImportError as error:
        raise ConfigError(_EXTRA.format(error.name)) from None
    session = onnxruntime.InferenceSession(data, providers=["CPUExecutionProvider"])
    draw = np.random.default_rng(0)
    away, wanted = [], np.empty((0, 0), dtype=np.float32)
    for count in _BATCHES:
        levels = draw.integers(0, 256, (count, 3, size, size)).astype(np.float32)
        images = (levels - MEAN) / np.float32(MEAN)
        with torch.no_grad():
            wanted = net(torch.from_numpy(images)).numpy()
        found = session.run(None, {"data": images})[0]
        if found.shape != wanted.shape:
            return float("inf"), wanted.shape[1]
        away.append(np.abs(found - wanted).max() / np.abs(wanted).max())
    return float(np.max(away)), wanted.shape[1]
