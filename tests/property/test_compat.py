"""What holds for any batch of backward-compatible training: order and orientation do not matter."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from frlib.compat import Method, advbct, bct, l2, mixbct, nccl, unibct, weakened_l2
from frlib.compat._mixbct_term import drawn
from tests.unit.compat.sides import DIM, LATE, ROWS, head_of, seen_of, term_of, world

few = settings(max_examples=10, deadline=None, derandomize=True, database=None)
seeds = st.integers(0, 2**31)
BOUND = advbct.Config(adversary_weight=0)
TURNABLE = [l2.Config(), weakened_l2.Config(), bct.Config(), unibct.Config(), nccl.Config(buffer=9)]
ORDERLESS = [*TURNABLE, advbct.Config()]


def _values(config: Method, seed: int, order: torch.Tensor, turn_DD: torch.Tensor) -> torch.Tensor:
    """Of a batch in some order, with old and new and centres turned."""
    here, head = world(seed % 7, turn_DD), head_of()
    with torch.no_grad():
        head.weight.copy_(head.weight @ turn_DD)
    new_bD, old_bd, labels_b, _ = world(seed % 7).batch(seed)
    seen = seen_of(
        (new_bD @ turn_DD)[order], (old_bd @ turn_DD)[order], labels_b[order], head, epoch=LATE
    )
    return torch.stack(list(term_of(config, here)(seen).values()))


@pytest.mark.parametrize("config", ORDERLESS, ids=lambda config: config.name)
@given(seed=seeds)
@few
def test_term_when_batch_is_permuted_then_the_same(config: Method, seed: int) -> None:
    order = torch.randperm(ROWS, generator=torch.Generator().manual_seed(seed))
    still = torch.eye(DIM, dtype=torch.float64)
    one, other = (_values(config, seed, rows, still) for rows in (torch.arange(ROWS), order))
    torch.testing.assert_close(one, other)


@pytest.mark.parametrize("config", [*TURNABLE, BOUND], ids=lambda config: config.name)
@given(seed=seeds)
@few
def test_term_when_both_spaces_are_turned_then_the_same(config: Method, seed: int) -> None:
    draw = torch.Generator().manual_seed(seed)
    square = torch.randn(DIM, DIM, generator=draw, dtype=torch.float64)
    turn_DD, _ = torch.linalg.qr(square)
    rows, still = torch.arange(ROWS), torch.eye(DIM, dtype=torch.float64)
    one, other = (_values(config, seed, rows, turn) for turn in (still, turn_DD))
    torch.testing.assert_close(one, other, rtol=1e-6, atol=1e-6)


@given(seed=seeds, share=st.floats(0, 1), wanted=st.integers(1, 40))
@few
def test_draw_when_rows_are_credible_then_as_many_as_wanted_and_only_those(
    seed: int, share: float, wanted: int
) -> None:
    can_B = torch.rand(40, generator=torch.Generator().manual_seed(seed)) < share
    found = drawn(can_B, wanted, seed, 0)
    assert int(found.sum()) == min(wanted, int(can_B.sum()))
    assert not (found & ~can_B).any()


@given(seed=seeds, alpha=st.floats(0, 1))
@few
def test_mix_when_any_share_is_asked_for_then_rows_are_old_or_new_and_never_between(
    seed: int, alpha: float
) -> None:
    here = world(seed % 7)
    new_bD, old_bd, labels_b, _ = here.batch(seed)
    seen = seen_of(new_bD, old_bd, labels_b, head_of(), step=seed)
    mixed = term_of(mixbct.Config(alpha=alpha), here).replaced(seen)
    is_old, is_new = (mixed == old_bd).all(1), (mixed == new_bD).all(1)
    assert (is_old ^ is_new).all() and int(is_old.sum()) == min(int(alpha * ROWS), ROWS - 1)
