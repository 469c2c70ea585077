"""Label self-correction and the gap, on cosines written by hand and against a literal reading."""

import math

import numpy as np
import pytest
import torch
from torch import Tensor

from frlib.heads._shard import Shard
from frlib.heads.margins import arc
from frlib.heads.output import Decisions
from frlib.heads.relabel import boundary
from frlib.heads.relabel import none as as_given
from frlib.heads.terms import boundary_gap
from frlib.parallel.collectives import SINGLE

M = 0.5
MARGIN = arc.Config(margin=M).build()


def _corrected(
    cos: list[list[float]],
    labels: list[int],
    *,
    epoch: int = 7,
    floor_zero: bool = True,
    easy: bool = False,
) -> tuple[Tensor, Decisions | None]:
    rule = boundary.Config(first_corrected_epoch=7, floor_zero=floor_zero).build()
    margin = arc.Config(margin=M, fallback="easy" if easy else "hard").build()
    shard = Shard.of(len(cos[0]), SINGLE)
    cos_BC = torch.tensor(cos, dtype=torch.float64)
    return rule(cos_BC, torch.tensor(labels), margin, shard, epoch=epoch)


def _phi(c: float) -> float:
    return math.cos(math.acos(c) + M)


def test_boundary_when_beyond_another_margin_then_relabelled_with_its_score() -> None:
    labels_B, decisions = _corrected([[0.3, 0.9, 0.1], [0.3, 0.4, 0.1]], [0, 0])
    assert labels_B.tolist() == [1, 0]
    assert decisions is not None
    assert decisions.kind == "boundary"
    assert decisions.position.tolist() == [0]
    assert decisions.given.tolist() == [0]
    assert decisions.proposed.tolist() == [1]
    assert decisions.score.tolist() == pytest.approx([_phi(0.9) - 0.3])


@pytest.mark.parametrize(("epoch", "is_on"), [(0, False), (6, False), (7, True), (8, True)])
def test_boundary_when_before_the_first_corrected_epoch_then_off(epoch: int, is_on: bool) -> None:
    labels_B, decisions = _corrected([[0.0, 0.9]], [0], epoch=epoch)
    assert labels_B.tolist() == [int(is_on)]
    assert (decisions is not None) == is_on


def test_boundary_when_on_and_nothing_is_flagged_then_decisions_are_empty() -> None:
    _, decisions = _corrected([[0.9, 0.1]], [0])
    assert decisions is not None
    assert len(decisions.position) == len(decisions.score) == 0


def test_boundary_when_label_cosine_is_negative_then_floor_decides() -> None:
    cos = [[-0.6, 0.2]]
    assert -0.6 < _phi(0.2) < 0
    assert _corrected(cos, [0])[0].tolist() == [0]
    labels_B, decisions = _corrected(cos, [0], floor_zero=False)
    assert labels_B.tolist() == [1]
    assert decisions is not None
    assert decisions.score.tolist() == pytest.approx([_phi(0.2) + 0.6])


def test_boundary_when_margined_negative_equals_label_cosine_then_not_flagged() -> None:
    equal = MARGIN(torch.tensor(0.9, dtype=torch.float64)).target.item()
    assert _corrected([[equal, 0.9]], [0])[0].tolist() == [0]


def test_boundary_when_negatives_tie_then_lowest_class() -> None:
    assert _corrected([[0.1, 0.2, 0.95, 0.95]], [0])[0].tolist() == [2]
    assert _corrected([[0.95, 0.2, 0.1, 0.95]], [2])[0].tolist() == [0]


def test_boundary_when_easy_without_floor_then_negative_cosines_compete_unmargined() -> None:
    cos = [[-0.9, 0.05, -0.1]]
    assert _phi(0.05) < -0.1
    labels_B, decisions = _corrected(cos, [0], floor_zero=False, easy=True)
    assert labels_B.tolist() == [2]
    assert decisions is not None
    assert decisions.score.tolist() == pytest.approx([0.8])


def test_none_when_applied_then_labels_as_given() -> None:
    labels_B = torch.tensor([1, 0])
    rule = as_given.Config().build()
    found = rule(torch.eye(2), labels_B, MARGIN, Shard.of(2, SINGLE), epoch=99)
    assert found == (labels_B, None)


def _gap(cos: list[list[float]], labels: list[int], **config: float) -> tuple[float, Tensor]:
    term = boundary_gap.Config.parse({"first_corrected_epoch": 7, **config}).build()
    shard = Shard.of(len(cos[0]), SINGLE)
    cos_BC = torch.tensor(cos, dtype=torch.float64, requires_grad=True)
    labels_B = torch.tensor(labels)
    margined = MARGIN(shard.at(cos_BC, labels_B))
    value = term(cos_BC, labels_B, margined, shard, epoch=7)
    (slope,) = torch.autograd.grad(value, cos_BC)
    return value.item(), slope


def test_gap_when_some_violate_then_weighted_mean_over_the_whole_batch() -> None:
    value, _ = _gap([[0.6, 0.5, 0.1], [0.9, 0.1, 0.2]], [0, 0], lam=2.0)
    assert value == pytest.approx(2.0 * (0.5 - _phi(0.6)) / 2)


def test_gap_when_target_is_floored_then_only_the_negative_has_a_gradient() -> None:
    cos = [[0.1, 0.3]]
    assert _phi(0.1) < 0
    value, slope = _gap(cos, [0], lam=1.0)
    assert value == pytest.approx(0.3)
    assert slope.tolist() == [[0.0, 1.0]]
    value, slope = _gap(cos, [0], lam=1.0, floor_zero=False)
    assert value == pytest.approx(0.3 - _phi(0.1))
    assert slope[0, 0] < 0


def test_gap_when_both_sides_are_negative_then_zero_with_the_floor() -> None:
    value, slope = _gap([[-0.5, -0.1]], [0], lam=1.0)
    assert value == 0
    assert not slope.any()


def test_gap_when_before_the_first_epoch_then_zero() -> None:
    term = boundary_gap.Config(lam=1.0, first_corrected_epoch=3).build()
    cos_BC = torch.tensor([[0.1, 0.9]])
    value = term(cos_BC, torch.tensor([0]), MARGIN(cos_BC[:, 0]), Shard.of(2, SINGLE), epoch=2)
    assert value.item() == 0


@pytest.mark.parametrize("seed", range(5))
def test_boundary_when_read_literally_with_one_hot_masks_then_same(seed: int) -> None:
    draw = np.random.default_rng(seed)
    cos = draw.uniform(-1, 1, size=(64, 9)) * draw.uniform(size=(64, 1))
    labels = draw.integers(9, size=64)
    mine = np.eye(9)[labels]
    shifted = np.where(cos > -np.cos(M), np.cos(np.arccos(cos) + M), cos - M * np.sin(np.pi - M))
    others = shifted * (1 - mine)
    is_flagged = others.max(1) > (cos * mine).max(1)
    wanted = np.where(is_flagged, others.argmax(1), labels)
    assert is_flagged.any() and not is_flagged.all()
    labels_B, _ = _corrected(cos.tolist(), labels.tolist())
    np.testing.assert_array_equal(labels_B.numpy(), wanted)
    mine = np.eye(9)[wanted]
    gap = np.maximum(0, (cos * (1 - mine)).max(1) - (shifted * mine).max(1)).mean() * np.pi
    value, _ = _gap(cos.tolist(), wanted.tolist())
    assert value == pytest.approx(gap, abs=1e-12)
