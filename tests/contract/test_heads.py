"""What every head preset must keep, parametrised over the preset modules that exist."""

import pytest
import torch
from torch import Tensor

from frlib.core import discover
from frlib.core.config import digest, to_dict, with_path
from frlib.core.errors import ConfigError
from frlib.core.paper import Paper
from frlib.core.space import IntUniform, OneOf, Uniform
from frlib.heads.build import build
from frlib.heads.config import HeadConfig
from frlib.heads.head import Head, HeadOutput
from frlib.parallel.collectives import SINGLE, Group
from frlib.testing.workers import together

PRESETS = discover.choices("frlib.heads.presets")
CLASSES, DIM, BATCH, LATE = 11, 6, 8, 100
HELD_CONSTANT = ("adaface", "arcneg", "circle", "expface", "npcface", "sphereface")

every_preset = pytest.mark.parametrize("name", PRESETS)
every_form = pytest.mark.parametrize("form", ["reference", "fused"])


def _config(name: str, **common: object) -> HeadConfig:
    config: HeadConfig = discover.load("frlib.heads.presets", name).Config.parse(common)
    return config


def _head(name: str, dtype: torch.dtype = torch.float64, **common: object) -> Head:
    return build(_config(name, **common), CLASSES, DIM, seed=3, num_samples=BATCH).to(dtype)


def _batch(dtype: torch.dtype = torch.float64, seed: int = 0) -> tuple[Tensor, Tensor]:
    draw = torch.Generator().manual_seed(seed)
    emb_BD = 3 * torch.randn(BATCH, DIM, generator=draw, dtype=torch.float64)
    return emb_BD.to(dtype), torch.randint(CLASSES, (BATCH,), generator=draw)


def _passed(head: Head, emb_BD: Tensor, labels_B: Tensor) -> tuple[HeadOutput, Tensor, Tensor]:
    emb_BD = emb_BD.clone().requires_grad_()
    samples_B = torch.arange(len(emb_BD)) % BATCH
    output = head(emb_BD, labels_B, epoch=LATE, samples_B=samples_B)
    grads = torch.autograd.grad(output.loss, [emb_BD, head.weight])
    return output, grads[0], grads[1]


@every_preset
@every_form
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=str)
def test_head_when_cosines_are_plus_minus_one_zero_or_undefined_then_all_finite(
    name: str, dtype: torch.dtype, form: str
) -> None:
    head = _head(name, dtype, form=form)
    with torch.no_grad():
        head.weight.copy_(torch.eye(len(head.weight), DIM, dtype=dtype) * 0.3)
        head.weight[DIM:] = head.weight[0]
        head.weight[-1] = 0
    axes = torch.eye(DIM, dtype=dtype)
    emb_BD = torch.cat([axes * 7, -axes, 0 * axes])
    labels_B = torch.zeros(len(emb_BD), dtype=torch.int64)
    output, grad_emb, grad_weight = _passed(head, emb_BD, labels_B)
    for values in (output.loss, output.losses_B, grad_emb, grad_weight):
        assert torch.isfinite(values).all()


@every_preset
def test_head_when_called_then_loss_is_ce_plus_terms_and_changes_no_input(name: str) -> None:
    head = _head(name)
    emb_BD, labels_B = _batch()
    before = emb_BD.clone(), labels_B.clone(), head.weight.detach().clone()
    output, _, _ = _passed(head, emb_BD, labels_B)
    assert torch.equal(emb_BD, before[0])
    assert torch.equal(labels_B, before[1])
    assert torch.equal(head.weight, before[2])
    assert output.loss.item() == pytest.approx(
        output.ce.item() + sum(v.item() for v in output.extra.values()), abs=1e-12
    )
    torch.testing.assert_close(output.losses_B.mean(), output.loss)


