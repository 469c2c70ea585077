"""Centres drawn in blocks are those drawn at once, whichever rows are kept."""

from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn

from frlib.heads import _draw
from frlib.heads._draw import draw
from frlib.heads.slots import InitRule

AT_ONCE: dict[InitRule, Callable[[Tensor, torch.Generator], Tensor]] = {
    "normal": lambda w, g: w.normal_(0.0, 0.01, generator=g),
    "xavier_uniform": lambda w, g: nn.init.xavier_uniform_(w, generator=g),
    "xavier_normal": lambda w, g: nn.init.xavier_normal_(w, generator=g),
    "kaiming_normal": lambda w, g: nn.init.kaiming_normal_(w, generator=g),
    "unit": lambda w, g: nn.functional.normalize(w.uniform_(-1.0, 1.0, generator=g)),
}


def _generator() -> torch.Generator:
    return torch.Generator().manual_seed(7)


@pytest.mark.parametrize("rule", AT_ONCE)
@pytest.mark.parametrize("dim", [3, 5, 16, 48])
@pytest.mark.parametrize("rows", [1, 2, 31, 32, 33, 64, 65, 100])
def test_draw_when_in_blocks_then_bit_equal_to_all_at_once(
    rule: InitRule, dim: int, rows: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_draw, "BLOCK", 32)
    wanted = AT_ONCE[rule](torch.empty(rows, dim), _generator())
    assert torch.equal(draw(rows, dim, rule, _generator()), wanted)


@pytest.mark.parametrize(("first", "count"), [(0, 10), (10, 60), (33, 1), (90, 10), (40, 0)])
def test_draw_when_some_rows_are_kept_then_those_of_all(
    first: int, count: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_draw, "BLOCK", 32)
    generators = _generator(), _generator()
    whole = draw(100, 8, "normal", generators[0])
    assert torch.equal(
        draw(100, 8, "normal", generators[1], first, count), whole[first : first + count]
    )
    assert torch.equal(*(torch.rand(3, generator=one) for one in generators))
