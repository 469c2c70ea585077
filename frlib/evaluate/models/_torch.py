"""A torch network as a model of evaluation, on its device."""

from collections.abc import Mapping
from typing import Any, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from frlib.core import discover
from frlib.core.config import Config, digest, to_dict
from frlib.core.errors import ConfigError
from frlib.evaluate.embed import to_input
from frlib.evaluate.model import Colour

Precision = Literal["float32", "bfloat16"]


class TorchModel:
    """A `Model` (`frlib.evaluate.model`) around a network that takes float images `[B, 3, S, S]`.

    Pixels x go in as (x - mean) / std, in the order `colour`. `facts` join `about`; their `weights`
    (a checksum) and the settings here make the digest.
    """

    def __init__(
        self,
        net: nn.Module,
        facts: Mapping[str, Any],
        *,
        size: int,
        dimensions: int,
        device: str,
        colour: Colour = "RGB",
        mean: float = 127.5,
        std: float = 127.5,
        precision: Precision = "float32",
    ) -> None:
        self.size, self.colour = size, colour
        self._mean, self._std = mean, std
        self._device, self._is_low = torch_device(device), precision == "bfloat16"
        self._net = net.eval().to(self._device).to(memory_format=torch.channels_last)
        counted = {
            **facts,
            "colour": colour,
            "scaling": scaling(mean, std),
            "dtype": precision,
            "size": size,
            "dimensions": dimensions,
        }
        self.about: dict[str, Any] = {
            **counted,
            "digest": digest(counted),
            "device": self._device.type,
            "runtime": f"torch {torch.__version__}",
        }

    @torch.inference_mode()
    def embed(self, images: NDArray[np.uint8]) -> NDArray[np.float32]:
        """`[B, size, size, 3]` RGB -> `[B, D]` raw outputs."""
        ordered = images[..., ::-1] if self.colour == "BGR" else images
        pixels = torch.from_numpy(np.ascontiguousarray(ordered)).to(self._device)
        if self._mean == self._std == 127.5:
            put_in = to_input(pixels)
        else:
            put_in = pixels.permute(0, 3, 1, 2).float().sub_(self._mean).div_(self._std)
        with torch.autocast(self._device.type, dtype=torch.bfloat16, enabled=self._is_low):
            found = self._net(put_in)
        numbers: NDArray[np.float32] = found.float().cpu().numpy()
        return numbers


def scaling(mean: float, std: float) -> str:
    """How pixels x are scaled, as it is shown."""
    return "x" if (mean, std) == (0, 1) else f"(x - {mean:g}) / {std:g}"


def torch_device(name: str) -> torch.device:
    """The device of this name; `ConfigError` when there is none."""
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "cpu"
    try:
        device = torch.device(name)
    except RuntimeError:
        raise ConfigError(f"device={name!r}; expected cpu, cuda, cuda:N or auto") from None
    if device.type not in ("cpu", "cuda"):
        raise ConfigError(f"device={name!r}; expected cpu, cuda, cuda:N or auto")
    if device.type == "cuda" and (device.index or 0) >= torch.cuda.device_count():
        raise ConfigError(
            f"device={name}: torch finds {torch.cuda.device_count()} GPUs here; use cpu, or check "
            "the driver and CUDA_VISIBLE_DEVICES"
        )
    return device


def built(backbone: Config, size: int) -> nn.Module:
    """The network of a backbone's config; torch's generator is left as it was."""
    module = discover.load("frlib.backbones", backbone.name)  # type: ignore[attr-defined]
    with torch.random.fork_rng(devices=[]):
        net: nn.Module = module.build(backbone, size)
    return net


def told(backbone: Config) -> dict[str, Any]:
    """A backbone's config as it enters `about`."""
    return to_dict(backbone, places=False)
