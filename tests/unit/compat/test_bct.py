import numpy as np
import pytest
import torch

from frlib.compat import bct
from frlib.compat._bct_term import mixed
from frlib.core.errors import DataError
from tests.unit.compat.sides import ABSENT, CLASSES, DIM, head_of, seen_of, side_of, term_of, world


def by_hand(new_bD, prototypes_Cd, labels_b, scale):
    """Only classes that have a prototype, and samples of them."""
    some = np.flatnonzero(np.abs(prototypes_Cd).sum(1))
    unit = new_bD / np.linalg.norm(new_bD, axis=1, keepdims=True)
    losses = []
    for row, label in zip(unit, labels_b, strict=True):
        if label in some:
            logits = scale * prototypes_Cd[some] @ row
            losses.append(np.log(np.exp(logits).sum()) - logits[list(some).index(label)])
    return np.mean(losses) if losses else 0.0


@pytest.mark.parametrize("scale", [1.0, 16.0])
@pytest.mark.parametrize("prototypes", ["means", "old_classifier", "mixed"])
def test_bct_when_written_out_then_cross_entropy_of_known_classes(prototypes, scale):
    here = world()
    made = {name: here.side.made[name].double().numpy() for name in ("means", "classifier")}
    wanted = {"means": made["means"], "old_classifier": made["classifier"]}
    known = np.abs(made["classifier"]).sum(1) > 0
    wanted["mixed"] = np.where(known[:, None], made["classifier"], made["means"])
    new_bD, old_bd, labels_b, _ = here.batch(0)
    assert ABSENT in labels_b
    config = bct.Config(prototypes=prototypes, compat_scale=scale, weight=3)
    value = term_of(config, here)(seen_of(new_bD, old_bd, labels_b, head_of()))["bct"]
    expected = 3 * by_hand(new_bD.numpy(), wanted[prototypes], labels_b.numpy(), scale)
    assert value.item() == pytest.approx(expected, rel=1e-7)


def test_bct_when_no_sample_has_a_prototype_then_zero_with_zero_slope():
    here = world()
    new_bD, old_bd, labels_b, _ = here.batch(0)
    new_bD.requires_grad_()
    seen = seen_of(new_bD, old_bd, torch.full_like(labels_b, ABSENT), head_of())
    value = term_of(bct.Config(), here)(seen)["bct"]
    (slope,) = torch.autograd.grad(value, new_bD)
    assert value == 0 and not slope.any()


def test_bct_when_no_class_has_a_prototype_then_refused():
    side = side_of(CLASSES, DIM, {"means": torch.zeros(CLASSES, DIM)})
    with pytest.raises(DataError, match="prototypes of 5 classes are all zero"):
        bct.build(bct.Config(), side)


def test_needs_when_prototypes_are_chosen_then_only_what_they_are_made_of():
    wanted = {"means": ("means",), "old_classifier": ("classifier",)}
    wanted["mixed"] = ("means", "classifier")
    assert {name: bct.Config(prototypes=name).needs for name in wanted} == wanted
    assert bct.Config(mean_weighting="unit").weighting == "unit"


def test_mixed_when_the_first_lacks_a_class_then_of_the_second():
    first, second = (
        torch.tensor([[1.0, 0], [0, 0], [0, 0]]),
        torch.tensor([[0.0, 1], [0, 1], [0, 0]]),
    )
    assert mixed([first, second]).tolist() == [[1, 0], [0, 1], [0, 0]]
    assert first[1].tolist() == [0, 0]


def test_checkpoint_when_written_then_without_what_is_made_of_the_old_side():
    assert not term_of(bct.Config(), world()).state_dict()
