"""Building heads: centres, shards, degenerate presets that must coincide, names in tables."""

import math
from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor

from frlib.core import discover
from frlib.core.config import digest
from frlib.core.errors import ConfigError, NumericsError
from frlib.heads._draw import draw
from frlib.heads.build import build
from frlib.heads.config import HeadConfig
from frlib.heads.margins import arc, exp
from frlib.heads.objectives import noise_resistant
from frlib.heads.presets import (
    adacos,
    adaface,
    arcface,
    boundary,
    combined,
    composed,
    cosface,
    curricular,
    elastic,
    expface,
    magface,
    mv_softmax,
    normface,
    repface,
    softmax,
    sphereface,
    subcenter,
    unequal,
    uniface,
)
from frlib.heads.similarity import subcenter as centres
from frlib.heads.slots import InitRule
from frlib.testing.workers import ThreadGroup, together
from tests.unit.heads.stand_ins import columns

CLASSES, DIM, BATCH = 9, 5, 12


def _batch(seed: int = 0) -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(seed)
    emb_BD = torch.randn(BATCH, DIM, generator=generator, dtype=torch.float64)
    return emb_BD, torch.randint(CLASSES, (BATCH,), generator=generator)


def _loss(config: HeadConfig, emb_BD: Tensor, labels_B: Tensor, epoch: int = 99) -> list[Tensor]:
    head = build(config, CLASSES, DIM, seed=1, num_samples=BATCH).double()
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
        (mv_softmax.Config(mode="adaptive", mv_weight=1), arcface.Config(fallback="easy"), 0),
        (combined.Config(margin=0.5, cos_margin=0), arcface.Config(fallback="none", scale=64), 0),
        (combined.Config(margin=0, cos_margin=0.4), cosface.Config(), 0),
        (expface.Config(margin=1), normface.Config(), 0),
        (sphereface.Config(margin=1, scale=64), normface.Config(), 0),
        (sphereface.Config(version=2, margin=1, scale=64), normface.Config(), 0),
        (elastic.Config(std=0), arcface.Config(fallback="none", scale=64), 0),
        (elastic.Config(kind="cos", margin=0.4, std=0), cosface.Config(), 0),
        (adaface.Config(concentration=0, edge=0), cosface.Config(), 0),
        (magface.Config(l_margin=0, u_margin=0, lam=0), normface.Config(), 0),
        (unequal.Config(beta=1), arcface.Config(scale=64), 0),
        (composed.Config(), arcface.Config(), 0),
        (composed.Config(margin=exp.Config(), scale=64), expface.Config(), 0),
        (arcface.Config(sample_rate=1.0, interclass_filter=1.0), arcface.Config(), 0),
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
    assert torch.equal(first.losses_B, second.losses_B)


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


def test_survey_when_asked_then_skips_the_label_and_ranks_two_lower_class_first() -> None:
    found = columns([[3.0, 1.0, 2.0], [0.0, 5.0, 5.0]]).survey(torch.tensor([0, 0]), depth=2)
    assert found.own_B.tolist() == [3, 0]
    assert (found.first_B.tolist(), found.first_class_B.tolist()) == ([2, 5], [2, 1])
    assert found.second_B is not None and found.second_class_B is not None
    assert (found.second_B.tolist(), found.second_class_B.tolist()) == ([1, 5], [1, 2])


def test_survey_when_samples_move_then_same_as_asking_again() -> None:
    cos = [[0.3, 0.9, 0.1, 0.9], [0.5, 0.1, 0.4, 0.3], [0.2, 0.8, 0.2, 0.1]]
    asked, is_moved_B = columns(cos), torch.tensor([True, False, True])
    moved = asked.survey(torch.zeros(3, dtype=torch.int64), depth=2).moved(is_moved_B)
    again = asked.survey(moved.labels_B)
    assert moved.labels_B.tolist() == [1, 0, 1]
    for name, wanted in (("own_B", again.own_B), ("rival_B", again.first_B)):
        assert torch.equal(getattr(moved, name), wanted)
    assert moved.rival_class_B is not None
    assert torch.equal(moved.rival_class_B, again.first_class_B)


