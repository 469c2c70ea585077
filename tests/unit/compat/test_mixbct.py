import pytest
import torch

from frlib.compat import mixbct
from frlib.compat._mixbct_term import drawn
from tests.unit.compat.sides import DIM, ROWS, head_of, seen_of, term_of, world


def seen_at(step=0, credible_b=None, **told):
    new_bD, old_bd, labels_b, _ = world().batch(0)
    new_bD.requires_grad_()
    return seen_of(new_bD, old_bd, labels_b, head_of(), credible_b=credible_b, step=step, **told)


def old_rows(seen, mixed):
    is_old = (mixed == seen.old_bD).all(1)
    assert ((mixed == seen.emb_bD).all(1) | is_old).all()
    return is_old


@pytest.mark.parametrize(("alpha", "wanted"), [(0.1, 0), (0.3, 2), (0.5, 4), (0.875, 7)])
def test_mixbct_when_rows_are_credible_then_the_floor_of_the_share_is_old(alpha, wanted):
    seen = seen_at()
    term = term_of(mixbct.Config(alpha=alpha), world())
    assert old_rows(seen, term.replaced(seen)).sum() == wanted
    assert term.counts()["short"] == 0 and term(seen) == {}


def test_mixbct_when_a_row_is_replaced_then_it_has_no_gradient_and_others_theirs():
    seen = seen_at()
    mixed = term_of(mixbct.Config(alpha=0.5), world()).replaced(seen)
    (slope,) = torch.autograd.grad(mixed.sum(), seen.emb_bD)
    is_old = old_rows(seen, mixed)
    assert not slope[is_old].any() and (slope[~is_old] == 1).all()


def test_mixbct_when_alpha_is_zero_then_the_very_same_tensor():
    seen = seen_at()
    assert term_of(mixbct.Config(alpha=0), world()).replaced(seen) is seen.emb_bD


def test_mixbct_when_too_few_are_credible_then_all_of_them_and_it_is_counted():
    credible_b = torch.zeros(ROWS, dtype=torch.bool)
    credible_b[[2, 5]] = True  # image 5 has no old direction
    term = term_of(mixbct.Config(alpha=0.5), world())
    for step in range(3):
        seen = seen_at(step, credible_b)
        assert old_rows(seen, term.replaced(seen)).nonzero().flatten().tolist() == [2]
    assert term.counts()["short"] == 3
    assert term.state_dict()["short"] == 3


def test_mixbct_when_pass_or_seed_changes_then_other_rows_and_else_the_same():
    can_B = torch.rand(64, generator=torch.Generator().manual_seed(0)) < 0.7
    one = drawn(can_B, 20, 1, 5)
    assert one.sum() == 20 and (can_B | ~one).all()
    assert torch.equal(one, drawn(can_B, 20, 1, 5))
    assert not torch.equal(one, drawn(can_B, 20, 1, 6))
    assert not torch.equal(one, drawn(can_B, 20, 2, 5))


def test_draw_when_repeated_then_every_credible_row_has_its_turn():
    can_B = torch.ones(10, dtype=torch.bool)
    turns = sum(drawn(can_B, 3, 0, step).int() for step in range(1000))
    assert turns.sum() == 3000 and (turns - 300).abs().max() < 75


def test_needs_when_all_are_credible_then_no_mask():
    assert mixbct.Config().needs == ("credible",)
    assert mixbct.Config(credible_share=1).needs == ()
    config = mixbct.Config(credible_share=0.7, scaled_columns=False)
    assert (config.keep_share, config.column_scale, config.replaces) == (0.7, False, True)
    assert mixbct.label(mixbct.Config(alpha=0.5)) == "MixBCT (alpha=0.5)"


def test_mixbct_when_embeddings_are_of_half_precision_then_so_is_the_mix():
    new_bD = torch.ones(ROWS, DIM, dtype=torch.bfloat16)
    seen = seen_of(new_bD, world().batch(0)[1], torch.zeros(ROWS, dtype=torch.int64), head_of())
    assert term_of(mixbct.Config(alpha=0.5), world()).replaced(seen).dtype == torch.bfloat16