@every_preset
def test_head_when_objective_is_plain_then_that_of_its_logits(name: str) -> None:
    head = _head(name, form="reference")
    output, _, _ = _passed(head, *_batch())
    is_plain = head.slots.objective.name == "cross_entropy" and head.slots.relabel.name in (
        "none",
        "boundary",
    )
    if not is_plain:
        pytest.skip("its loss is no cross-entropy of the logits")
    assert output.logits_BC is not None
    wanted = torch.nn.functional.cross_entropy(output.logits_BC, output.labels_B)
    torch.testing.assert_close(output.ce, wanted)


@every_preset
@pytest.mark.parametrize("rate", [1.0, 0.5])
def test_forms_when_compared_over_training_then_same_losses_gradients_decisions_state(
    name: str, rate: float
) -> None:
    both = [_head(name, form=form, sample_rate=rate) for form in ("reference", "fused")]
    for step in range(3):
        results = [_passed(head, *_batch(seed=step)) for head in both]
        (one, *grads), (other, *others) = results
        torch.testing.assert_close(other.losses_B, one.losses_B, rtol=1e-12, atol=1e-12)
        for found, wanted in zip(others, grads, strict=True):
            torch.testing.assert_close(found, wanted, rtol=1e-9, atol=1e-11)
        assert torch.equal(other.labels_B, one.labels_B)
        assert torch.equal(other.classes_C, one.classes_C)
    for key, wanted in both[0].state_dict().items():
        torch.testing.assert_close(both[1].state_dict()[key], wanted, msg=key)


@every_preset
def test_head_when_gradient_is_numerical_then_equal(name: str) -> None:
    head = _head(name, form="reference").eval()
    if name in HELD_CONSTANT:
        pytest.skip("by design part of its value is taken as constant, or has slope 1")
    emb_BD, labels_B = _batch()

    def loss(emb_BD: Tensor, weight_RD: Tensor) -> Tensor:
        output: HeadOutput = torch.func.functional_call(
            head,
            {"weight": weight_RD},
            (emb_BD, labels_B),
            {"epoch": LATE, "samples_B": torch.arange(BATCH)},
        )
        return output.loss

    inputs = (emb_BD.requires_grad_(), head.weight.detach().clone().requires_grad_())
    assert torch.autograd.gradcheck(loss, inputs, eps=1e-7, atol=1e-5, rtol=1e-4)


@every_preset
def test_head_when_saved_and_loaded_then_goes_on_the_same(name: str) -> None:
    first = _head(name)
    for seed in range(3):
        _passed(first, *_batch(seed=seed))
    second = build(_config(name), CLASSES, DIM, seed=4, num_samples=BATCH).double()
    second.load_state_dict(first.state_dict())
    one, other = (_passed(head, *_batch(seed=9))[0] for head in (first, second))
    if name != "elastic":  # its draws depend on the run's seed
        assert torch.equal(one.losses_B, other.losses_B)
    assert torch.equal(one.labels_B, other.labels_B)


@every_preset
@every_form
@pytest.mark.parametrize("emb_dtype", [torch.float32, torch.bfloat16], ids=str)
def test_head_when_under_bfloat16_autocast_then_computes_in_float32(
    name: str, emb_dtype: torch.dtype, form: str
) -> None:
    emb_BD, labels_B = _batch(emb_dtype)
    head = _head(name, torch.float32, form=form)
    raw_BD = emb_BD.clone().requires_grad_()
    with torch.autocast("cpu", torch.bfloat16):
        output = head(raw_BD, labels_B, epoch=LATE, samples_B=torch.arange(BATCH))
    grad_emb, grad_weight = torch.autograd.grad(output.loss, [raw_BD, head.weight])
    again = _head(name, torch.float32, form=form)
    wanted, _, wanted_weight = _passed(again, emb_BD.float(), labels_B)
    assert output.losses_B.dtype == output.loss.dtype == grad_weight.dtype == torch.float32
    assert grad_emb.dtype == emb_dtype
    assert torch.equal(output.losses_B, wanted.losses_B)
    assert torch.equal(grad_weight, wanted_weight)


