"""Treatments of negatives, on cosines written down by hand."""

import math

import pytest
import torch

from frlib.heads.margins import arc
from frlib.heads.negatives import curricular, mv_fixed
from frlib.heads.negatives import none as plain
from frlib.parallel.collectives import SINGLE
from tests.unit.heads.workers import ThreadGroup, together

M = 0.5
COS_BC = torch.tensor([[0.6, 0.4, 0.1, 0.9], [-0.3, 0.7, -0.8, -0.2]], dtype=torch.float64)
OWN_B = COS_BC[:, 0]
MARGINED = arc.Config(margin=M).build()(OWN_B)


def _phi(c: float) -> float:
    return math.cos(math.acos(c) + M)


def test_none_when_applied_then_cosines_and_margined_target_unchanged() -> None:
    others_BC, target_B = plain.Config().build()(COS_BC, OWN_B, MARGINED, SINGLE)
    assert torch.equal(others_BC, COS_BC)
    assert torch.equal(target_B, MARGINED.target)


def test_mv_fixed_when_negative_reaches_the_target_then_raised_and_clamped() -> None:
    others_BC, target_B = mv_fixed.Config(t_weight=0.2).build()(COS_BC, OWN_B, MARGINED, SINGLE)
    assert _phi(0.6) < 0.4 and _phi(-0.3) > -0.8  # so 0.4, 0.9 and 0.7, -0.2 are hard
    assert others_BC[0, 1:].tolist() == pytest.approx([0.6, 0.1, 1.0])
    assert others_BC[1, 1:].tolist() == pytest.approx([0.9, -0.8, 0.0])
    assert target_B.tolist() == pytest.approx([_phi(0.6), _phi(-0.3)])


def test_mv_fixed_when_target_lies_below_minus_one_then_clamped() -> None:
    own_B = torch.tensor([-0.99], dtype=torch.float64)
    margined = arc.Config(margin=M).build()(own_B)
    assert margined.target.item() < -1
    _, target_B = mv_fixed.Config().build()(torch.tensor([[-0.99, 0.0]]), own_B, margined, SINGLE)
    assert target_B.item() == -1


def test_mv_fixed_when_negative_equals_the_target_then_hard() -> None:
    cos_BC = torch.tensor([[0.6, _phi(0.6)]], dtype=torch.float64)
    margined = MARGINED._replace(target=cos_BC[:, 1])
    others_BC, _ = mv_fixed.Config(t_weight=0.2).build()(cos_BC, cos_BC[:, 0], margined, SINGLE)
    assert others_BC[0, 1].item() == pytest.approx(_phi(0.6) + 0.2)


def _curriculum(t: float, rate: float = 0.01) -> curricular.Curriculum:
    module = curricular.Config(ema_rate=rate).build()
    assert isinstance(module, curricular.Curriculum)
    module.double().t.fill_(t)
    return module


def test_curricular_when_training_then_moves_before_use() -> None:
    module = _curriculum(0.2)
    others_BC, target_B = module(COS_BC, OWN_B, MARGINED, SINGLE)
    t = 0.01 * (0.6 - 0.3) / 2 + 0.99 * 0.2
    assert module.t.item() == pytest.approx(t)
    assert others_BC[0, 1:].tolist() == pytest.approx([0.4 * (t + 0.4), 0.1, 0.9 * (t + 0.9)])
    assert others_BC[1, 1:].tolist() == pytest.approx([0.7 * (t + 0.7), -0.8, -0.2 * (t - 0.2)])
    assert torch.equal(target_B, MARGINED.target)


def test_curricular_when_evaluating_then_stays() -> None:
    module = _curriculum(0.2).eval()
    module(COS_BC, OWN_B, MARGINED, SINGLE)
    assert module.t.item() == pytest.approx(0.2)


def test_curricular_when_negative_equals_the_threshold_then_easy() -> None:
    module = _curriculum(0.5).eval()
    cos_BC = torch.tensor([[0.6, 0.25]], dtype=torch.float64)
    margined = MARGINED._replace(raw=cos_BC[:, 1])
    assert module(cos_BC, cos_BC[:, 0], margined, SINGLE)[0][0, 1].item() == 0.25


def test_curricular_when_target_is_past_the_end_then_threshold_has_no_fallback() -> None:
    own = -0.99
    literal, falling = _phi(own), own - M * math.sin(M)
    between = (literal + falling) / 2
    cos_BC = torch.tensor([[own, between]], dtype=torch.float64)
    margined = arc.Config(margin=M).build()(cos_BC[:, 0])
    module = _curriculum(0.5).eval()
    others_BC, target_B = module(cos_BC, cos_BC[:, 0], margined, SINGLE)
    assert target_B.item() == pytest.approx(falling)
    assert others_BC[0, 1].item() == pytest.approx(between)


def test_curricular_when_several_workers_then_all_hold_the_mean() -> None:
    def work(group: ThreadGroup) -> float:
        module = _curriculum(0.0, rate=0.1)
        own_B = OWN_B[group.rank :][:1]
        module(COS_BC[group.rank :][:1], own_B, arc.Config().build()(own_B), group)
        return module.t.item()

    assert together(2, work) == pytest.approx([0.015, 0.015])


def test_curricular_when_saved_then_state_is_in_the_state_dict() -> None:
    assert _curriculum(0.25).state_dict()["t"].item() == 0.25
