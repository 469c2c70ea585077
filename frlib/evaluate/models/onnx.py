"""An ONNX file that takes images `[B, 3, S, S]` and gives embeddings `[B, D]`.

Pixels are RGB. Scaling follows insightface (python-package/insightface/model_zoo/arcface_onnx.py):
a graph whose first eight nodes hold a subtraction and a multiplication (by name: `Sub` or `_minus`,
`Mul` or `_mul`) scales for itself and takes pixels as they are; any other takes x / 127.5 - 1.
`mean` and `std` override that. Needs the extra `onnx`.
"""

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from frlib.core import safeio
from frlib.core.config import Config as _Config
from frlib.core.config import digest, place, setting
from frlib.core.errors import ConfigError, DataError
from frlib.evaluate.model import Colour, Model

_FIRST_NODES = 8
_KINDS = {"tensor(float)": np.float32, "tensor(float16)": np.float16}


class Config(_Config):
    """Where the file is, and what it does not say itself."""

    name: Literal["onnx"] = "onnx"
    path: str = place(doc="a file *.onnx of images to embeddings")
    size: int = setting(0, ge=0, doc="side of the input; 0: as the file says", unit="pixels")
    colour: Colour = setting("RGB", doc="order of channels in training")
    mean: float | None = setting(
        None, doc="pixels x go in as (x - mean) / std; none: told by nodes"
    )
    std: float | None = setting(None, gt=0, doc="see mean")


def recognise(path: Path) -> Config | None:
    """A file that ends in `.onnx`."""
    return Config(path=str(path)) if path.suffix == ".onnx" and path.is_file() else None


def open_model(config: Config, device: str) -> Model:
    """The model in onnxruntime.

    `ConfigError` without the extra, without the device, or when the file leaves the size open;
    `DataError` when the file is damaged or is no network of images to embeddings.
    """
    try:
        import onnx
        import onnxruntime
    except ImportError as error:
        raise ConfigError(
            f"{config.path}: ONNX files need onnx and onnxruntime ({error}); install them with "
            "`pip install 'frlib[onnx]'`"
        ) from None
    path = Path(config.path).expanduser()
    if not path.is_file():
        raise DataError(f"{path}: no such file; expected an ONNX model")
    try:
        graph = onnx.load(path, load_external_data=False).graph
        files = [path, *(path.parent / name for name in sorted(set(_outside(graph, path))))]
        session = onnxruntime.InferenceSession(path, providers=_providers(device, onnxruntime))
    except (DataError, ConfigError):
        raise
    except Exception as error:  # onnxruntime and protobuf raise classes of their own
        first = (str(error).splitlines() or [type(error).__name__])[0]
        raise DataError(f"{path}: damaged or no ONNX model ({first}); fetch it again") from error
    return OnnxModel(config, session, graph, _sum(files))


