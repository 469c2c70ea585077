import numpy as np
import pytest
import torch

from frlib.compat import nccl
from frlib.compat._gram import gram
from frlib.compat._nccl_term import contrast, pulls
from frlib.compat._ring import EMPTY, Ring
from frlib.core.errors import ConfigError
from frlib.heads.build import build as build_head
from frlib.heads.presets import arcface, subcenter
from tests.unit.compat.sides import (
    CLASSES,
    DIM,
    ROWS,
    head_of,
    seen_of,
    side_of,
    term_of,
    unit,
    world,
)


def by_hand(products, old, labels, ring_old, ring_labels, known):
    """Row by row; known: slots that take part."""
    values = []
    for i, label in enumerate(labels):
        if not np.abs(old[i]).any():
            continue
        logs = products[i] - np.log(np.exp(products[i][known]).sum())
        same = np.flatnonzero(ring_labels == label)
        values.append(-np.mean([(1 + old[i] @ ring_old[j]) / 2 * logs[j] for j in same]))
    return np.mean(values)


@pytest.mark.parametrize("beta", [0.0, 0.5])
def test_cosine_when_written_out_then_the_two_sums_over_filled_slots(beta):
    here, head = world(), head_of()
    config = nccl.Config(alpha=2, beta=beta, temp=0.7, buffer=20)
    term = term_of(config, here)
    ring_old, ring_labels = np.zeros((20, DIM)), np.full(20, EMPTY)
    weight = unit(head.weight).detach().numpy()
    for step in range(3):
        new_bD, old_bd, labels_b, _ = here.batch(step)
        parts = term(seen_of(new_bD, old_bd, labels_b, head))
        old, labels = old_bd.numpy(), labels_b.numpy()
        at = (8 * step + np.arange(ROWS)) % 20
        ring_old[at], ring_labels[at] = old, np.where(np.abs(old).any(1), labels, EMPTY)
        shown, known = unit(new_bD).numpy(), ring_labels != EMPTY
        told = (old, labels, ring_old, ring_labels, known)
        wanted = 2 * by_hand(shown @ ring_old.T / 0.7, *told)
        assert parts["nccl_features"].item() == pytest.approx(wanted, rel=1e-9)
        assert ("nccl_classes" in parts) == (beta > 0)
        if beta:
            z_bC, t_QC = shown @ weight.T, ring_old @ weight.T
            wanted = beta * by_hand(z_bC @ t_QC.T / 0.7, *told)
            assert parts["nccl_classes"].item() == pytest.approx(wanted, rel=1e-9)


def test_cosine_when_differentiated_then_as_through_the_logits_of_the_new_side_alone():
    here, head = world(), head_of()
    new_bD, old_bd, labels_b, _ = here.batch(0)
    new_bD.requires_grad_()
    term = term_of(nccl.Config(buffer=ROWS, beta=1), here)
    value = term(seen_of(new_bD, old_bd, labels_b, head))["nccl_classes"]
    found = torch.autograd.grad(value, [new_bD, head.weight])
    ring = term.ring
    z_bC = unit(new_bD) @ unit(head.weight).t()
    t_QC = (ring.features_Qd @ unit(head.weight).t()).detach()
    pull_bQ = pulls(old_bd, labels_b, ring.features_Qd, ring.labels_Q)
    counts = (old_bd != 0).any(1)
    each = contrast(z_bC @ t_QC.t(), pull_bQ, ring.labels_Q != EMPTY)
    wanted = torch.autograd.grad(each[counts].mean(), [new_bD, head.weight])
    for one, other in zip(found, wanted, strict=True):
        torch.testing.assert_close(one, other)


def test_cosine_when_classes_have_several_centres_then_all_count():
    head = build_head(subcenter.Config(loss_k=2), CLASSES, DIM, seed=0).double()
    rows_RD = unit(head.weight).detach()
    like = torch.zeros(1, DIM, dtype=torch.float64)
    torch.testing.assert_close(gram(head, like), rows_RD.t() @ rows_RD)


