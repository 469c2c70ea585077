"""A model as evaluation sees it: images in, raw embeddings out, whatever runs it."""

import json
from pathlib import Path
from typing import Any, Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from frlib.core import discover
from frlib.core.config import Config
from frlib.core.errors import ConfigError

PACKAGE = "frlib.evaluate.models"
Colour = Literal["RGB", "BGR"]


class Model(Protocol):
    """size: side of the images it takes. colour: the order of channels it was trained with.

    about: plain JSON that names it wherever its numbers are shown: `kind`, `digest` (over weights
    and everything below), `colour`, `scaling` (of pixels, as text), `dtype` it computes in, `size`,
    `dimensions`, `device`, `runtime`.
    """

    size: int
    colour: Colour
    about: dict[str, Any]

    def embed(self, images: NDArray[np.uint8]) -> NDArray[np.float32]:
        """`[B, size, size, 3]` RGB -> `[B, D]` raw outputs; it swaps and scales for itself."""
        ...


def open_model(config: Config, device: str = "cpu") -> Model:
    """The model of a config. device: `cpu`, `cuda`, `cuda:N`, or `auto` for a GPU where one is.

    `DataError` for missing, damaged or foreign weights, `ConfigError` for what cannot run here.
    """
    module = discover.load(PACKAGE, config.name)  # type: ignore[attr-defined]
    model: Model = module.open_model(config, device)
    return model


def named(text: str) -> Config:
    """The config of a model: a path that is recognised, or JSON like `{"name": "onnx", ...}`.

    `ConfigError` if nothing is there, or if it is no model that a kind knows.
    """
    if text.lstrip().startswith("{"):
        return _from_json(text)
    path = Path(text).expanduser()
    if not path.exists():
        raise ConfigError(f"{text}: no such file or folder; expected a model")
    modules = {name: discover.load(PACKAGE, name) for name in discover.choices(PACKAGE)}
    for module in modules.values():
        found: Config | None = module.recognise(path) if hasattr(module, "recognise") else None
        if found is not None:
            return found
    shapes = "\n".join(
        f"  {name}: {module.Config.model_fields['path'].description}"
        for name, module in modules.items()
    )
    raise ConfigError(f"{text}: no model that is known; expected one of\n{shapes}")


def _from_json(text: str) -> Config:
    try:
        value = json.loads(text)
    except ValueError as error:
        raise ConfigError(
            f'{text!r} is no JSON ({error}); expected e.g. {{"name": "onnx", "path": "w.onnx"}}'
        ) from None
    if not isinstance(value, dict) or "name" not in value:
        raise ConfigError(f"{text!r} has no 'name' saying which kind of model it is")
    name = str(value["name"])
    parsed: Config = discover.load(PACKAGE, name).Config.parse(value, name)
    return parsed
