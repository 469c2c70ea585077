"""Any image model of timm (`pip install 'frlib[timm]'`) without its classifier, under a face head.

The head is an iresnet's: a full connection from the pooled features and BN whose scale stays 1.
Models that are made for one size of image are told the size; the others take what comes.

`weights` is a file of timm's own, with its classifier, of the very `model` (its tag included where
that changes its shapes); nothing is ever downloaded. What a run starts from decides its result, so
`pretrained` names the file by its checksum, and `weights` only says where it lies. Without the file
such a network can still be filled with the weights of a finished run. Pixels are RGB in [-1, 1], as
for all networks here, and not standardised as in timm's own training.

What is not ours, and so depends on the number of workers:

* Dropout and drop path draw from torch's generator, once a worker; both are off unless asked for.
* Only plain batch norms are synchronised. Models that fuse one with an activation (timm's
  `BatchNormAct2d`: EfficientNets, MobileNets, DenseNets) normalise by each worker's own part.
"""

import importlib
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from frlib.backbones._weights import load_public
from frlib.core import safeio
from frlib.core.config import Config as _Config
from frlib.core.config import place, setting
from frlib.core.errors import ConfigError, DataError
from frlib.core.paper import Paper
from frlib.core.suggest import did_you_mean

if TYPE_CHECKING:
    from torch import nn

PAPER = Paper(
    key="wightman2019timm",
    title="timm",
    where="Wightman, PyTorch Image Models",
    url="https://github.com/huggingface/pytorch-image-models",
)

_REFUSALS = (RuntimeError, AssertionError, ValueError, IndexError, ZeroDivisionError)


class Config(_Config):
    """Which model, what it starts from, and the size of the embedding."""

    name: Literal["timm"] = "timm"
    embedding_size: int = setting(512, ge=1, doc="length of the embedding")
    model: str = setting("resnet18", doc="name in timm.list_models(), with or without a tag")
    pretrained: str = setting(
        "",
        pattern=r"^([0-9a-f]{16,64})?$",
        doc="SHA-256 of the weights to start from, 16 digits or more; empty: random weights",
    )
    weights: str | None = place(None, doc="file of the pretrained weights (.safetensors, .pth)")
    drop_rate: float = setting(
        0.0, ge=0, lt=1, doc="timm's dropout; depends on the number of workers"
    )
    drop_path_rate: float = setting(
        0.0, ge=0, lt=1, doc="timm's drop path; depends on the number of workers"
    )


def build(config: Config, size: int) -> "nn.Module":
    """The network for images of `size` pixels.

    `ConfigError` for an unknown model, one that cannot take that size or those rates, and without
    timm; `DataError` if the weights are not those of `pretrained` or of the model.
    """
    timm = _library()
    known = {*timm.list_models(), *timm.list_pretrained()}
    if config.model not in known:
        raise ConfigError(
            f"model={config.model!r}: timm {timm.__version__} has no such model"
            f"{did_you_mean(config.model, known)}. timm.list_models() lists them."
        )
    file, lacks = _file(config)
    import torch

    from frlib.backbones._timm_net import Adapted

    try:
        body = _body(timm, config, size) if file is None else _started(timm, config, size, file)
        with torch.no_grad():
            shape = tuple(body.eval()(torch.zeros(1, 3, size, size)).shape)
    except _REFUSALS as error:
        first = (str(error).splitlines() or [type(error).__name__])[0]
        raise ConfigError(
            f"size={size}: {config.model} of timm does not take such images ({first}). Set the "
            "size to one that it is made for, or choose another model."
        ) from error
    if len(shape) != 2:
        raise ConfigError(
            f"model={config.model!r}: gives {shape} for an image and not a row of features; "
            "choose a model that pools them."
        )
    if not config.drop_rate:
        _without_dropout(body)
    return Adapted(body.train(), shape[1], config.embedding_size, lacks)


def _library() -> Any:
    try:
        return importlib.import_module("timm")
    except ImportError as error:
        raise ConfigError(
            f"backbone.name=timm needs timm ({error}); pip install 'frlib[timm]', or choose one of "
            "this project's own networks (`frlib backbone list`)"
        ) from error


def _body(timm: Any, config: Config, size: int) -> "nn.Module":
    """With random weights."""
    return _created(timm, config, {"num_classes": 0, "img_size": size})


def _started(timm: Any, config: Config, size: int, file: Path) -> "nn.Module":
    """As it was trained, with those weights; then without its classifier and told the size."""
    body: Any = _created(timm, config, {})
    load_public(body, file)
    body.reset_classifier(0)
    if hasattr(body, "set_input_size"):
        body.set_input_size(img_size=(size, size))
    return body


def _created(timm: Any, config: Config, wanted: dict[str, Any]) -> "nn.Module":
    """The model with those of the arguments that it has; `ConfigError` if it lacks a rate > 0."""
    rates = {"drop_rate": config.drop_rate, "drop_path_rate": config.drop_path_rate}
    wanted = wanted | rates
    while True:
        try:
            return timm.create_model(config.model, pretrained=False, **wanted)
        except TypeError as error:
            refused = next((name for name in wanted if f"'{name}'" in str(error)), None)
            if refused is None:
                raise
            if rates.get(refused):
                raise ConfigError(
                    f"{refused}={rates[refused]}: {config.model} of timm has no such argument; "
                    "set it to 0"
                ) from error
            del wanted[refused]


def _without_dropout(body: "nn.Module") -> None:
    """Some models have rates of their own, which no argument reaches."""
    from torch.nn.modules.dropout import _DropoutNd

    for layer in body.modules():
        if isinstance(layer, _DropoutNd):
            layer.p = 0.0


def _file(config: Config) -> tuple[Path | None, str]:
    """The weights to start from, if there are any; and what is missing, if they should be."""
    path = None if config.weights is None else Path(config.weights).expanduser()
    has_file = path is not None and path.is_file()
    if not config.pretrained:
        if path is None:
            return None, ""
        digest = safeio.sha256(path)[:16] if has_file else "the SHA-256 of it"
        raise ConfigError(
            f"weights={path}: the place of the weights does not say which they are; set pretrained="
            f"{digest} too"
        )
    if path is None or not has_file:
        return None, (
            f"{config.model} starts from the weights with SHA-256 {config.pretrained}, and "
            f"weights={path} is no file; set weights to where they are on this machine"
        )
    found = safeio.sha256(path)
    if not found.startswith(config.pretrained):
        raise DataError(
            f"{path}: has SHA-256 {found[:16]}..., and pretrained={config.pretrained}; fetch the "
            "file again, or set pretrained to what it is"
        )
    return path, ""