def test_cosine_when_classes_are_sampled_then_centres_take_no_gradient():
    head = build_head(arcface.Config(sample_rate=0.5), CLASSES, DIM, seed=0)
    assert not gram(head, torch.zeros(1, DIM)).requires_grad
    assert gram(head_of(), torch.zeros(1, DIM)).requires_grad


def test_source_when_slots_are_empty_then_they_stay_in_the_softmax():
    here, head = world(), head_of()
    new_bD, old_bd, labels_b, _ = here.batch(0)
    parts = {
        variant: term_of(nccl.Config(buffer=64, variant=variant), here)(
            seen_of(new_bD, old_bd, labels_b, head)
        )
        for variant in ("source", "cosine")
    }
    assert parts["source"]["nccl_features"] > parts["cosine"]["nccl_features"]
    old, labels = old_bd.numpy(), labels_b.numpy()
    ring_old = np.concatenate([old, np.zeros((56, DIM))])
    ring_labels = np.concatenate([np.where(np.abs(old).any(1), labels, EMPTY), np.full(56, EMPTY)])
    products = unit(new_bD).numpy() @ ring_old.T
    wanted = by_hand(products, old, labels, ring_old, ring_labels, np.ones(64, bool))
    assert parts["source"]["nccl_features"].item() == pytest.approx(wanted, rel=1e-9)


def test_source_when_asked_then_head_stays_in_training_and_its_form(monkeypatch):
    here = world()
    head = build_head(arcface.Config(), CLASSES, DIM, seed=0).double()
    assert head.config.form == "fused"
    new_bD, old_bd, labels_b, _ = here.batch(0)
    seen = seen_of(new_bD.requires_grad_(), old_bd, labels_b, head)
    parts = term_of(nccl.Config(variant="source", buffer=ROWS), here)(seen)
    assert head.training and head.config.form == "fused" and head.data is seen.group
    assert not parts["nccl_classes"].requires_grad and parts["nccl_features"].requires_grad


def test_contrast_when_no_slot_takes_part_then_zero():
    none_Q = torch.zeros(3, dtype=torch.bool)
    found = contrast(torch.randn(2, 3), torch.zeros(2, 3), none_Q)
    assert found.tolist() == [0, 0]


def test_ring_when_it_is_full_then_the_oldest_are_written_over():
    ring = Ring(5, 1)
    for first in (1, 4, 7):
        rows_B = torch.arange(first, first + 3.0)[:, None]
        ring.enter(rows_B, rows_B[:, 0].long())
    assert ring.labels_Q.tolist() == [6, 7, 8, 9, 5]
    assert ring.features_Qd[:, 0].tolist() == [6, 7, 8, 9, 5]
    assert ring.head == 4
    ring.enter(torch.tensor([[0.0]]), torch.tensor([2]))
    assert ring.labels_Q[4] == EMPTY


def test_nccl_when_the_sizes_differ_then_the_second_sum_is_refused_by_name():
    here = world()
    head = build_head(arcface.Config(), CLASSES, DIM + 2, seed=0).double()
    new_bD, old_bd, labels_b, _ = here.batch(0)
    seen = seen_of(new_bD, old_bd, labels_b, head)
    with pytest.raises(
        ConfigError, match=r"centres have 8 .*compared in 6.*beta=0.*dimensions=pad"
    ):
        term_of(nccl.Config(buffer=ROWS), here)(seen)
    assert list(term_of(nccl.Config(buffer=ROWS, beta=0), here)(seen)) == ["nccl_features"]


def test_nccl_when_the_buffer_does_not_hold_a_step_then_refused():
    with pytest.raises(ConfigError, match=r"buffer=15 for a batch of 16"):
        nccl.build(nccl.Config(buffer=15), side_of(CLASSES, DIM, batch_size=16))


def test_nccl_when_cosines_are_to_be_clamped_then_refused():
    with pytest.raises(ConfigError, match=r"clamped=True with variant='cosine'"):
        nccl.Config.parse({"clamped": True})
