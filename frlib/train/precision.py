"""Which autocast a run uses, decided from the machine when the config leaves it open."""

from collections.abc import Callable
from functools import partial

import torch


def resolve(precision: str, device: torch.device) -> str:
    """`float32` or `bfloat16`. `auto` is bfloat16 only where the hardware has fast instructions."""
    if precision != "auto":
        return precision
    if device.type == "cuda":
        return "bfloat16" if torch.cuda.is_bf16_supported(including_emulation=False) else "float32"
    return "bfloat16" if torch.cpu._is_avx512_bf16_supported() else "float32"


def autocast(precision: str, device: torch.device) -> Callable[[], torch.autocast]:
    """A factory of the context the backbone runs in."""
    return partial(
        torch.autocast, device.type, dtype=torch.bfloat16, enabled=precision == "bfloat16"
    )
