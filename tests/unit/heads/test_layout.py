"""Heads stored whole: any number of workers saves, any other one goes on."""

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor

from frlib.core import discover
from frlib.core.errors import ConfigError, RecordError
from frlib.heads import layout
from frlib.heads.build import build
from frlib.heads.config import HeadConfig
from frlib.heads.head import Head
from frlib.heads.layout import Layout, load_whole, part_of, whole, whole_state
from frlib.heads.presets import adam_softmax, arcface, composed, repface, subcenter
from frlib.parallel.collectives import SINGLE, Group
from frlib.testing.workers import together

PRESETS = discover.choices("frlib.heads.presets")
CLASSES, DIM, BATCH = 11, 5, 8
Tensors = dict[str, Tensor]

EXTRA = [
    subcenter.Config(loss_k=3),
    composed.Config.parse(
        {
            "similarity": {"name": "subcenter", "loss_k": 3},
            "margin": "learned",
            "terms": ["margin_reward"],
            "relabel": "progressive",
            "scaling": "adaptive",
        }
    ),
]
CONFIGS = [*(discover.load("frlib.heads.presets", n).Config() for n in PRESETS), *EXTRA]
every_config = pytest.mark.parametrize("config", CONFIGS, ids=lambda c: c.name)


def _head(config: HeadConfig, group: Group = SINGLE, classes: int = CLASSES, **other: Any) -> Head:
    other = {"dim": DIM, "seed": 3, "num_samples": BATCH} | other
    return build(config, classes, classes=group, **other).double()


def _train(head: Head, momentum: Tensors | None, steps: range) -> tuple[Tensors, list[Tensor]]:
    """Momentum of this worker's part after some steps, and the losses."""
    names = {name: parameter for name, parameter in head.named_parameters()}
    optimiser = torch.optim.SGD(names.values(), lr=0.5, momentum=0.9)
    for name, value in (momentum or {}).items():
        optimiser.state[names[name]]["momentum_buffer"] = value
    losses = []
    for step in steps:
        draw = torch.Generator().manual_seed(step)
        emb_BD = 3 * torch.randn(BATCH, DIM, generator=draw, dtype=torch.float64)
        labels_B = torch.randint(head.shard.num_classes, (BATCH,), generator=draw)
        optimiser.zero_grad()
        output = head(emb_BD, labels_B, epoch=50, step=step, samples_B=torch.arange(BATCH))
        output.loss.backward()
        optimiser.step()
        losses.append(output.losses_B.detach())
    return {n: optimiser.state[p]["momentum_buffer"] for n, p in names.items()}, losses


def _random(head: Head) -> Tensors:
    """A whole state that no two entries of share a value."""
    draw = torch.Generator().manual_seed(7)
    found = {}
    for name, value in head.state_dict().items():
        order = torch.randperm(max(value.numel(), 1), generator=draw)
        found[name] = order.reshape(value.shape).to(value.dtype)
    return found


def _same(found: Tensors, wanted: Tensors) -> None:
    assert list(found) == list(wanted)
    for name, value in wanted.items():
        assert torch.equal(found[name], value), name


def _through(config: HeadConfig, state: Tensors, size: int) -> list[Tensors]:
    """Loaded on `size` workers and stored again."""

    def work(group: Group) -> Tensors:
        head = _head(config, group, seed=4)
        load_whole(head, state)
        return whole_state(head)

    return together(size, work)


@every_config
def test_state_when_sharded_anew_again_and_again_then_bit_equal(config: HeadConfig) -> None:
    state = first = _random(_head(config))
    for size in (1, 2, 3, 1, 5):
        every = _through(config, state, size)
        for found in every:
            _same(found, first)
        state = every[-1]


@every_config
def test_training_when_stored_on_two_workers_then_goes_on_alike_on_any(config: HeadConfig) -> None:
    def begin(group: Group) -> tuple[Tensors, Tensors]:
        head = _head(config, group)
        momentum, _ = _train(head, None, range(3))
        return whole_state(head), whole(head, momentum)

    def go_on(group: Group) -> tuple[list[Tensor], Tensors, Tensors]:
        head = _head(config, group)
        load_whole(head, state)
        momentum, losses = _train(head, part_of(head, moved), range(3, 5))
        return losses, whole_state(head), whole(head, momentum)

    state, moved = together(2, begin)[1]
    losses, wanted, wanted_momentum = go_on(SINGLE)
    for size in (2, 3):
        for found_losses, found, momentum in together(size, go_on):
            torch.testing.assert_close(found_losses, losses, rtol=1e-12, atol=1e-13)
            torch.testing.assert_close(found, wanted, rtol=1e-12, atol=1e-13)
            torch.testing.assert_close(momentum, wanted_momentum, rtol=1e-12, atol=1e-13)


