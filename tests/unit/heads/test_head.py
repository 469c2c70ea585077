"""Building heads: centres, shards, degenerate presets that must coincide, names in tables."""

import math

import pytest
import torch
from torch import Tensor

from frlib.core.errors import ConfigError
from frlib.heads._draw import InitRule, draw
from frlib.heads._shard import Shard
from frlib.heads.build import build
from frlib.heads.config import HeadConfig
from frlib.heads.presets import (
    arcface,
    boundary,
    cosface,
    curricular,
    mv_softmax,
    normface,
    softmax,
    subcenter,
)
from frlib.parallel.collectives import SINGLE
from tests.unit.heads.workers import together

CLASSES, DIM, BATCH = 9, 5, 12


def _batch(seed: int = 0) -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(seed)
    emb_BD = torch.randn(BATCH, DIM, generator=generator, dtype=torch.float64)
    return emb_BD, torch.randint(CLASSES, (BATCH,), generator=generator)


def _loss(config: HeadConfig, emb_BD: Tensor, labels_B: Tensor, epoch: int = 99) -> list[Tensor]:
    head = build(config, CLASSES, DIM, seed=1).double()
    with torch.no_grad():
        head.weight.copy_(build(normface.Config(), CLASSES, DIM, seed=1).weight)
    output = head(emb_BD, labels_B, epoch=epoch)
    return [output.loss, *torch.autograd.grad(output.loss, head.weight)]


@pytest.mark.parametrize(
    ("one", "other", "epoch"),
    [
        (arcface.Config(margin=0, scale=64), normface.Config(), 0),
        (cosface.Config(margin=0), normface.Config(), 0),
        (subcenter.Config(loss_k=1), arcface.Config(scale=64), 0),
        (subcenter.Config(loss_k=1, margin=0, cos_margin=0.4), cosface.Config(), 0),
        (boundary.Config(first_corrected_epoch=7), arcface.Config(), 6),
        (boundary.Config(lam=0, first_corrected_epoch=7), arcface.Config(), 6),
        (boundary.Config(easy=True), arcface.Config(fallback="easy"), 0),
        (mv_softmax.Config(t_weight=0, margin=0), arcface.Config(margin=0), 0),
    ],
    ids=str,
)
def test_presets_when_degenerate_then_equal(one: HeadConfig, other: HeadConfig, epoch: int) -> None:
    for found, wanted in zip(
        _loss(one, *_batch(), epoch=epoch), _loss(other, *_batch(), epoch=epoch), strict=True
    ):
        torch.testing.assert_close(found, wanted, rtol=1e-12, atol=1e-12)


def test_softmax_when_everything_is_normalised_then_normface() -> None:
    emb_BD, labels_B = _batch()
    one, other = (
        build(c, CLASSES, DIM, seed=1).double()
        for c in (softmax.Config(scale=64), normface.Config())
    )
    with torch.no_grad():
        one.weight.copy_(torch.nn.functional.normalize(other.weight))
    unit_BD = torch.nn.functional.normalize(emb_BD)
    torch.testing.assert_close(
        one(unit_BD, labels_B, epoch=0).loss, other(emb_BD, labels_B, epoch=0).loss
    )


def test_boundaryface_when_lam_is_zero_then_its_cross_entropy_alone() -> None:
    emb_BD, labels_B = _batch()
    whole, f1 = (
        build(boundary.Config(lam=lam), CLASSES, DIM, seed=1).double() for lam in (math.pi, 0)
    )
    wanted, found = (head(emb_BD, labels_B, epoch=9) for head in (whole, f1))
    assert found.extra == {}
    assert torch.equal(found.loss, wanted.ce)
    assert torch.equal(found.labels_B, wanted.labels_B)
    assert wanted.extra["boundary_gap"] > 0


