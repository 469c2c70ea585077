"""What holds for any batch: order and orientation do not matter; a margin never helps."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from frlib.core import discover
from frlib.heads.build import build
from frlib.heads.head import Head, HeadOutput
from frlib.heads.presets import arcface, cosface

PRESETS = discover.choices("frlib.heads.presets")
DRAWN = ("elastic", "repface")  # what they draw belongs to a place in the batch, not to a sample
UNDRAWN = tuple(name for name in PRESETS if name not in DRAWN)
CLASSES, DIM = 7, 4

few = settings(max_examples=10, deadline=None, derandomize=True, database=None)
seeds = st.integers(0, 2**31)
batches = st.integers(1, 9)


def _setting(name: str, seed: int, batch: int) -> tuple[Head, Tensor, Tensor, torch.Generator]:
    draw = torch.Generator().manual_seed(seed)
    config = discover.load("frlib.heads.presets", name).Config(form="reference")
    head = build(config, CLASSES, DIM, seed, num_samples=batch).double()
    emb_BD = torch.randn(batch, DIM, generator=draw, dtype=torch.float64)
    return head, emb_BD, torch.randint(CLASSES, (batch,), generator=draw), draw


def _run(
    head: Head, emb_BD: Tensor, labels_B: Tensor, samples_B: Tensor | None = None
) -> tuple[HeadOutput, Tensor, Tensor]:
    emb_BD = emb_BD.clone().requires_grad_()
    samples_B = torch.arange(len(emb_BD)) if samples_B is None else samples_B
    output = head(emb_BD, labels_B, epoch=50, samples_B=samples_B)
    grads = torch.autograd.grad(output.loss, [emb_BD, head.weight])
    return output, grads[0], grads[1]


@pytest.mark.parametrize("name", UNDRAWN)
@given(seed=seeds, batch=batches)
@few
def test_head_when_batch_is_permuted_then_result_is_permuted(
    name: str, seed: int, batch: int
) -> None:
    head, emb_BD, labels_B, draw = _setting(name, seed, batch)
    order = torch.randperm(batch, generator=draw)
    state = {key: value.clone() for key, value in head.state_dict().items()}
    one, grad_emb, grad_weight = _run(head, emb_BD, labels_B)
    head.load_state_dict(state)
    two, other_emb, other_weight = _run(head, emb_BD[order], labels_B[order], order)
    torch.testing.assert_close(two.loss, one.loss)
    torch.testing.assert_close(two.losses_B, one.losses_B[order])
    torch.testing.assert_close(other_emb, grad_emb[order])
    torch.testing.assert_close(other_weight, grad_weight)
    assert torch.equal(two.labels_B, one.labels_B[order])
    if one.decisions is not None and two.decisions is not None:
        assert torch.equal(two.decisions.is_flagged_B, one.decisions.is_flagged_B[order])


@pytest.mark.parametrize("name", PRESETS)
@given(seed=seeds, batch=batches)
@few
def test_head_when_space_is_rotated_then_loss_is_unchanged_and_gradients_rotate(
    name: str, seed: int, batch: int
) -> None:
    head, emb_BD, labels_B, draw = _setting(name, seed, batch)
    turn, _ = torch.linalg.qr(torch.randn(DIM, DIM, generator=draw, dtype=torch.float64))
    state = {key: value.clone() for key, value in head.state_dict().items()}
    one, grad_emb, grad_weight = _run(head, emb_BD, labels_B)
    head.load_state_dict(state | {"weight": state["weight"] @ turn})
    two, other_emb, other_weight = _run(head, emb_BD @ turn, labels_B)
    torch.testing.assert_close(two.loss, one.loss)
    torch.testing.assert_close(other_emb, grad_emb @ turn, rtol=1e-5, atol=1e-8)
    torch.testing.assert_close(other_weight, grad_weight @ turn, rtol=1e-5, atol=1e-8)
    assert torch.equal(two.labels_B, one.labels_B)


@given(seed=seeds, low=st.floats(0, 1), high=st.floats(0, 1))
@few
def test_margin_when_larger_then_loss_is_never_lower(seed: int, low: float, high: float) -> None:
    low, high = sorted((low, high))
    head, emb_BD, labels_B, _ = _setting("normface", seed, 8)
    own_B = head(emb_BD, labels_B, epoch=0).summary.target_B / head.config.scale
    keep_B = own_B > -math.cos(high)  # the valid range of the angular margin
    for preset in (arcface, cosface):
        losses = []
        for margin in (low, high):
            margined = build(preset.Config(margin=margin), CLASSES, DIM, seed).double()
            margined.load_state_dict(head.state_dict())
            losses.append(margined(emb_BD, labels_B, epoch=0).losses_B[keep_B])
        assert (losses[1] >= losses[0] - 1e-12).all()
