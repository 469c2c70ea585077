import numpy as np
import pytest
import torch
from torch.nn.functional import batch_norm, linear, log_softmax, relu

from frlib.compat import advbct
from frlib.compat._advbct_term import reversed_slope, slope_at
from tests.unit.compat.sides import ABSENT, head_of, seen_of, term_of, unit, world


def parts_of(config, epoch=3, progress=0.2, here=None, step=0):
    here = here or world()
    new_bD, old_bd, labels_b, _ = here.batch(step)
    new_bD.requires_grad_()
    seen = seen_of(new_bD, old_bd, labels_b, head_of(), epoch=epoch, progress=progress)
    term = term_of(config, here)
    return term, term(seen), seen


def test_bound_when_written_out_then_mean_excess_of_violators_of_known_classes():
    term, parts, seen = parts_of(advbct.Config(boundary_weight=3))
    made = {name: value.double().numpy() for name, value in world().side.made.items()}
    share = 1 / (1 + np.exp(-term.boundary_C.detach().numpy()))
    excess = []
    for row, label in zip(unit(seen.emb_bD).detach().numpy(), seen.labels_b.tolist(), strict=True):
        if made["count"][label] < 2:
            continue
        own = made["radius"][label]
        reach = own + share[label] * abs(0.4 - own) * (1 if own < 0.4 else -1)
        excess.append(np.linalg.norm(row - made["centre"][label]) - reach)
    wanted = 3 * np.mean([value for value in excess if value > 0])
    assert ABSENT in seen.labels_b
    assert parts["advbct_boundary"].item() == pytest.approx(wanted, rel=1e-7)


def test_bound_when_nobody_violates_it_then_zero_that_keeps_the_graph():
    here = world()
    here.side.made["radius"].fill_(5.0)
    term, parts, seen = parts_of(advbct.Config(), here=here)
    bound = parts["advbct_boundary"]
    slopes = torch.autograd.grad(bound, [seen.emb_bD, term.boundary_C])
    assert bound == 0 and not any(slope.any() for slope in slopes)


def test_bound_when_a_class_has_one_image_then_none():
    here = world()
    here.side.made["count"].fill_(1)
    _, parts, _ = parts_of(advbct.Config(), here=here)
    assert parts["advbct_boundary"] == 0


@pytest.mark.parametrize("joint", [False, True])
def test_adversary_when_written_out_then_negative_log_likelihoods_of_both(joint):
    term, parts, seen = parts_of(advbct.Config(joint_batch=joint, adversary_weight=2), epoch=5)
    first, _, _, second, _ = term.discriminator

    def judged(rows):
        hidden = linear(rows, first.weight, first.bias)
        normed = batch_norm(hidden, None, None, training=True)
        return log_softmax(linear(relu(normed), second.weight, second.bias), 1)

    new, old = unit(seen.emb_bD), seen.old_bd
    both = judged(torch.cat([new, old])).chunk(2) if joint else (judged(new), judged(old))
    wanted = 2 * (35 - 5 + 1) / 35 * -(both[0][:, 0].mean() + both[1][:, 1].mean())
    torch.testing.assert_close(parts["advbct_adversary"], wanted)


def test_adversary_when_it_trains_then_embeddings_go_against_the_discriminator():
    _, parts, seen = parts_of(advbct.Config(), progress=0.2)
    (turned,) = torch.autograd.grad(parts["advbct_adversary"], seen.emb_bD)
    _, parts, seen = parts_of(advbct.Config(), progress=0.5)
    (more,) = torch.autograd.grad(parts["advbct_adversary"], seen.emb_bD)
    torch.testing.assert_close(more / slope_at(0.5), turned / slope_at(0.2))
    _, parts, seen = parts_of(advbct.Config(), progress=0.0)
    (still,) = torch.autograd.grad(parts["advbct_adversary"], seen.emb_bD)
    assert turned.any() and not still.any()


def test_reversed_slope_when_used_then_same_values_and_minus_the_gradient():
    values = torch.randn(3, 2, requires_grad=True)
    found = reversed_slope(values, 0.25)
    (slope,) = torch.autograd.grad(found.sum(), values)
    assert torch.equal(found, values) and (slope == -0.25).all()
    assert slope_at(0) == 0 and slope_at(1) == pytest.approx(np.tanh(5))


def test_start_when_seeds_are_equal_then_equal_and_the_global_generator_stays():
    torch.manual_seed(1)
    before = torch.get_rng_state()
    one, other = (term_of(advbct.Config(), world()) for _ in range(2))
    assert torch.equal(before, torch.get_rng_state())
    assert all(torch.equal(a, b) for a, b in zip(one.parameters(), other.parameters(), strict=True))
    assert one.boundary_C.abs().max() <= 1 and one.boundary_C.std() > 0


def test_checkpoint_when_written_then_only_what_is_trained_and_its_statistics():
    names = term_of(advbct.Config(), world()).state_dict()
    assert {name.split(".")[0] for name in names} == {"boundary_C", "discriminator"}
