"""A folder with the network alone: `model.safetensors`, `config.json` and a model card."""

from pathlib import Path
from typing import Any

from safetensors.torch import save

import frlib
from frlib.core import safeio
from frlib.core.config import to_dict
from frlib.core.errors import ConfigError
from frlib.data.config import DataConfig
from frlib.export import MEAN, card, network
from frlib.records.finished import Finished

FILES = ("model.safetensors", "config.json", "README.md")


def write(run: Finished, folder: Path) -> Path:
    """Each file whole or not at all, the card last; files of that name are replaced.

    Tensors have the backbone's own names, without the head. `ConfigError` where the folder is the
    run's own or a file.
    """
    if folder.resolve() == run.folder or folder.is_file():
        raise ConfigError(
            f"{folder}: expected a folder of its own to write {', '.join(FILES)} into"
        )
    tensors = network.weights(run)
    network.load(run)
    described = about(run)
    data = save({name: tensor.contiguous() for name, tensor in tensors.items()}, _header(described))
    safeio.write_bytes(folder / FILES[0], data)
    described["sha256"] = safeio.sha256(folder / FILES[0])
    safeio.write_json(folder / FILES[1], described)
    safeio.write_text(folder / FILES[2], card.text(run, described))
    return folder


def about(run: Finished) -> dict[str, Any]:
    """What `config.json` says: the network, its input, where it comes from; no paths."""
    data = DataConfig.parse(run.config["data"], where="data")
    return {
        "backbone": dict(run.config["backbone"]),
        "input": {
            "size": run.size,
            "colour": "RGB",
            "layout": "NCHW",
            "mean": MEAN,
            "std": MEAN,
            "alignment": "five points, as the training images",
        },
        "output": {
            "dimensions": int(run.config["backbone"]["embedding_size"]),
            "compare": "cosine",
        },
        "run": {"study": run.study, "arm": run.arm, "seed": run.seed},
        "datasets": dict(run.datasets),
        "manifest": run.facts.get("manifest", ""),
        "training": _without_paths({**run.config, "data": to_dict(data, places=False)}),
        "frlib": str(run.facts.get("frlib", frlib.__version__)),
    }


def _without_paths(value: Any) -> Any:
    """Without fields called `path` and texts that are absolute paths, at any depth."""
    if isinstance(value, dict):
        return {k: _without_paths(v) for k, v in value.items() if k != "path" and not _is_path(v)}
    if isinstance(value, list):
        return [_without_paths(one) for one in value if not _is_path(one)]
    return value


def _is_path(value: Any) -> bool:
    return isinstance(value, str) and Path(value).is_absolute()


def _header(described: dict[str, Any]) -> dict[str, str]:
    where = described["run"]
    return {
        "format": "pt",
        "frlib": f"{where['study']}/{where['arm']}/r{where['seed']}",
        "manifest": str(described["manifest"]),
    }