class OnnxModel:
    """A `Model` (`frlib.evaluate.model`) around a session of onnxruntime."""

    def __init__(self, config: Config, session: Any, graph: Any, weights: str) -> None:
        import onnxruntime

        inputs, outputs = session.get_inputs(), session.get_outputs()
        where = config.path
        if len(inputs) != 1 or not outputs or len(inputs[0].shape) != 4:
            shapes = ", ".join(f"{one.name} {one.shape}" for one in inputs)
            raise DataError(f"{where}: takes {shapes}; expected one input [B, 3, S, S]")
        self._session, self._input = session, inputs[0].name
        self._output = outputs[0].name
        if inputs[0].type not in _KINDS:
            raise DataError(f"{where}: takes {inputs[0].type}; expected {' or '.join(_KINDS)}")
        self._kind = _KINDS[inputs[0].type]
        batch, channels, *sides = inputs[0].shape
        self._batch = batch if isinstance(batch, int) and batch > 0 else None
        if isinstance(channels, int) and channels != 3:
            raise DataError(f"{where}: takes {channels} channels; expected 3")
        self.size, self.colour = _size(config, sides), config.colour
        self._mean, self._std = _scaling(config, graph)
        probe = self._run(np.zeros((1, self.size, self.size, 3), dtype=np.uint8))
        if probe.ndim != 2 or not probe.shape[1]:
            raise DataError(f"{where}: gives {list(probe.shape)} for one image; expected [1, D]")
        counted = {
            "kind": "onnx",
            "weights": weights,
            "colour": self.colour,
            "scaling": "x" if self._std == 1 else f"(x - {self._mean:g}) / {self._std:g}",
            "dtype": np.dtype(self._kind).name,
            "size": self.size,
            "dimensions": probe.shape[1],
        }
        self.about: dict[str, Any] = {
            **counted,
            "digest": digest(counted),
            "device": "cuda" if "CUDA" in session.get_providers()[0] else "cpu",
            "runtime": f"onnxruntime {onnxruntime.__version__}",
        }

    def embed(self, images: NDArray[np.uint8]) -> NDArray[np.float32]:
        """`[B, size, size, 3]` RGB -> `[B, D]`; a file of a fixed batch is asked in such pieces."""
        if self._batch is None:
            return self._run(images)
        step = self._batch
        pieces = [self._run(images[start : start + step]) for start in range(0, len(images), step)]
        return np.concatenate(pieces)

    def _run(self, images: NDArray[np.uint8]) -> NDArray[np.float32]:
        count = len(images)
        if self._batch is not None and count < self._batch:
            images = np.concatenate([images, np.repeat(images[-1:], self._batch - count, axis=0)])
        ordered = images[..., ::-1] if self.colour == "BGR" else images
        pixels = (ordered.transpose(0, 3, 1, 2).astype(np.float32) - self._mean) / self._std
        put_in = np.ascontiguousarray(pixels, dtype=self._kind)
        (found,) = self._session.run([self._output], {self._input: put_in})
        numbers: NDArray[np.float32] = np.asarray(found)[:count].astype(np.float32)
        return numbers


def _size(config: Config, sides: list[Any]) -> int:
    told = sides[0] if isinstance(sides[0], int) and sides[0] == sides[1] else 0
    if config.size and told and config.size != told:
        raise ConfigError(f"size={config.size}: {config.path} takes images of {told} pixels")
    if not (config.size or told):
        raise ConfigError(
            f"{config.path}: takes images of {sides[0]} x {sides[1]}, which is not one fixed "
            "square; give size, for example 112"
        )
    return config.size or int(told)


def _scaling(config: Config, graph: Any) -> tuple[np.float32, np.float32]:
    first = [node.name for node in graph.node[:_FIRST_NODES]]
    subtracts = any(name.startswith(("Sub", "_minus")) for name in first)
    scales_itself = subtracts and any(name.startswith(("Mul", "_mul")) for name in first)
    mean, std = (0.0, 1.0) if scales_itself else (127.5, 127.5)
    return (
        np.float32(mean if config.mean is None else config.mean),
        np.float32(std if config.std is None else config.std),
    )


def _providers(device: str, onnxruntime: Any) -> list[Any]:
    kind, _, number = device.partition(":")
    has_gpu = "CUDAExecutionProvider" in onnxruntime.get_available_providers()
    if kind == "cpu" or (kind == "auto" and not has_gpu):
        return ["CPUExecutionProvider"]
    if kind not in ("cuda", "auto") or not has_gpu:
        raise ConfigError(
            f"device={device}: this onnxruntime runs on "
            f"{', '.join(onnxruntime.get_available_providers())}; use cpu, or install "
            "onnxruntime-gpu"
        )
    return [("CUDAExecutionProvider", {"device_id": int(number or 0)}), "CPUExecutionProvider"]


def _outside(graph: Any, path: Path) -> Iterator[str]:
    """Names of the files beside the model that hold weights; none may be elsewhere."""
    for tensor in graph.initializer:
        for entry in tensor.external_data:
            if entry.key != "location":
                continue
            if not (path.parent / entry.value).resolve().is_relative_to(path.parent.resolve()):
                raise DataError(f"{path}: has weights at {entry.value}, outside its folder")
            yield entry.value


def _sum(files: list[Path]) -> str:
    """16 hex digits over the contents of all files."""
    sums = "".join(safeio.sha256(file) for file in files)
    return sums[:16] if len(files) == 1 else hashlib.sha256(sums.encode()).hexdigest()[:16]