def test_curricular_when_no_negative_is_hard_then_arcface() -> None:
    weight_CD = torch.eye(CLASSES, dtype=torch.float64)
    heads = [
        build(c, CLASSES, CLASSES, seed=1).double() for c in (curricular.Config(), arcface.Config())
    ]
    for head in heads:
        with torch.no_grad():
            head.weight.copy_(weight_CD)
    labels_B = torch.arange(CLASSES)
    first, second = (head(weight_CD + 0.05, labels_B, epoch=0) for head in heads)
    assert torch.equal(first.logits_BC, second.logits_BC)


@pytest.mark.parametrize("rule", ["normal", "xavier_uniform", "xavier_normal"])
def test_draw_when_repeated_then_equal_and_of_the_stated_spread(rule: InitRule) -> None:
    one, two = (draw(300, 100, rule, torch.Generator().manual_seed(5)) for _ in range(2))
    assert torch.equal(one, two)
    wanted = 0.01 if rule == "normal" else math.sqrt(2 / 400)
    assert one.std().item() == pytest.approx(wanted, rel=0.02)
    if rule == "xavier_uniform":
        assert one.abs().max().item() <= math.sqrt(6 / 400)


def test_build_when_seed_changes_then_centres_change_and_only_then() -> None:
    one, two, other = (build(arcface.Config(), CLASSES, DIM, seed=s).weight for s in (1, 1, 2))
    assert torch.equal(one, two)
    assert not torch.equal(one, other)
    assert one.dtype == torch.float32


def test_build_when_classes_are_spread_then_centres_are_the_same_ones() -> None:
    config = subcenter.Config(loss_k=2)
    parts = together(4, lambda g: build(config, CLASSES, DIM, 1, classes=g).weight.detach())
    assert [len(p) for p in parts] == [6, 4, 4, 4]
    assert torch.equal(torch.cat(parts), build(config, CLASSES, DIM, 1).weight)


@pytest.mark.parametrize("classes", [0, 1])
def test_build_when_too_few_classes_then_says_so(classes: int) -> None:
    with pytest.raises(ConfigError, match=f"{classes} classes"):
        build(arcface.Config(), classes, DIM, seed=1)


def test_hardest_when_called_then_skips_the_label_and_carries_a_gradient() -> None:
    values_BC = torch.tensor([[3.0, 1.0, 2.0], [0.0, 5.0, 5.0]], requires_grad=True)
    best_B, index_B = Shard.of(3, SINGLE).hardest(values_BC, torch.tensor([0, 0]))
    assert (best_B.tolist(), index_B.tolist()) == ([2.0, 5.0], [2, 1])
    (grad,) = torch.autograd.grad(best_B.sum(), values_BC)
    assert grad.tolist() == [[0, 0, 1], [0, 1, 0]]


@pytest.mark.parametrize(
    ("config", "wanted"),
    [
        (softmax.Config(), "Softmax"),
        (normface.Config(), "NormFace"),
        (cosface.Config(), "CosFace"),
        (arcface.Config(), "ArcFace"),
        (mv_softmax.Config(), "MV-Arc-Softmax"),
        (curricular.Config(), "CurricularFace"),
        (boundary.Config(lam=0), "BoundaryF1"),
        (boundary.Config(), "BoundaryFace (λ=π)"),
        (boundary.Config(lam=0.5), "BoundaryFace (λ=0.5)"),
        (boundary.Config(lam=2.0), "BoundaryFace (λ=2)"),
        (subcenter.Config(), "Sub-center ArcFace (K=3)"),
        (subcenter.Config(loss_k=10), "Sub-center ArcFace (K=10)"),
    ],
    ids=str,
)
def test_label_when_asked_then_as_in_the_published_tables(config: HeadConfig, wanted: str) -> None:
    preset = {
        "boundary": boundary,
        "subcenter": subcenter,
        "softmax": softmax,
        "normface": normface,
    }
    preset |= {"cosface": cosface, "arcface": arcface, "curricular": curricular}
    preset |= {"mv_softmax": mv_softmax}
    assert preset[config.name].label(config) == wanted
