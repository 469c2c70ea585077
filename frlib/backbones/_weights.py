"""Weights published elsewhere, read into one of our networks: all of them or an error."""

import pickle
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from frlib.core.errors import DataError

if TYPE_CHECKING:
    import torch
    from torch import nn

_WRAPPERS = ("state_dict_backbone", "state_dict", "backbone", "model")
_PREFIXES = ("module.", "backbone.")
_SHOWN = 5


def load_public(net: "nn.Module", path: Path) -> None:
    """Fill `net` with the weights in `path`, a `.safetensors` file or a `torch.save`d state dict.

    A state dict may sit one level down, under `state_dict_backbone`, `state_dict`, `backbone` or
    `model`, and names may carry `module.` and `backbone.` in front. Numbers are converted to the
    network's own type and device. `num_batches_tracked` may be missing: it does not matter here.

    `DataError`, with `net` unchanged, if the file cannot be read as tensors alone (nothing in it is
    executed) or if any name is missing, unexpected or of another shape.
    """
    found = {_strip(name): value for name, value in _read(path).items()}
    wanted = net.state_dict()
    missing = [
        name for name in wanted if name not in found and not name.endswith(".num_batches_tracked")
    ]
    unexpected = [name for name in found if name not in wanted]
    misshapen = [
        f"{name} {tuple(found[name].shape)} instead of {tuple(value.shape)}"
        for name, value in wanted.items()
        if name in found and found[name].shape != value.shape
    ]
    if missing or unexpected or misshapen:
        lists = {"missing": missing, "unexpected": unexpected, "of another shape": misshapen}
        raise DataError(
            f"{path}: these are not weights of this {type(net).__name__}; nothing was loaded. "
            + " ".join(_listed(kind, names) for kind, names in lists.items() if names)
            + " Check the network's name, depth, size and embedding_size against the file's origin."
        )
    net.load_state_dict(wanted | found)


def public_shapes(path: Path) -> dict[str, tuple[int, ...]]:
    """Name -> shape of the tensors in a file that `load_public` reads, names as it sees them.

    `DataError` as there.
    """
    return {_strip(name): tuple(value.shape) for name, value in _read(path).items()}


def _read(path: Path) -> Mapping[str, "torch.Tensor"]:
    if not path.is_file():
        raise DataError(f"{path}: no such file. Give the path of a .pt, .pth or .safetensors file.")
    content = _safetensors(path) if path.suffix == ".safetensors" else _torch(path)
    for wrapper in _WRAPPERS:
        if isinstance(content, Mapping) and isinstance(content.get(wrapper), Mapping):
            content = content[wrapper]
            break
    return _tensors(path, content)


def _safetensors(path: Path) -> Any:
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        return load_file(path)
    except SafetensorError as error:
        raise DataError(
            f"{path}: damaged or no safetensors file ({error}); fetch it again"
        ) from None


def _torch(path: Path) -> Any:
    import torch

    try:
        return torch.load(path, map_location="cpu", weights_only=True)
    except (RuntimeError, EOFError, ValueError, pickle.UnpicklingError) as error:
        first = (str(error).splitlines() or [type(error).__name__])[0]
        raise DataError(
            f"{path}: cannot be read as tensors alone ({first}). A file with other Python objects "
            "in it is refused, as reading it could run code: save its state_dict() elsewhere."
        ) from None


def _tensors(path: Path, content: Any) -> Mapping[str, "torch.Tensor"]:
    import torch

    if isinstance(content, Mapping) and content:
        strange = [str(k) for k, v in content.items() if not isinstance(v, torch.Tensor)]
        if not strange:
            return {str(k): v for k, v in content.items()}
        problem = _listed("not tensors", strange)
    else:
        problem = f"found {type(content).__name__}."
    raise DataError(
        f"{path}: expected a dictionary of tensors by name, or one of {', '.join(_WRAPPERS)} "
        f"holding it; {problem}"
    )


def _strip(name: str) -> str:
    for prefix in _PREFIXES:
        name = name.removeprefix(prefix)
    return name


def _listed(kind: str, names: list[str]) -> str:
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return f"{len(names)} {kind}: {', '.join(names[:_SHOWN])}{more}."
