"""A margin by itself: values, slopes, and what it says of itself. B batch, A amounts, P points."""

import torch
from torch import Tensor

from frlib.heads.slots import Margin
from frlib.testing.stand_ins import amounts, differences, edges, finite_at, same

POINTS = 20_001


def finite(margin: Margin) -> None:
    """Value and slope at cosines 0, ±1 and just past them, with every amount, in both types."""
    for dtype in (torch.float32, torch.float64):
        own_B = edges(dtype)
        amounts_B, seen = amounts(margin, own_B)
        cos_BP = own_B.expand(len(own_B), -1).clone().requires_grad_()
        amounts_B1 = None if amounts_B is None else amounts_B[:, None]
        found = margin.apply(cos_BP, amounts_B1)
        for name, value_BP in (("target", found.target), ("raw", found.raw)):
            finite_at(value_BP, cos_BP, f"{name} in {dtype}")
            assert value_BP.dtype == dtype, f"{name}: {value_BP.dtype} from cosines in {dtype}"
        inputs = [cos_BP, seen.emb_BD]
        grads = torch.autograd.grad(found.target.sum(), inputs, allow_unused=True)
        if grads[0] is not None:
            finite_at(grads[0], cos_BP, f"slope of target in {dtype}")
        if grads[1] is not None:
            assert grads[1].isfinite().all(), f"gradient of the embedding in {dtype}: {grads[1]}"


def shapes(margin: Margin) -> None:
    """`[B]` with amounts `[B]`, and `[B, P]` with `[B, 1]`, element by element the same."""
    own_B = torch.linspace(-0.95, 0.97, 16, dtype=torch.float64)
    amounts_B, _ = amounts(margin, own_B)
    cos_BP = torch.stack([own_B.roll(k) for k in range(5)], 1)
    before = cos_BP.clone()
    wide = margin.apply(cos_BP, None if amounts_B is None else amounts_B[:, None])
    assert torch.equal(cos_BP, before), "the cosines were changed in place"
    for at in range(5):
        one = margin.apply(cos_BP[:, at], amounts_B)
        for name, value_B, value_BP in zip(one._fields, one, wide, strict=True):
            assert value_B.shape == own_B.shape, f"{name}: {list(value_B.shape)} of [B] cosines"
            assert value_BP.shape == cos_BP.shape, f"{name}: {list(value_BP.shape)} of [B, P]"
            what = f"{name}, column {at} of [B, P] against [B]"
            same(value_BP[:, at], value_B, what, atol=1e-12, rtol=1e-12)


def rises(margin: Margin) -> None:
    """`rises` and `rises_where_positive` promise no more than is true."""
    theta_P = torch.linspace(torch.pi, 0, POINTS, dtype=torch.float64)
    cos_P = torch.cat([theta_P.cos(), torch.linspace(-1, 1, POINTS, dtype=torch.float64)])
    cos_P = cos_P.clamp(-1, 1).sort().values
    amounts_A, _ = amounts(margin, torch.linspace(-1, 1, 64, dtype=torch.float64))
    amounts_A1 = torch.zeros(1, 1) if amounts_A is None else amounts_A.detach().unique()[:, None]
    for amount_1 in amounts_A1:
        with torch.no_grad():
            value_P = margin.apply(cos_P, None if amounts_A is None else amount_1).target
        falls_P = value_P.diff() < -1e-9
        where = f" with amount {amount_1.item():.4g}" if amounts_A is not None else ""
        if margin.rises:
            _no_fall(falls_P, cos_P, value_P, f"rises{where}")
        if margin.rises_where_positive:
            from_P = (value_P > 0).int().cummax(0).values[:-1].bool()
            _no_fall(falls_P & from_P, cos_P, value_P, f"rises_where_positive{where}")


def slope(margin: Margin, held: bool) -> None:
    """Autograd's slope against differences of values, or against 1 where it is declared detached.

    `held`: part of the value is taken as constant on purpose; then there is nothing to compare.
    """
    cos_P = torch.linspace(-0.971, 0.973, 397, dtype=torch.float64)
    amounts_P, _ = amounts(margin, cos_P)
    amounts_P = None if amounts_P is None else amounts_P.detach().requires_grad_()
    leaf_P = cos_P.clone().requires_grad_()
    total = margin.apply(leaf_P, amounts_P).target.sum()
    (found_P,) = torch.autograd.grad(total, leaf_P, retain_graph=True)
    if getattr(margin, "margin_grad", "exact") == "detached":
        same(found_P, torch.ones_like(found_P), "slope of a margin with margin_grad='detached'")
        return
    if held:
        return
    differences(
        lambda shift: margin.apply(cos_P + shift, amounts_P).target, found_P, cos_P, "slope"
    )
    if amounts_P is None:
        return
    known_P: Tensor = amounts_P
    (found_P,) = torch.autograd.grad(total, known_P, materialize_grads=True)
    differences(
        lambda shift: margin.apply(cos_P, known_P + shift).target,
        found_P,
        cos_P,
        "slope in the amounts",
    )


def _no_fall(falls_P: Tensor, cos_P: Tensor, value_P: Tensor, what: str) -> None:
    if falls_P.any():
        at = int(falls_P.int().argmax())
        raise AssertionError(
            f"{what}: not true. From {value_P[at].item():.9g} at cosine {cos_P[at].item():.9g} the "
            f"value falls to {value_P[at + 1].item():.9g} at {cos_P[at + 1].item():.9g}"
        )
