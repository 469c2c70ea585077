"""A network of insightface's arcface_torch: a state dict of an iresnet, depth told by its names.

Pixels as its evaluation has them (eval/verification.py): RGB, x / 127.5 - 1. Its MobileFaceNets
have their sizes in no name: use the kind `weights` for them.
"""

from pathlib import Path
from typing import Literal

from frlib.backbones import iresnet, load_public, public_shapes
from frlib.core import safeio
from frlib.core.config import Config as _Config
from frlib.core.config import place, setting
from frlib.core.errors import DataError
from frlib.evaluate.model import Model

_THIRD_STAGE = {2: 18, 6: 34, 14: 50, 30: 100, 60: 200}
_CHANNELS = 512


class Config(_Config):
    """Where the state dict is."""

    name: Literal["arcface_torch"] = "arcface_torch"
    path: str = place(doc="a state dict of an iresnet (.pt or .pth: backbone.pth, model.pt)")
    precision: Literal["float32", "bfloat16"] = setting("float32", doc="the network computes in it")


def recognise(path: Path) -> Config | None:
    """A file that ends in `.pt` or `.pth`."""
    is_one = path.suffix in (".pt", ".pth") and path.is_file()
    return Config(path=str(path)) if is_one else None


def open_model(config: Config, device: str) -> Model:
    """The iresnet; `DataError` when the file is damaged, holds objects, or is of another network.

    Nothing in the file is executed.
    """
    from frlib.evaluate.models._torch import TorchModel, built, told

    path = Path(config.path).expanduser()
    backbone, size = _told(public_shapes(path), path)
    net = built(backbone, size)
    load_public(net, path)
    facts = {
        "kind": "arcface_torch",
        "weights": safeio.sha256(path)[:16],
        "backbone": told(backbone),
    }
    return TorchModel(
        net,
        facts,
        size=size,
        dimensions=backbone.embedding_size,
        device=device,
        precision=config.precision,
    )


def _told(shapes: dict[str, tuple[int, ...]], path: Path) -> tuple[iresnet.Config, int]:
    """Depth by the blocks of stage 3; size of images and embedding by the last connection."""
    blocks = len({name.split(".")[1] for name in shapes if name.startswith("layer3.")})
    outputs, inputs = (*shapes.get("fc.weight", ()), 0, 0)[:2]
    last_map = round((inputs / _CHANNELS) ** 0.5)
    if blocks not in _THIRD_STAGE or not outputs or last_map**2 * _CHANNELS != inputs:
        first = ", ".join(list(shapes)[:3])
        raise DataError(
            f"{path}: no iresnet of arcface_torch: {blocks} blocks in stage 3 (expected one of "
            f"{', '.join(map(str, _THIRD_STAGE))}), last connection {outputs} x {inputs}; first "
            f"names {first}. For another network give "
            '{"name": "weights", "path": ..., "backbone": ...}.'
        )
    depth = _THIRD_STAGE[blocks]
    return iresnet.Config.parse({"depth": depth, "embedding_size": outputs}), 16 * last_map
