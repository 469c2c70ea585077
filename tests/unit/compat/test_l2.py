import numpy as np
import pytest
import torch

from frlib.compat import l2, weakened_l2
from frlib.compat._l2_term import distances
from tests.unit.compat.sides import head_of, run, seen_of, side_of, term_of, world


def passed(config):
    here = world()
    new_bD, old_bd, labels_b, _ = here.batch(0)
    leaf_bD = new_bD.clone().requires_grad_()
    return (
        term_of(config, here)(seen_of(leaf_bD, old_bd, labels_b, head_of()))["l2"],
        new_bD,
        old_bd,
    )


@pytest.mark.parametrize("squared", [False, True])
@pytest.mark.parametrize("radius", [0.0, 0.2, 0.9])
def test_l2_when_written_out_then_mean_of_what_is_beyond_the_radius(radius, squared):
    config = weakened_l2.Config(weight=7, radius=radius, squared=squared)
    value, new_bD, old_bd = passed(config)
    unit_bD = new_bD.numpy() / np.linalg.norm(new_bD, axis=1, keepdims=True)
    beyond = np.maximum(0, np.linalg.norm(unit_bD - old_bd.numpy(), axis=1) - radius)
    assert value.item() == pytest.approx(7 * (beyond**2 if squared else beyond).mean(), rel=1e-12)


@pytest.mark.parametrize("squared", [False, True])
def test_weakened_when_radius_is_zero_then_l2_to_the_bit(squared):
    one = run(weakened_l2.Config(radius=0, squared=squared), world())
    other = run(l2.Config(squared=squared), world())
    assert one.keys() == other.keys()
    assert all(torch.equal(one[name], other[name]) for name in one)


def test_distances_when_rows_are_equal_or_nearly_so_then_no_slope():
    one = torch.ones(3, 4, dtype=torch.float64, requires_grad=True)
    other = torch.ones(3, 4, dtype=torch.float64)
    other[1] += 1e-8
    other[2] += 1e-3
    found = distances(one, other)
    (slope,) = torch.autograd.grad(found.sum(), one)
    assert found[:2].tolist() == [0, 0] and not slope[:2].any()
    assert found[2].item() == pytest.approx(2e-3) and slope[2].norm().item() == pytest.approx(1)


def test_l2_when_row_is_within_the_radius_then_no_slope_and_still_in_the_mean():
    head, old_bd = head_of(), torch.eye(2, 6, dtype=torch.float64)
    new_bD = old_bd.clone()
    new_bD[0, 1], new_bD[1, 0] = 0.1, 3
    new_bD.requires_grad_()
    term = weakened_l2.build(weakened_l2.Config(), side_of(5, 6))
    value = term(seen_of(new_bD, old_bd, torch.zeros(2, dtype=torch.int64), head))["l2"]
    (slope,) = torch.autograd.grad(value, new_bD)
    away = (new_bD[1] / new_bD[1].norm() - old_bd[1]).norm().item()
    assert value.item() == pytest.approx(10 * (away - 0.2) / 2)
    assert not slope[0].any() and slope[1].any()