@every_preset
def test_head_when_batch_of_one_then_same_as_its_row_in_a_batch(name: str) -> None:
    head = _head(name, form="reference").eval()
    emb_BD, labels_B = _batch()
    whole, _, _ = _passed(head, emb_BD, labels_B)
    one, _, _ = _passed(head, emb_BD[:1], labels_B[:1])
    assert one.logits_BC is not None and whole.logits_BC is not None
    assert one.logits_BC.shape == (1, CLASSES)
    torch.testing.assert_close(one.logits_BC[0], whole.logits_BC[0])
    assert torch.equal(one.labels_B, whole.labels_B[:1])


@every_preset
def test_head_when_trained_on_a_batch_of_one_then_state_stays_finite(name: str) -> None:
    head = _head(name)
    output, _, _ = _passed(head, *(part[:1] for part in _batch()))
    assert torch.isfinite(output.loss)
    assert all(torch.isfinite(value).all() for value in head.state_dict().values())


@every_preset
@every_form
@pytest.mark.parametrize("size", [2, 3])
@pytest.mark.parametrize("rate", [1.0, 0.4])
def test_head_when_classes_are_spread_over_workers_then_same_loss_gradients_decisions(
    name: str, size: int, form: str, rate: float
) -> None:
    emb_BD, labels_B = _batch()
    config = _config(name, form=form, sample_rate=rate)

    def work(group: Group) -> tuple[HeadOutput, Tensor, Tensor]:
        head = build(config, CLASSES, DIM, 3, num_samples=BATCH, classes=group).double()
        return _passed(head, emb_BD, labels_B)

    whole, grad_emb, grad_weight = work(SINGLE)
    parts = together(size, work)
    for output, _, _ in parts:
        torch.testing.assert_close(output.losses_B, whole.losses_B)
        assert torch.equal(output.labels_B, whole.labels_B)
        assert (output.decisions is None) == (whole.decisions is None)
        if output.decisions is not None and whole.decisions is not None:
            for found, wanted in zip(
                output.decisions.flagged(), whole.decisions.flagged(), strict=True
            ):
                torch.testing.assert_close(found, wanted)
    classes_C = torch.cat([output.classes_C for output, _, _ in parts])
    assert torch.equal(classes_C, whole.classes_C)
    if whole.logits_BC is not None:
        logits_BC = torch.cat([o.logits_BC for o, _, _ in parts if o.logits_BC is not None], 1)
        torch.testing.assert_close(logits_BC, whole.logits_BC)
    torch.testing.assert_close(sum(g for _, g, _ in parts), grad_emb)
    torch.testing.assert_close(torch.cat([g for _, _, g in parts]), grad_weight)


@every_preset
def test_preset_when_read_then_declares_paper_label_fields_and_valid_space(name: str) -> None:
    preset = discover.load("frlib.heads.presets", name)
    config = preset.Config()
    assert config.name == name
    assert isinstance(preset.PAPER, Paper)
    assert preset.label(config).startswith(preset.PAPER.title)
    for field, space in preset.SPACE.items():
        ends = space.values if isinstance(space, OneOf) else (space.low, space.high)
        assert isinstance(space, Uniform | IntUniform | OneOf)
        for end in ends:
            assert getattr(with_path(config, field, end), field) == end
    for field, info in preset.Config.model_fields.items():
        assert field == "name" or info.description


@every_preset
def test_preset_when_round_tripped_then_same_digest_and_typo_is_refused(name: str) -> None:
    preset = discover.load("frlib.heads.presets", name)
    again = preset.Config.parse(to_dict(preset.Config()))
    assert digest(again) == digest(preset.Config())
    with pytest.raises(ConfigError, match=r"scal.*did you mean 'scale'"):
        preset.Config.parse({"scal": 1.0})
