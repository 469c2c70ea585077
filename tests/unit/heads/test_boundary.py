"""Label self-correction and the gap, on cosines written by hand and against a literal reading."""

import math

import numpy as np
import pytest
import torch
from torch import Tensor

from frlib.heads.margins import arc
from frlib.heads.output import Decisions
from frlib.heads.relabel import boundary
from frlib.heads.relabel import none as as_given
from frlib.heads.slots import Seen
from frlib.heads.terms import boundary_gap
from tests.unit.heads.stand_ins import batch, columns

M = 0.5
MARGIN = arc.Config(margin=M)


def _corrected(
    cos: list[list[float]],
    labels: list[int],
    *,
    floor_zero: bool = True,
    easy: bool = False,
) -> tuple[Tensor, Decisions]:
    rule = boundary.Config(first_corrected_epoch=7, floor_zero=floor_zero)
    margin = arc.Config(margin=M, fallback="easy" if easy else "hard")
    given_B, asked = torch.tensor(labels), columns(cos)
    seen = batch(labels, len(cos[0]))
    verdict = rule.decide(asked, asked.survey(given_B), margin, None, seen, None)
    assert verdict.decisions is not None
    return torch.where(verdict.is_moved_B, verdict.rival_B, given_B), verdict.decisions


def _phi(c: float) -> float:
    return math.cos(math.acos(c) + M)


def test_boundary_when_beyond_another_margin_then_relabelled_with_its_score() -> None:
    labels_B, decisions = _corrected([[0.3, 0.9, 0.1], [0.3, 0.4, 0.1]], [0, 0])
    assert labels_B.tolist() == [1, 0]
    assert decisions.kind == "boundary"
    position, given, proposed, score = (column.tolist() for column in decisions.flagged())
    assert (position, given, proposed) == ([0], [0], [1])
    assert score == pytest.approx([_phi(0.9) - 0.3])


@pytest.mark.parametrize(("epoch", "is_on"), [(0, False), (6, False), (7, True), (8, True)])
def test_boundary_when_before_the_first_corrected_epoch_then_off(epoch: int, is_on: bool) -> None:
    assert boundary.Config(first_corrected_epoch=7).is_on(epoch) == is_on
    assert boundary_gap.Config(first_corrected_epoch=7).is_on(epoch) == is_on


def test_boundary_when_on_and_nothing_is_flagged_then_decisions_are_empty() -> None:
    _, decisions = _corrected([[0.9, 0.1]], [0])
    assert [len(column) for column in decisions.flagged()] == [0, 0, 0, 0]


def test_boundary_when_label_cosine_is_negative_then_floor_decides() -> None:
    cos = [[-0.6, 0.2]]
    assert -0.6 < _phi(0.2) < 0
    assert _corrected(cos, [0])[0].tolist() == [0]
    labels_B, decisions = _corrected(cos, [0], floor_zero=False)
    assert labels_B.tolist() == [1]
    assert decisions.flagged()[3].tolist() == pytest.approx([_phi(0.2) + 0.6])


def test_boundary_when_margined_negative_equals_label_cosine_then_not_flagged() -> None:
    equal = MARGIN.apply(torch.tensor(0.9, dtype=torch.float64), None).target.item()
    assert _corrected([[equal, 0.9]], [0])[0].tolist() == [0]


def test_boundary_when_negatives_tie_then_lowest_class() -> None:
    assert _corrected([[0.1, 0.2, 0.95, 0.95]], [0])[0].tolist() == [2]
    assert _corrected([[0.95, 0.2, 0.1, 0.95]], [2])[0].tolist() == [0]


def test_boundary_when_easy_without_floor_then_negative_cosines_compete_unmargined() -> None:
    cos = [[-0.9, 0.05, -0.1]]
    assert _phi(0.05) < -0.1
    labels_B, decisions = _corrected(cos, [0], floor_zero=False, easy=True)
    assert labels_B.tolist() == [2]
    assert decisions.flagged()[3].tolist() == pytest.approx([0.8])


def test_none_when_asked_then_never_on() -> None:
    assert not as_given.Config().is_on(99)


def _gap(
    cos: list[list[float]], labels: list[int], epoch: int = 7, **config: float
) -> tuple[float, Tensor]:
    term = boundary_gap.Config.parse({"first_corrected_epoch": 7, **config})
    cos_BC = torch.tensor(cos, dtype=torch.float64, requires_grad=True)
    found = columns(cos).survey(torch.tensor(labels))
    own_B = cos_BC.gather(1, found.labels_B[:, None]).squeeze(1)
    rival_B = cos_BC.gather(1, found.first_class_B[:, None]).squeeze(1)
    seen = Seen(found.labels_B, own_B, MARGIN.apply(own_B, None), rival_B, None)
    value = term.loss(seen, batch(labels, len(cos[0]), epoch=epoch), None).mean()
    if not value.requires_grad:
        return value.item(), torch.zeros_like(cos_BC)
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
    assert _gap([[0.1, 0.9]], [0], epoch=6, lam=1.0)[0] == 0


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
