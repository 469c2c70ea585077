"""Building heads: centres, shards, degenerate presets that must coincide, names in tables."""

import math
from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor

from frlib.core import discover
from frlib.core.config import digest
from frlib.core.errors import ConfigError, DataError, NumericsError
from frlib.heads._draw import draw
from frlib.heads.build import build
from frlib.heads.config import HeadConfig
from frlib.heads.margins import arc, exp
from frlib.heads.objectives import noise_resistant
from frlib.heads.presets import (
    adacos,
    adaface,
    adam_softmax,
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


@pytest.mark.parametrize("rule", ["normal", "xavier_uniform", "xavier_normal", "kaiming_normal"])
def test_draw_when_repeated_then_equal_and_of_the_stated_spread(rule: InitRule) -> None:
    one, two = (draw(300, 100, rule, torch.Generator().manual_seed(5)) for _ in range(2))
    assert torch.equal(one, two)
    wanted = {"normal": 0.01, "kaiming_normal": math.sqrt(2 / 100)}.get(rule, math.sqrt(2 / 400))
    assert one.std().item() == pytest.approx(wanted, rel=0.02)
    if rule == "xavier_uniform":
        assert one.abs().max().item() <= math.sqrt(6 / 400)


def test_draw_when_unit_then_directions() -> None:
    rows = draw(30, 10, "unit", torch.Generator().manual_seed(5))
    torch.testing.assert_close(rows.norm(dim=1), torch.ones(30))


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


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"labels_B": torch.full((BATCH,), CLASSES)}, "labels: 12 of 12 .* first is 9; .* 0 to 8"),
        ({"labels_B": torch.full((BATCH,), -1)}, "labels: 12 of 12 .* first is -1"),
        ({"labels_B": torch.zeros(BATCH)}, "labels of shape .* torch.float32; .* torch.int64"),
        ({"labels_B": torch.zeros(BATCH, 1, dtype=torch.int64)}, r"labels of shape \[12, 1\]"),
        ({"labels_B": torch.zeros(3, dtype=torch.int64)}, "one for each of the 12 embeddings"),
        ({"emb_BD": torch.zeros(BATCH, DIM + 1)}, r"embeddings of shape \[12, 6\].*\[B, 5\]"),
        ({"emb_BD": torch.zeros(0, DIM)}, "B ≥ 1"),
        ({"weights_B": torch.ones(BATCH, 1)}, r"weights of shape \[12, 1\]"),
        ({"samples_B": torch.full((BATCH,), BATCH)}, "sample numbers: .*num_samples"),
        ({"samples_B": torch.full((BATCH,), -1)}, "sample numbers: .* first is -1"),
    ],
)
@pytest.mark.parametrize("config", [repface.Config(), boundary.Config(sample_rate=0.5)])
def test_head_when_given_what_it_cannot_take_then_says_what_it_needs(
    config: HeadConfig, changes: dict[str, Tensor], message: str
) -> None:
    head = build(config, CLASSES, DIM, seed=1, num_samples=BATCH)
    emb_BD, labels_B = _batch()
    given = {"emb_BD": emb_BD.float(), "labels_B": labels_B, "samples_B": torch.arange(BATCH)}
    with pytest.raises(DataError, match=message):
        head(**(given | changes), epoch=9)


@pytest.mark.parametrize(
    "slots",
    [
        {"objective": "noise_resistant"},
        {"objective": "unified"},
        {"negatives": "interclass_filter"},
    ],
)
def test_composed_when_labels_are_mixed_without_meaning_then_is_refused(
    slots: dict[str, str],
) -> None:
    with pytest.raises(ConfigError, match="mixes labels"):
        composed.Config.parse({"relabel": "progressive", **slots})


def test_composed_when_the_fixed_scale_is_set_in_its_slot_then_says_where_it_belongs() -> None:
    with pytest.raises(ConfigError, match=r"head\.scale"):
        composed.Config.parse({"scaling": {"name": "fixed", "scale": 64.0}})


def test_head_when_evaluated_then_all_classes_take_part_and_the_step_is_not_disturbed() -> None:
    head = build(arcface.Config(sample_rate=0.2), CLASSES, DIM, seed=1).double()
    head(_batch()[0][:1], _batch()[1][:1], epoch=0)
    trained = [one.rows.tolist() for one in head.moved_rows()]
    output = head.eval()(*_batch(), epoch=0)
    assert output.classes_C.tolist() == list(range(CLASSES))
    assert [one.rows.tolist() for one in head.moved_rows()] == trained


def test_fused_when_centres_change_before_the_backward_pass_then_is_refused() -> None:
    emb_BD, labels_B = _batch()
    head = build(arcface.Config(), CLASSES, DIM, seed=1)
    output = head(emb_BD.float(), labels_B, epoch=0)
    with torch.no_grad():
        head.weight.mul_(2)
    with pytest.raises(NumericsError, match="between forward and backward"):
        output.loss.backward()


def test_adam_softmax_when_margins_have_left_their_range_then_count_as_within() -> None:
    head = build(adam_softmax.Config(), CLASSES, DIM, seed=1).double().eval()
    emb_BD, labels_B = _batch()
    losses = []
    for value in (-3.0, 0.0):
        head.state_of("margin").margin.data.fill_(value)
        losses.append(head(emb_BD, labels_B, epoch=0).ce)
    assert torch.equal(losses[0], losses[1])


def test_repface_when_classes_are_sampled_then_the_typical_gap_keeps_its_size() -> None:
    head = build(
        repface.Config(sample_rate=0.2, detect_over="sampled"), 60, DIM, seed=1, num_samples=BATCH
    ).double()
    for step in range(30):
        emb_BD, labels_B = _batch(step)
        head(emb_BD[:2], labels_B[:2], epoch=0, step=step, samples_B=torch.arange(2))
    state = head.state_of("relabel")
    assert -2 <= (state.typical / state.weight).item() <= 2


def test_repface_when_known_noise_looks_like_the_rest_then_arcface() -> None:
    emb_BD, labels_B = _batch()
    wanted = build(arcface.Config(), CLASSES, DIM, seed=1).double()(emb_BD, labels_B, epoch=9)
    head = build(repface.Config(strictness=3.0), CLASSES, DIM, seed=1, num_samples=BATCH).double()
    head.state_of("relabel").belief.fill_(0.5)
    found = head(emb_BD, labels_B, epoch=9, samples_B=torch.arange(BATCH))
    assert found.decisions is not None and not found.decisions.is_flagged_B.any()
    torch.testing.assert_close(found.losses_B, wanted.losses_B)


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
    torch.testing.assert_close(found.summary.target_B, wanted.summary.target_B)
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
        (boundary.Config(floor_zero=False), "BoundaryFace (λ=π, no floor)"),
        (boundary.Config(lam=0, floor_zero=False), "BoundaryF1 (no floor)"),
        (subcenter.Config(), "Sub-center ArcFace (K=3)"),
        (subcenter.Config(loss_k=10), "Sub-center ArcFace (K=10)"),
    ],
    ids=str,
)
def test_label_when_asked_then_as_in_the_published_tables(config: HeadConfig, wanted: str) -> None:
    preset = discover.load("frlib.heads.presets", config.name)
    assert preset.label(config) == wanted
