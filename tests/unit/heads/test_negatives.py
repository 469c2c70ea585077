"""Treatments of negatives, on cosines written down by hand."""

import math

import pytest
import torch
from torch import Tensor

from frlib.heads.margins import arc
from frlib.heads.negatives import (
    arcneg,
    circle,
    curricular,
    interclass_filter,
    mv_adaptive,
    mv_fixed,
    npc,
    shrunk,
)
from frlib.heads.negatives import none as plain
from frlib.heads.slots import Margined, Negatives
from frlib.heads.state import Numbers
from frlib.testing.workers import ThreadGroup, together
from tests.unit.heads.stand_ins import batch, columns, numbers

M = 0.5
COS_BC = torch.tensor([[0.6, 0.4, 0.1, 0.9], [-0.3, 0.7, -0.8, -0.2]], dtype=torch.float64)
OWN_B = COS_BC[:, 0]
MARGINED = arc.Config(margin=M).apply(OWN_B, None)


def _phi(c: float, margin: float = M) -> float:
    return math.cos(math.acos(c) + margin)


def _applied(
    slot: Negatives,
    cos_BC: Tensor = COS_BC,
    margined: Margined = MARGINED,
    state: Numbers | None = None,
    **changes: object,
) -> tuple[Tensor, Tensor]:
    """Bent cosines and the target, with label 0 everywhere; checks `bent` against `bend`."""
    own_B, labels_B = cos_BC[:, 0], torch.zeros(len(cos_BC), dtype=torch.int64)
    seen = batch(labels_B, cos_BC.shape[1], **changes)
    state = numbers(slot) if state is None else state
    with torch.no_grad():
        rows = slot.rows(columns(cos_BC), labels_B, own_B, margined, seen, state)
    wide = tuple(row[:, None] if row.dim() else row for row in rows)
    others_BC = slot.bend(cos_BC, *wide)
    value_BC, slope_BC = slot.bent(cos_BC.clone(), *wide)
    by_autograd = Negatives.bent(slot, cos_BC, *wide)
    torch.testing.assert_close(value_BC, others_BC)
    torch.testing.assert_close(slope_BC.expand_as(value_BC), by_autograd[1])
    return others_BC, slot.target(own_B, margined, *rows)


def test_none_when_applied_then_cosines_and_margined_target_unchanged() -> None:
    others_BC, target_B = _applied(plain.Config())
    assert torch.equal(others_BC, COS_BC)
    assert torch.equal(target_B, MARGINED.target)


def test_mv_fixed_when_negative_reaches_the_target_then_raised_and_clamped() -> None:
    others_BC, target_B = _applied(mv_fixed.Config(t_weight=0.2))
    assert _phi(0.6) < 0.4 and _phi(-0.3) > -0.8  # so 0.4, 0.9 and 0.7, -0.2 are hard
    assert others_BC[0, 1:].tolist() == pytest.approx([0.6, 0.1, 1.0])
    assert others_BC[1, 1:].tolist() == pytest.approx([0.9, -0.8, 0.0])
    assert target_B.tolist() == pytest.approx([_phi(0.6), _phi(-0.3)])


def test_mv_fixed_when_target_lies_below_minus_one_then_clamped() -> None:
    cos_BC = torch.tensor([[-0.99, 0.0]], dtype=torch.float64)
    margined = arc.Config(margin=M).apply(cos_BC[:, 0], None)
    assert margined.target.item() < -1
    assert _applied(mv_fixed.Config(), cos_BC, margined)[1].item() == -1


def test_mv_fixed_when_negative_equals_the_target_then_hard() -> None:
    cos_BC = torch.tensor([[0.6, _phi(0.6)]], dtype=torch.float64)
    margined = Margined(cos_BC[:, 1], cos_BC[:, 1])
    others_BC, _ = _applied(mv_fixed.Config(t_weight=0.2), cos_BC, margined)
    assert others_BC[0, 1].item() == pytest.approx(_phi(0.6) + 0.2)


def test_mv_adaptive_when_negative_passes_the_threshold_then_weighted() -> None:
    others_BC, _ = _applied(mv_adaptive.Config(mv_weight=1.2))
    assert others_BC[0, 1:].tolist() == pytest.approx([1.2 * 0.4 + 0.2, 0.1, 1.2 * 0.9 + 0.2])
    assert others_BC[1, 1:].tolist() == pytest.approx([1.2 * 0.7 + 0.2, -0.8, -1.2 * 0.2 + 0.2])


