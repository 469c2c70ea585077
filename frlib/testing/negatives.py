"""Negatives by themselves: their bend, its slope, and the target. B batch, b a block, C classes."""

from collections.abc import Iterator

import torch
from torch import Tensor

from frlib.heads.margins import arc, cos
from frlib.heads.slots import Margin, Negatives
from frlib.testing.stand_ins import (
    CLASSES,
    batch,
    columns,
    differences,
    edges,
    finite_at,
    numbers,
    same,
)

_MARGINS = (arc.Config(margin=0.0), arc.Config(), cos.Config())
_TOLERANCE = {torch.float32: 2e-6, torch.float64: 1e-12}


def finite(slot: Negatives) -> None:
    """Bend, slope and target at cosines 0, ±1 and just past them, in both types."""
    for dtype, cos_BC, margin in _settings():
        rows, own_B = _rows(slot, margin, cos_BC)
        for row in rows:
            is_shaped = row.dim() == 0 or row.shape == own_B.shape
            assert is_shaped, f"a constant of shape {list(row.shape)}; expected [B] or []"
            assert row.isfinite().all(), f"a constant of {slot.name!r} is not finite: {row}"
        value_BC, slope_BC = slot.bent(cos_BC.clone(), *_wide(rows))
        finite_at(value_BC, cos_BC, f"bent value in {dtype}")
        finite_at(slope_BC.expand_as(cos_BC), cos_BC, f"bent slope in {dtype}")
        leaf_B = own_B.clone().requires_grad_()
        target_B = slot.target(leaf_B, margin.apply(leaf_B, None), *rows)
        finite_at(target_B, own_B, f"target in {dtype}")
        (slope_B,) = torch.autograd.grad(target_B.sum(), leaf_B)
        finite_at(slope_B, own_B, f"slope of the target in {dtype}")
        assert target_B.dtype == value_BC.dtype == dtype, f"{value_BC.dtype}, {target_B.dtype}"


def bent(slot: Negatives) -> None:
    """`bent` is `bend` and the slope autograd gives it; a plain slot bends nothing."""
    for dtype, cos_BC, margin in _settings():
        rows, _ = _rows(slot, margin, cos_BC)
        wide, before_BC = _wide(rows), cos_BC.clone()
        value_BC, slope_BC = slot.bent(cos_BC, *wide)
        assert torch.equal(cos_BC, before_BC), "bent changes the cosines in place"
        bend_BC = slot.bend(cos_BC, *wide)
        assert torch.equal(cos_BC, before_BC), "bend changes the cosines in place"
        tolerance = {"atol": _TOLERANCE[dtype], "rtol": _TOLERANCE[dtype]}
        same(value_BC, bend_BC, f"bent value against bend in {dtype}", **tolerance)
        _, wanted_BC = Negatives.bent(slot, cos_BC, *wide)
        what = f"bent slope against autograd's of bend in {dtype}"
        same(slope_BC.expand_as(wanted_BC), wanted_BC, what, **tolerance)
        if slot.is_plain:
            same(bend_BC, cos_BC, "bend of a slot that says it is plain")


def elementwise(slot: Negatives) -> None:
    """Any block of rows and columns is bent as it is within the whole."""
    for _, cos_BC, margin in _settings():
        rows, _ = _rows(slot, margin, cos_BC)
        whole_BC = slot.bend(cos_BC, *_wide(rows))
        block, some = slice(1, 4), torch.tensor([4, 0, 5])
        cut = tuple(row[block] if row.dim() else row for row in rows)
        part_bC = slot.bend(cos_BC[block][:, some], *_wide(cut))
        same(part_bC, whole_BC[block][:, some], "a block of rows and columns")


def slope(slot: Negatives, held: bool) -> None:
    """Slopes of bend and target against differences of values; see `margins.slope` for `held`."""
    if held:
        return
    draw = torch.Generator().manual_seed(0)
    cos_BC = 1.94 * torch.rand(40, CLASSES, generator=draw, dtype=torch.float64) - 0.97
    for margin in _MARGINS:
        rows, own_B = _rows(slot, margin, cos_BC)
        wide = _wide(rows)
        _, slope_BC = slot.bent(cos_BC, *wide)

        def bent_by(shift: float, wide: tuple[Tensor, ...] = wide) -> Tensor:
            return slot.bend(cos_BC + shift, *wide)

        def target_by(
            shift: float,
            own_B: Tensor = own_B,
            margin: Margin = margin,
            rows: tuple[Tensor, ...] = rows,
        ) -> Tensor:
            moved_B = own_B + shift
            return slot.target(moved_B, margin.apply(moved_B, None), *rows)

        differences(bent_by, slope_BC.expand_as(cos_BC), cos_BC, "slope of the bend")
        leaf_B = own_B.clone().requires_grad_()
        target_B = slot.target(leaf_B, margin.apply(leaf_B, None), *rows)
        (slope_B,) = torch.autograd.grad(target_B.sum(), leaf_B)
        differences(target_by, slope_B, own_B, "slope of the target")


def _settings() -> Iterator[tuple[torch.dtype, Tensor, Margin]]:
    """Every pair of a label's cosine and another's, out of the edges, and random ones."""
    for dtype in _TOLERANCE:
        draw = torch.Generator().manual_seed(0)
        edge_P = edges(dtype)
        pairs = torch.cartesian_prod(edge_P, edge_P)
        pairs = pairs[torch.randperm(len(pairs), generator=draw)]
        cos_BC = 2 * torch.rand(len(pairs), CLASSES, generator=draw, dtype=dtype) - 1
        label_B = torch.arange(len(pairs)) % CLASSES
        cos_BC.scatter_(1, label_B[:, None], pairs[:, :1])
        cos_BC.scatter_(1, (label_B[:, None] + 1) % CLASSES, pairs[:, 1:])
        for margin in _MARGINS:
            yield dtype, cos_BC, margin


@torch.no_grad()
def _rows(slot: Negatives, margin: Margin, cos_BC: Tensor) -> tuple[tuple[Tensor, ...], Tensor]:
    """Constants of the bend, and the plain target cosines, at labels 0, 1, 2, ..."""
    label_B = torch.arange(len(cos_BC)) % cos_BC.shape[1]
    own_B = cos_BC.gather(1, label_B[:, None]).squeeze(1)
    margined = margin.apply(own_B, None)
    seen, state = batch(own_B, cos_BC.shape[1]), numbers(slot, own_B, cos_BC.shape[1])
    rows = slot.rows(columns(cos_BC), label_B, own_B, margined, seen, state)
    return rows, own_B


def _wide(rows: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
    return tuple(row[:, None] if row.dim() else row for row in rows)
