"""Which autocast a run uses, decided by measuring when the config leaves it open.

`auto` is float32 where the machine has no fast bfloat16 instructions. Where it has, a few steps of
the backbone are timed in both, once for each machine, network and size; the answer is kept in the
user's cache (`$XDG_CACHE_HOME/frlib/precision.json`, else `~/.cache`).
"""

import logging
import os
import platform
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import torch
from torch import nn

from frlib.core import discover, safeio
from frlib.core.config import digest
from frlib.core.errors import RecordError
from frlib.parallel.draws import Position, position
from frlib.train.config import TrainConfig
from frlib.train.place import Place

log = logging.getLogger(__name__)

_BATCH, _TURNS = 8, 3
_TYPES = {"float32": torch.float32, "bfloat16": torch.bfloat16, "float16": torch.float16}


def has_bfloat16(device: torch.device) -> bool:
    """Whether the hardware has fast bfloat16 instructions."""
    if device.type == "cuda":
        return torch.cuda.is_bf16_supported(including_emulation=False)
    return torch.cpu._is_avx512_bf16_supported()


def decided(config: TrainConfig, place: Place) -> str:
    """`float32`, `bfloat16` or `float16`, the same on all workers: the first one measures."""
    if config.precision != "auto":
        return config.precision
    is_narrow = place.is_first and has_bfloat16(place.device) and _is_faster(config, place.device)
    told = place.group.max(torch.tensor(float(is_narrow), device=place.device))
    return "bfloat16" if bool(told) else "float32"


def autocast(precision: str, device: torch.device) -> Callable[[], torch.autocast]:
    """A factory of the context the backbone runs in."""
    return partial(
        torch.autocast,
        device.type,
        dtype=_TYPES[precision] if precision != "float32" else torch.bfloat16,
        enabled=precision != "float32",
    )


def _is_faster(config: TrainConfig, device: torch.device) -> bool:
    key = (
        f"{_machine(device)} torch {torch.__version__} {digest(config.backbone)} {config.data.size}"
    )
    file = _cache()
    try:
        known = dict(safeio.read_json(file)) if file.is_file() else {}
    except (RecordError, TypeError, ValueError):
        known = {}
    if key not in known:
        module = discover.load("frlib.backbones", config.backbone.name)
        with torch.random.fork_rng(devices=[]):
            net = module.build(config.backbone, config.data.size).to(device)
        seconds = measured(net.to(memory_format=torch.channels_last), config.data.size, device)
        known[key] = seconds["bfloat16"] < seconds["float32"]
        _remember(file, known)
    return bool(known[key])


def measured(net: nn.Module, size: int, device: torch.device) -> dict[str, float]:
    """Seconds of the fastest of a few steps of a network, interleaved, in either type."""
    images = torch.randn(_BATCH, 3, size, size, device=device)
    images = images.contiguous(memory_format=torch.channels_last)
    position(net.train(), Position(0, 0, 0, _BATCH, _BATCH))
    best = dict.fromkeys(("float32", "bfloat16"), float("inf"))
    for turn in range(_TURNS + 1):
        for name in best:
            began = time.perf_counter()
            with autocast(name, device)():
                loss = net(images).float().square().mean()
            loss.backward()
            if device.type == "cuda":
                torch.cuda.synchronize(device)
            if turn:
                best[name] = min(best[name], time.perf_counter() - began)
    return best


def _remember(file: Path, known: dict[str, bool]) -> None:
    """Where the cache can be written; else the next run measures again."""
    try:
        safeio.write_json(file, known)
    except (OSError, safeio.DiskFullError, safeio.PlaceError) as error:
        log.warning("%s: precision=auto is measured again in every run (%s)", file, error)


def _machine(device: torch.device) -> str:
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    name = platform.processor()
    if Path("/proc/cpuinfo").is_file():
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
        name = names[0] if names else name
    return f"{name} {torch.get_num_threads()} threads"


def _cache() -> Path:
    base = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    return Path(base).expanduser() / "frlib" / "precision.json"
