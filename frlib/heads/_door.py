"""What a head may be given, checked once at its door.

Shapes and types are checked everywhere. Whether numbers are in range is known at once on the CPU;
on other devices it is asserted there, without waiting for it.
"""

import torch
from torch import Tensor

from frlib.core.errors import DataError


def require(
    emb_BD: Tensor,
    labels_B: Tensor,
    samples_B: Tensor | None,
    weights_B: Tensor | None,
    *,
    dim: int,
    num_classes: int,
    num_samples: int,
) -> None:
    """`DataError` says what was found and what is needed."""
    if emb_BD.dim() != 2 or emb_BD.shape[1] != dim or not len(emb_BD):
        raise DataError(
            f"embeddings of shape {list(emb_BD.shape)}; the head needs [B, {dim}] with B ≥ 1. "
            "Does the backbone's embedding_size agree?"
        )
    count = len(emb_BD)
    _require_vector("labels", labels_B, count, torch.int64)
    _require_range("labels", labels_B, num_classes, "classes of the head")
    if weights_B is not None:
        _require_vector("weights", weights_B, count, None)
    if samples_B is not None:
        _require_vector("sample numbers", samples_B, count, torch.int64)
        if num_samples:
            _require_range("sample numbers", samples_B, num_samples, "num_samples of the head")


def _require_vector(what: str, values: Tensor, count: int, dtype: torch.dtype | None) -> None:
    wrong = dtype is not None and values.dtype != dtype
    if wrong or values.dim() != 1 or len(values) != count:
        kind = "" if dtype is None else f" and type {dtype}"
        raise DataError(
            f"{what} of shape {list(values.shape)} and type {values.dtype}; "
            f"needed is one for each of the {count} embeddings, shape [{count}]{kind}"
        )


def _require_range(what: str, values: Tensor, end: int, limit: str) -> None:
    if torch.compiler.is_compiling() or values.is_meta:
        return
    is_fine = ((values >= 0) & (values < end)).all()
    if values.device.type != "cpu":
        torch._assert_async(is_fine, f"{what} must be from 0 to {end - 1} ({limit}: {end})")
    elif not is_fine:
        wrong = values[(values < 0) | (values >= end)]
        raise DataError(
            f"{what}: {len(wrong)} of {len(values)} out of range, the first is {int(wrong[0])}; "
            f"they go from 0 to {end - 1} ({limit}: {end})"
        )
