"""A finished run of this project: its folder `arms/<arm>/r<seed>`, or the model file in it.

The network is the one that the arm's description beside it (`arm.json`) names; pixels are RGB,
x / 127.5 - 1, as in training.
"""

from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from frlib.core import discover, safeio
from frlib.core.config import Config as _Config
from frlib.core.config import place, setting
from frlib.core.errors import DataError, RecordError
from frlib.data.vectors import SUFFIXES
from frlib.evaluate.model import Model

_FILE = "model.safetensors"
_PART = "backbone."
_PROJECTION = "compat.project.weight"


class Config(_Config):
    """Where the run is."""

    name: Literal["run"] = "run"
    path: str = place(doc="a folder r<seed> of a finished run, or the model.safetensors in it")
    precision: Literal["float32", "bfloat16"] = setting("float32", doc="the network computes in it")


def recognise(path: Path) -> Config | None:
    """A folder with a `model.safetensors`, or that file beside an arm's description."""
    file = _file(path)
    is_run = file.name == _FILE and file.is_file() and _description(file).is_file()
    return Config(path=str(path)) if is_run else None


def open_model(config: Config, device: str) -> Model:
    """The run's network; `DataError` when the run is not finished or its files do not agree."""
    from frlib.evaluate.models._torch import TorchModel, built, told

    file = _file(Path(config.path).expanduser())
    if not file.is_file():
        raise DataError(f"{file}: missing; a run has it once it is finished. Finish the study.")
    backbone, size = _described(_description(file))
    net = built(backbone, size)
    net.load_state_dict(_weights(file, net))
    facts = {"kind": "run", "weights": safeio.sha256(file)[:16], "backbone": told(backbone)}
    return TorchModel(
        net,
        facts,
        size=size,
        dimensions=backbone.embedding_size,  # type: ignore[attr-defined]
        device=device,
        precision=config.precision,
    )


def projection(config: Config) -> NDArray[np.float32] | None:
    """`[D_old, D_new]`, the map to an old model's space that the run was trained with, if it was.

    `DataError` where the file is damaged.
    """
    from safetensors import SafetensorError, safe_open

    file = _file(Path(config.path).expanduser())
    try:
        with safe_open(file, "np") as stored:
            if _PROJECTION not in stored.keys():  # noqa: SIM118
                return None
            found: NDArray[np.float32] = stored.get_tensor(_PROJECTION).astype(np.float32)
    except (SafetensorError, OSError) as error:
        raise DataError(f"{file}: damaged ({error}); copy it again or run the arm again") from error
    if found.ndim != 2:
        raise DataError(f"{file}: {_PROJECTION} has shape {found.shape}; expected (old, new) sizes")
    return found


def trained_for(config: Config) -> str:
    """First digits of the checksum of the old model that the run was trained to fit.

    Empty where it was given as a file of its features, or trained for the run.
    """
    try:
        found: Any = safeio.read_json(_description(_file(Path(config.path).expanduser())))
        compat: Any = found["config"]["compat"]
        return "" if Path(compat["path"]).suffix in SUFFIXES else str(compat["sha256"])
    except (RecordError, KeyError, TypeError):
        return ""


def _file(path: Path) -> Path:
    return (path if path.name == _FILE else path / _FILE).resolve()


def _description(file: Path) -> Path:
    return file.parent.parent / "arm.json"


def _described(path: Path) -> tuple[_Config, int]:
    """Backbone and size of the images; the rest of the arm's config plays no part."""
    try:
        config: Any = safeio.read_json(path)["config"]
        value, size = dict(config["backbone"]), int(config["data"]["size"])
        module = discover.load("frlib.backbones", str(value["name"]))
    except (RecordError, KeyError, TypeError, ValueError) as error:
        raise DataError(
            f"{path}: does not describe the arm of this run ({error!r}); expected the file that "
            "`frlib study run` writes beside the runs. Copy it along with them."
        ) from error
    backbone: _Config = module.Config.parse(value, f"{path}: backbone")
    return backbone, size


def _weights(file: Path, net: Any) -> dict[str, Any]:
    """The backbone's tensors alone: the head may be large and is not looked at."""
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(file, "pt") as stored:
            names = [name for name in stored.keys() if name.startswith(_PART)]  # noqa: SIM118
            found = {name.removeprefix(_PART): stored.get_tensor(name) for name in names}
    except (SafetensorError, OSError) as error:
        raise DataError(f"{file}: damaged ({error}); copy it again or run the arm again") from error
    wanted = {name: tuple(value.shape) for name, value in net.state_dict().items()}
    have = {name: tuple(value.shape) for name, value in found.items()}
    if have != wanted:
        differ = sorted(n for n in wanted.keys() | have.keys() if wanted.get(n) != have.get(n))
        raise DataError(
            f"{file}: {len(differ)} tensors are not those of the network in arm.json, first "
            f"{differ[0]} ({have.get(differ[0])}, expected {wanted.get(differ[0])}). Are both of "
            "one arm?"
        )
    return found