def test_whole_when_gathered_in_small_blocks_then_bit_equal(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(layout, "BLOCK", 2 * DIM)
    config = EXTRA[1]
    state = _random(_head(config))
    for size in (1, 3, 4):
        for found in _through(config, state, size):
            _same(found, state)


def test_whole_when_only_the_first_wants_it_then_the_others_hold_nothing() -> None:
    def work(group: Group) -> Tensors:
        return whole_state(_head(subcenter.Config(), group), only_first=True)

    first, *others = together(3, work)
    _same(first, whole_state(_head(subcenter.Config())))
    assert others == [{}, {}]


def test_whole_when_stored_then_shares_no_memory_with_the_head() -> None:
    head = _head(adam_softmax.Config())
    for taken in (whole_state(head), part_of(head, head.state_dict())):
        for name, value in head.state_dict().items():
            assert taken[name].data_ptr() != value.data_ptr(), name


def test_layout_when_head_is_read_then_names_what_has_entries_per_class() -> None:
    assert Layout.of(_head(EXTRA[1])) == Layout(CLASSES, {"weight": 3, "margin.margin": 1})
    assert Layout.of(_head(repface.Config())) == Layout(CLASSES, {"weight": 1})


@pytest.mark.parametrize("size", [1, 2, 3, 4, 11])
def test_parts_when_split_then_hold_what_workers_hold_and_merge_again(size: int) -> None:
    config = EXTRA[1]
    plan = Layout.of(_head(config))
    state = _random(_head(config))
    parts = [plan.split(state, rank, size) for rank in range(size)]
    shapes = together(size, lambda g: [v.shape for v in _head(config, g).state_dict().values()])
    assert [[value.shape for value in part.values()] for part in parts] == shapes
    _same(plan.merge(parts), state)


PLAN = Layout(11, {"weight": 3, "margin.margin": 1})
WHOLE = {"weight": torch.arange(66.0).reshape(33, 2), "margin.margin": torch.arange(11.0)}


def _parts(size: int, **other: Tensor) -> list[Tensors]:
    return [PLAN.split(WHOLE, rank, size) | other for rank in range(size)]


def _changed(parts: list[Tensors], rank: int, **changes: Tensor) -> list[Tensors]:
    return [part | changes if at == rank else part for at, part in enumerate(parts)]


@pytest.mark.parametrize(
    ("parts", "message"),
    [
        (lambda: [], "no parts"),
        (lambda: _parts(3)[:2], r"weight: worker 0 of 2 has 12 rows, expected 18 \(6 of 11 cl"),
        (lambda: _parts(3)[::-1], r"weight: worker 0 of 3 has 9 rows, expected 12 .*order"),
        (lambda: [_parts(2)[0], {"weight": WHOLE["weight"][18:]}], "margin.margin in one alone"),
        (
            lambda: _changed(_parts(2), 1, weight=torch.zeros(15, 7)),
            r"worker 0 has \[18, 2\] float32, worker 1 \[15, 7\] float32",
        ),
        (lambda: _changed(_parts(2), 1, weight=torch.zeros(15, 2).double()), "float64"),
        (lambda: _changed(_parts(2, t=torch.zeros(())), 1, t=torch.ones(())), "t: .*different val"),
        (lambda: _changed(_parts(2), 0, weight=torch.zeros(())), "has 0 rows"),
    ],
    ids=["none", "missing", "order", "tensors", "width", "type", "values", "scalar"],
)
def test_parts_when_they_do_not_go_together_then_says_what_was_found(
    parts: Callable[[], list[Tensors]], message: str
) -> None:
    with pytest.raises(RecordError, match=message):
        PLAN.merge(parts())


def test_parts_when_a_common_number_is_undefined_then_merge_all_the_same() -> None:
    nan = torch.tensor([1.0, torch.nan])
    merged = PLAN.merge(_parts(2, t=nan))
    torch.testing.assert_close(merged["t"], nan, equal_nan=True)


def test_split_when_rank_does_not_exist_then_says_so() -> None:
    with pytest.raises(ConfigError, match="worker 2 of 2: ranks go from 0 to 1"):
        PLAN.split(WHOLE, 2, 2)


@pytest.mark.parametrize(
    ("head", "message"),
    [
        ({"classes": 9}, r"weight: stored with 33 rows, but this head has 27 \(9 classes, 3 a cl"),
        ({"config": subcenter.Config(loss_k=1)}, r"has 11 \(11 classes, 1 a class\)"),
        ({"dim": 4}, r"weight: stored as \[33, 5\], but this head wants \[33, 4\]"),
        ({"config": adam_softmax.Config()}, "margin.margin in one alone"),
        ({"config": repface.Config()}, "relabel.candidate, relabel.known"),
    ],
    ids=["classes", "centres", "dim", "margin", "relabel"],
)
@pytest.mark.parametrize("size", [1, 2])
def test_load_when_stored_head_is_another_then_says_what_differs(
    head: dict[str, Any], message: str, size: int
) -> None:
    state = whole_state(_head(subcenter.Config(loss_k=3)))

    def work(group: Group) -> None:
        load_whole(_head(**({"config": subcenter.Config()} | head | {"group": group})), state)

    with pytest.raises(ConfigError, match=message):
        together(size, work)


def test_load_when_other_images_are_remembered_then_says_how_many() -> None:
    state = whole_state(_head(repface.Config(), num_samples=9))
    with pytest.raises(ConfigError, match=r"relabel.candidate: stored as \[9\], .* wants \[8\]"):
        load_whole(_head(repface.Config()), state)


def test_whole_when_workers_hold_different_heads_then_every_one_is_told() -> None:
    def work(group: Group) -> str:
        config = arcface.Config() if group.rank else adam_softmax.Config()
        with pytest.raises(RecordError) as error:
            whole_state(_head(config, group))
        return str(error.value)

    found = together(3, work)
    assert "worker 1 holds tensors that do not go with those of worker 0" in found[0]
    assert "worker 0 holds" in found[1] and "worker 0 holds" in found[2]


def test_whole_when_one_worker_passes_something_else_then_every_one_is_told() -> None:
    def work(group: Group) -> str:
        head = _head(subcenter.Config(), group)
        rows = head.weight[:-1] if group.rank == 1 else head.weight
        with pytest.raises(RecordError) as error:
            whole(head, {"weight": rows})
        return str(error.value)

    found = together(2, work)
    assert "worker 1 holds" in found[0]
    assert "worker 1 of 2 has 14 rows, expected 15" in found[1]