def test_npc_when_negatives_are_hard_then_their_mean_raises_the_margin() -> None:
    others_BC, target_B = _applied(npc.Config())
    assert others_BC[0, 1:].tolist() == pytest.approx([0.64, 0.1, 1.19])
    assert target_B[0].item() == pytest.approx(_phi(0.6, 0.4 + 0.2 * (0.4 + 0.9) / 2))
    assert target_B[1].item() == -0.3


def test_npc_when_no_negative_is_hard_then_margin_is_m0() -> None:
    cos_BC = torch.tensor([[0.9, 0.1]], dtype=torch.float64)
    margined = arc.Config(margin=M).apply(cos_BC[:, 0], None)
    others_BC, target_B = _applied(npc.Config(), cos_BC, margined)
    assert others_BC[0, 1].item() == 0.1
    assert target_B.item() == pytest.approx(_phi(0.9, 0.4))


def test_arcneg_when_applied_then_weight_by_nearness_to_the_target() -> None:
    others_BC, _ = _applied(arcneg.Config())
    weight = 1.2 * math.exp(-((0.4 - _phi(0.6)) ** 2) / 2)
    assert others_BC[0, 1].item() == pytest.approx(weight * 0.4 + weight - 1)


def test_filter_when_negative_is_too_near_then_cosine_zero_without_gradient() -> None:
    others_BC, _ = _applied(interclass_filter.Config(threshold=0.4))
    assert others_BC[0, 1:].tolist() == [0.4, 0.1, 0.0]
    leaf_BC = COS_BC.clone().requires_grad_()
    interclass_filter.Config(threshold=0.4).bend(leaf_BC).sum().backward()
    assert leaf_BC.grad is not None
    assert leaf_BC.grad[0].tolist() == [0, 1, 1, 0]


def test_shrunk_when_applied_then_smaller_angles() -> None:
    others_BC, _ = _applied(shrunk.Config(margin=1.4))
    assert others_BC[1, 2].item() == pytest.approx(math.cos(math.acos(-0.8) / 1.4))


def test_circle_when_below_minus_the_relaxation_then_no_weight() -> None:
    others_BC, _ = _applied(circle.Config(margin=0.25))
    assert others_BC[0, 1].item() == pytest.approx(0.65 * 0.15)
    assert others_BC[1, 2].item() == 0


def _state(t: float, rate: float = 0.01) -> tuple[curricular.Config, Numbers]:
    slot = curricular.Config(ema_rate=rate)
    state = numbers(slot)
    state.t.fill_(t)
    return slot, state


def test_curricular_when_training_then_moves_before_use() -> None:
    slot, state = _state(0.2)
    others_BC, target_B = _applied(slot, state=state)
    t = 0.01 * (0.6 - 0.3) / 2 + 0.99 * 0.2
    assert state.t.item() == pytest.approx(t)
    assert others_BC[0, 1:].tolist() == pytest.approx([0.4 * (t + 0.4), 0.1, 0.9 * (t + 0.9)])
    assert others_BC[1, 1:].tolist() == pytest.approx([0.7 * (t + 0.7), -0.8, -0.2 * (t - 0.2)])
    assert torch.equal(target_B, MARGINED.target)


def test_curricular_when_evaluating_then_stays() -> None:
    slot, state = _state(0.2)
    _applied(slot, state=state, is_training=False)
    assert state.t.item() == pytest.approx(0.2)


def test_curricular_when_negative_equals_the_threshold_then_easy() -> None:
    slot, state = _state(0.5)
    cos_BC = torch.tensor([[0.6, 0.25]], dtype=torch.float64)
    margined = Margined(cos_BC[:, 1], cos_BC[:, 1])
    others_BC, _ = _applied(slot, cos_BC, margined, state, is_training=False)
    assert others_BC[0, 1].item() == 0.25


def test_curricular_when_target_is_past_the_end_then_threshold_has_no_fallback() -> None:
    own = -0.99
    literal, falling = _phi(own), own - M * math.sin(M)
    between = (literal + falling) / 2
    cos_BC = torch.tensor([[own, between]], dtype=torch.float64)
    margined = arc.Config(margin=M).apply(cos_BC[:, 0], None)
    slot, state = _state(0.5)
    others_BC, target_B = _applied(slot, cos_BC, margined, state, is_training=False)
    assert target_B.item() == pytest.approx(falling)
    assert others_BC[0, 1].item() == pytest.approx(between)


def test_curricular_when_several_workers_then_all_hold_the_mean() -> None:
    def work(group: ThreadGroup) -> float:
        slot, state = _state(0.0, rate=0.1)
        cos_BC = COS_BC[group.rank :][:1]
        margined = arc.Config().apply(cos_BC[:, 0], None)
        _applied(slot, cos_BC, margined, state, data=group)
        return float(state.t)

    assert together(2, work) == pytest.approx([0.015, 0.015])
