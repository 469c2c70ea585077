"""Weights of one of this project's networks, from anywhere: the network is named, not guessed.

For networks that others trained with another colour order or scaling (BoundaryFace: BGR), and for
MobileFaceNets of arcface_torch. A folder that `frlib export safetensors` wrote names its network.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Literal

from frlib.backbones import load_public
from frlib.core import safeio
from frlib.core.config import Choice, place, setting
from frlib.core.config import Config as _Config
from frlib.core.errors import RecordError
from frlib.evaluate.model import Colour, Model

if TYPE_CHECKING:
    Backbone = _Config
else:
    Backbone = Choice["frlib.backbones"]


class Config(_Config):
    """Which network the weights are of, and what pixels it was trained on."""

    name: Literal["weights"] = "weights"
    path: str = place(doc="a .safetensors file or a state dict (.pt, .pth); name the backbone too")
    backbone: Backbone
    size: int = setting(112, ge=16, doc="side of the square input", unit="pixels")
    colour: Colour = setting("RGB", doc="order of channels in training")
    mean: float = setting(127.5, doc="pixels x go in as (x - mean) / std")
    std: float = setting(127.5, gt=0, doc="see mean")
    precision: Literal["float32", "bfloat16"] = setting("float32", doc="the network computes in it")


def recognise(path: Path) -> Config | None:
    """A folder with `model.safetensors` and the `config.json` of an export."""
    file, described = path / "model.safetensors", path / "config.json"
    if not (file.is_file() and described.is_file()):
        return None
    try:
        told = safeio.read_json(described)
        given = told["input"]
        return Config.parse(
            {"path": str(file), "backbone": told["backbone"]}
            | {name: given[name] for name in ("size", "colour", "mean", "std")},
            str(described),
        )
    except (RecordError, KeyError, TypeError):
        return None


def open_model(config: Config, device: str) -> Model:
    """The network with these weights; `DataError` unless they are whole and its own."""
    from frlib.evaluate.models._torch import TorchModel, built, told

    path = Path(config.path).expanduser()
    net = built(config.backbone, config.size)
    load_public(net, path)
    facts = {
        "kind": "weights",
        "weights": safeio.sha256(path)[:16],
        "backbone": told(config.backbone),
    }
    return TorchModel(
        net,
        facts,
        size=config.size,
        dimensions=config.backbone.embedding_size,  # type: ignore[attr-defined]
        device=device,
        colour=config.colour,
        mean=config.mean,
        std=config.std,
        precision=config.precision,
    )
