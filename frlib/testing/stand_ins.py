"""Cosines that are written down, and batches that go with them, for slots outside a head.

B batch, C classes; dtype is that of the cosines.
"""

from collections.abc import Callable

import torch
from torch import Tensor

from frlib.heads import _unit
from frlib.heads.batch import Batch
from frlib.heads.reference import Reference
from frlib.heads.shard import Shard
from frlib.heads.similarity import dot
from frlib.heads.slots import Margin, Slot
from frlib.heads.state import Numbers
from frlib.parallel.collectives import SINGLE

CLASSES = 7
STEP = 1e-6
LENGTHS = (0.0, 1e-3, 1.0, 10.0, 19.5, 60.0, 110.0, 300.0)


def columns(cos_BC: Tensor) -> Reference:
    """Inner products with the unit vectors: the embeddings are the cosines."""
    classes = cos_BC.shape[1]
    eye = torch.eye(classes, dtype=cos_BC.dtype)
    every_C = torch.arange(classes)
    return Reference(cos_BC, eye, dot.Config(), Shard.of(classes), every_C, True, cos_BC.dtype)


def batch(own_B: Tensor, classes: int = CLASSES, *, is_training: bool = True) -> Batch:
    """Embeddings of very different lengths, the first of them 0."""
    count = len(own_B)
    at_B = torch.arange(count)
    lengths_B = torch.tensor(LENGTHS, dtype=own_B.dtype)[at_B % len(LENGTHS)]
    emb_BD = (lengths_B[:, None] * own_B.new_tensor([0.6, 0.8])).requires_grad_()
    return Batch(
        emb_BD=emb_BD,
        norms_B=_unit.lengths(emb_BD),
        given_B=at_B % classes,
        samples_B=at_B,
        epoch=50,
        step=3,
        seed=1,
        is_training=is_training,
        shard=Shard.of(classes),
        data=SINGLE,
    )


def numbers(slot: Slot, own_B: Tensor, classes: int = CLASSES) -> Numbers:
    """What the slot keeps, at its start."""
    return Numbers(slot.state(classes), Shard.of(classes), len(own_B)).to(own_B.dtype)


def amounts(margin: Margin, own_B: Tensor) -> tuple[Tensor | None, Batch]:
    """What the margin depends on besides the cosine, `[B]`, after one training step's move."""
    seen, state = batch(own_B), numbers(margin, own_B)
    with torch.no_grad():
        margin.observe(seen, state)
    found_B = margin.amounts(seen, own_B.detach(), seen.given_B, state)
    if found_B is not None:
        assert found_B.shape == own_B.shape, f"amounts {list(found_B.shape)}, expected [B]"
        assert found_B.dtype == own_B.dtype, f"amounts {found_B.dtype} of {own_B.dtype}"
    return found_B, seen


def edges(dtype: torch.dtype) -> Tensor:
    """Cosines 0 and ±1, next to them, and past ±1 as rounding makes them."""
    eps = torch.finfo(dtype).eps
    around = [1 + k * eps for k in (-4, -1, 0, 1, 4)]
    return torch.tensor([*around, *(-c for c in around), 0.0, eps, -eps, 0.5, -0.5], dtype=dtype)


def same(found: Tensor, wanted: Tensor, what: str, *, rtol: float = 0, atol: float = 0) -> None:
    """Equal tensors, or an AssertionError that says what differs."""
    torch.testing.assert_close(
        found, wanted, rtol=rtol, atol=atol, equal_nan=True, msg=lambda text: f"{what}: {text}"
    )


def finite_at(value: Tensor, cos: Tensor, what: str) -> None:
    """An AssertionError that names the first cosine at which `value` is not finite."""
    is_bad = ~value.isfinite()
    if is_bad.any():
        bad, at = value[is_bad][0].item(), cos[is_bad][0].item()
        raise AssertionError(f"{what}: {bad} at cosine {at!r} ({at - 1:+.3g} from 1)")


def differences(
    value: Callable[[float], Tensor], found_P: Tensor, cos_P: Tensor, what: str
) -> None:
    """A slope against differences of `value(shift)`, except at kinks and jumps, which are few."""
    with torch.no_grad():
        ahead_P, here_P, behind_P = value(STEP), value(0.0), value(-STEP)
    right_P, left_P = (ahead_P - here_P) / STEP, (here_P - behind_P) / STEP
    is_smooth_P = (right_P - left_P).abs() <= 1e-3 * (1 + left_P.abs())
    share = is_smooth_P.double().mean().item()
    assert share > 0.8, f"{what}: the value has kinks or jumps at {1 - share:.0%} of the cosines"
    wanted_P = (ahead_P - behind_P) / (2 * STEP)
    is_off_P = is_smooth_P & ((found_P - wanted_P).abs() > 1e-5 + 1e-5 * wanted_P.abs())
    if is_off_P.any():
        slope, wanted, cos = (v[is_off_P][0].item() for v in (found_P, wanted_P, cos_P))
        raise AssertionError(
            f"{what}: {slope:.6g} by autograd, {wanted:.6g} by differences of values, at cosine "
            f"{cos:.6g} ({int(is_off_P.sum())} of {is_off_P.numel()} points). If part of the value "
            "is held constant on purpose, pass held=True"
        )
