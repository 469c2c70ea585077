"""Layers that draw: the same rows for any cut, and the law of dropout."""

from dataclasses import replace

import pytest
import torch
from torch import Tensor, nn

from frlib.core.errors import ConfigError
from frlib.parallel.draws import Drawing, Dropout, Position, position

TOTAL, UNITS = 12, 5
WHOLE = Position(seed=3, step=7, first=0, count=TOTAL, total=TOTAL)


class Drawn(Drawing):
    """Its numbers themselves."""

    def forward(self, x: Tensor) -> Tensor:
        return self.uniform(tuple(x.shape[1:]), x)


class Two(nn.Module):
    def __init__(self, one: Drawing, other: Drawing) -> None:
        super().__init__()
        self.one, self.other = one, other

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        return self.one(x), self.other(x)


def _drawn(where: Position, kind: torch.dtype = torch.float32) -> tuple[Tensor, Tensor]:
    net = Two(Drawn(), Drawn())
    position(net, where)
    found: tuple[Tensor, Tensor] = net(torch.ones(where.samples, UNITS, dtype=kind))
    return found


@pytest.mark.parametrize("cuts", [(12,), (6, 6), (1, 4, 7), (3, 3, 3, 3)], ids=str)
def test_uniform_when_the_batch_is_cut_then_samples_keep_their_numbers(
    cuts: tuple[int, ...],
) -> None:
    whole, _ = _drawn(WHOLE)
    first, parts = 0, []
    for count in cuts:
        parts.append(_drawn(replace(WHOLE, first=first, count=count))[0])
        first += count
    assert torch.equal(torch.cat(parts), whole)


def test_uniform_when_a_pass_has_two_runs_of_samples_then_each_has_its_numbers() -> None:
    whole, _ = _drawn(WHOLE)
    found, _ = _drawn(replace(WHOLE, first=2, count=3, tail_first=8, tail_count=2))
    assert torch.equal(found, torch.cat([whole[2:5], whole[8:10]]))


def test_uniform_when_seed_step_or_layer_differ_then_numbers_are_independent() -> None:
    many = replace(WHOLE, count=4000, total=4000)
    one, other = _drawn(many)
    columns = [
        one,
        other,
        _drawn(replace(many, step=8))[0],
        _drawn(replace(many, seed=4))[0],
    ]
    correlation = torch.corrcoef(torch.stack([column.flatten() for column in columns]))
    off_diagonal = correlation - torch.eye(len(columns))
    assert off_diagonal.abs().max() < 5 / (4000 * UNITS) ** 0.5


def test_uniform_when_repeated_or_torch_is_seeded_then_the_same() -> None:
    torch.manual_seed(1)
    first, _ = _drawn(WHOLE)
    before = torch.get_rng_state()
    again, _ = _drawn(WHOLE)
    assert torch.equal(first, again)
    assert torch.equal(torch.get_rng_state(), before)


def test_uniform_when_the_input_is_narrow_then_numbers_are_those_of_float32() -> None:
    assert _drawn(WHOLE, torch.bfloat16)[0].dtype == torch.float32
    assert torch.equal(_drawn(WHOLE, torch.bfloat16)[0], _drawn(WHOLE)[0])
    assert _drawn(WHOLE, torch.float64)[0].dtype == torch.float64


def test_uniform_when_there_is_no_position_then_says_what_to_call() -> None:
    with pytest.raises(ConfigError, match=r"'Drawn' draws numbers for 2 samples.*not at all"):
        Drawn()(torch.ones(2, UNITS))


def test_uniform_when_the_count_differs_then_names_layer_and_counts() -> None:
    net = Two(Drawn(), Drawn())
    position(net, WHOLE)
    with pytest.raises(ConfigError, match=r"'one' draws numbers for 3 samples.*for 12 samples"):
        net(torch.ones(3, UNITS))


def test_dropout_when_trained_then_keeps_its_share_and_the_mean() -> None:
    layer, count = Dropout(0.3), 20_000
    position(layer, replace(WHOLE, count=count, total=count))
    found = layer(torch.full((count, UNITS), 2.0))
    kept = found != 0
    spread = (0.3 * 0.7 / found.numel()) ** 0.5
    assert abs(float(kept.float().mean()) - 0.7) < 5 * spread
    assert torch.allclose(found[kept], torch.tensor(2 / 0.7))


def test_dropout_when_trained_then_gradients_pass_where_units_did() -> None:
    layer = Dropout(0.5)
    position(layer, WHOLE)
    x = torch.ones(TOTAL, UNITS, requires_grad=True)
    found = layer(x)
    found.sum().backward()
    assert x.grad is not None and torch.equal(x.grad, found.detach())
    assert 0 < int((found == 0).sum()) < found.numel()


@pytest.mark.parametrize("kind", [torch.float32, torch.bfloat16], ids=str)
def test_dropout_when_evaluated_or_off_then_is_the_identity(kind: torch.dtype) -> None:
    x = torch.randn(TOTAL, UNITS).to(kind)
    assert Dropout(0.5).eval()(x) is x
    assert Dropout(0.0)(x) is x
    layer = Dropout(0.5)
    position(layer, WHOLE)
    assert layer(x).dtype == kind


@pytest.mark.parametrize("p", [-0.1, 1.0, 1.5])
def test_dropout_when_p_is_no_share_below_one_then_is_refused(p: float) -> None:
    with pytest.raises(ConfigError, match=rf"p={p}: expected 0 <= p < 1"):
        Dropout(p)