def test_head_when_losses_are_weighted_then_mean_of_the_weighted() -> None:
    emb_BD, labels_B = _batch()
    weights_B = torch.linspace(0, 2, BATCH, dtype=torch.float64)
    head = build(boundary.Config(first_corrected_epoch=0), CLASSES, DIM, seed=1).double()
    plain = head(emb_BD, labels_B, epoch=0)
    weighted = head(emb_BD, labels_B, epoch=0, weights_B=weights_B)
    torch.testing.assert_close(weighted.losses_B, weights_B * plain.losses_B)
    torch.testing.assert_close(weighted.loss, weighted.losses_B.mean())
    torch.testing.assert_close(weighted.loss, weighted.ce + weighted.extra["boundary_gap"])


def test_fused_when_differentiated_twice_then_says_what_to_use() -> None:
    emb_BD, labels_B = _batch()
    output = build(arcface.Config(), CLASSES, DIM, seed=1)(emb_BD.float(), labels_B, epoch=0)
    output.loss.backward(retain_graph=True)
    with pytest.raises(NumericsError, match="reference"):
        output.loss.backward()


def test_reference_when_asked_then_holds_logits_and_fused_does_not() -> None:
    emb_BD, labels_B = _batch()
    for form, holds in (("reference", True), ("fused", False)):
        head = build(arcface.Config.parse({"form": form}), CLASSES, DIM, seed=1)
        assert (head(emb_BD.float(), labels_B, epoch=0).logits_BC is not None) == holds


def test_form_when_changed_then_same_digest() -> None:
    assert digest(arcface.Config(form="reference")) == digest(arcface.Config(form="fused"))
    assert digest(arcface.Config(logits="bfloat16")) != digest(arcface.Config())


def test_head_when_it_remembers_images_but_has_none_then_says_so() -> None:
    with pytest.raises(ConfigError, match="num_samples"):
        build(repface.Config(), CLASSES, DIM, seed=1)
    head = build(repface.Config(), CLASSES, DIM, seed=1, num_samples=BATCH)
    with pytest.raises(ConfigError, match="samples_B"):
        head(_batch()[0].float(), _batch()[1], epoch=0)


def test_adacos_when_training_then_scale_moves_and_in_evaluation_it_stays() -> None:
    head = build(adacos.Config(), CLASSES, DIM, seed=1).double()
    start = head.state_of("scale").scale.item()
    assert start == pytest.approx(math.sqrt(2) * math.log(CLASSES - 1))
    head.eval()(*_batch(), epoch=0)
    assert head.state_of("scale").scale.item() == start
    head.train()(*_batch(), epoch=0)
    assert head.state_of("scale").scale.item() != start


def test_uniface_when_built_then_threshold_starts_from_classes_and_rate() -> None:
    head = build(uniface.Config(sample_rate=0.5), CLASSES, DIM, seed=1)
    assert head.state_of("objective").bias.item() == pytest.approx(math.log(10 * CLASSES * 0.5))


@pytest.mark.parametrize("form", ["reference", "fused"])
@pytest.mark.parametrize("config", [composed.Config(), boundary.Config(first_corrected_epoch=0)])
def test_logits_when_bfloat16_then_near_and_decisions_are_those_of_float32(
    config: HeadConfig, form: str
) -> None:
    emb_BD, labels_B = (t.float() if t.is_floating_point() else t for t in _batch())
    raw = config.model_dump() | {"form": form}
    wanted = build(type(config).parse(raw), CLASSES, DIM, seed=1)(emb_BD, labels_B, epoch=9)
    narrow = type(config).parse(raw | {"logits": "bfloat16"})
    found = build(narrow, CLASSES, DIM, seed=1)(emb_BD, labels_B, epoch=9)
    assert found.loss.dtype == torch.float32
    torch.testing.assert_close(found.loss, wanted.loss, rtol=2e-2, atol=0)
    assert torch.equal(found.labels_B, wanted.labels_B)
    found.loss.backward()


@pytest.mark.filterwarnings("ignore:The .grad attribute:UserWarning")  # dynamo's own, at a break
@pytest.mark.parametrize("form", ["reference", "fused"])
def test_head_when_compiled_then_same_loss_and_gradient(form: str) -> None:
    config = composed.Config.parse(
        {
            "similarity": centres.Config(loss_k=2),
            "margin": arc.Config(),
            "objective": noise_resistant.Config(),
            "form": form,
        }
    )
    emb_BD, labels_B = _batch()
    emb_BD.requires_grad_()
    head = build(config, CLASSES, DIM, seed=1).double()

    def loss(emb_BD: Tensor) -> Tensor:
        result: Tensor = head(emb_BD, labels_B, epoch=0).loss
        return result

    compiled = torch.compile(loss, backend="aot_eager", fullgraph=form == "reference")
    for found, wanted in ((compiled(emb_BD), loss(emb_BD)),):
        torch.testing.assert_close(found, wanted)
        (grad,) = torch.autograd.grad(found, emb_BD)
        torch.testing.assert_close(grad, torch.autograd.grad(wanted, emb_BD)[0])


class _Counted:
    """A group that counts its calls and the numbers they carry."""

    def __init__(self, group: ThreadGroup) -> None:
        self.rank, self.size = group.rank, group.size
        self.calls: list[int] = []
        for name in ("max", "sum", "mean", "all_gather"):
            setattr(self, name, self._counting(getattr(group, name)))

    def _counting(self, call: Callable[[Tensor], Tensor]) -> Callable[[Tensor], Tensor]:
        def counted(values: Tensor) -> Tensor:
            self.calls.append(values.numel())
            return call(values)

        return counted


@pytest.mark.parametrize("form", ["reference", "fused"])
@pytest.mark.parametrize(
    ("config", "calls"),
    [
        (arcface.Config(), 2),
        (subcenter.Config(), 2),
        (expface.Config(), 2),
        (curricular.Config(), 2),
        (boundary.Config(lam=0), 2),
        (boundary.Config(), 2),
        (unequal.Config(), 3),
        (uniface.Config(), 3),
        (boundary.Config(sample_rate=0.5), 3),
    ],
    ids=lambda value: getattr(value, "name", value),
)
def test_classes_when_spread_then_few_small_collectives(
    config: HeadConfig, calls: int, form: str
) -> None:
    config = type(config).parse(config.model_dump() | {"form": form})

    def work(group: ThreadGroup) -> list[int]:
        counted: Any = _Counted(group)
        head = build(config, CLASSES, DIM, 1, classes=counted).double()
        emb_BD, labels_B = _batch()
        head(emb_BD.requires_grad_(), labels_B, epoch=50).loss.backward()
        return list(counted.calls)

    for found in together(2, work):
        assert len(found) == calls
        assert max(found) <= 5 * BATCH


@pytest.mark.parametrize(
    ("config", "wanted"),
    [
        (softmax.Config(), "Softmax"),
        (normface.Config(), "NormFace"),
        (cosface.Config(), "CosFace"),
        (arcface.Config(), "ArcFace"),
        (mv_softmax.Config(), "MV-Arc-Softmax"),
        (mv_softmax.Config(mode="adaptive", kind="cos"), "MV-AM-Softmax (adaptive)"),
        (sphereface.Config(version=2), "SphereFace-R v2"),
        (elastic.Config(kind="cos", plus=True), "ElasticFace-Cos+"),
        (unequal.Config(margin=0), "Unequal NR"),
        (expface.Config(unified=True), "ExpFace (unified)"),
        (composed.Config(margin=exp.Config()), "Composed (exp)"),
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
    preset = discover.load("frlib.heads.presets", config.name)
    assert preset.label(config) == wanted
