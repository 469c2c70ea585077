from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import torch

from frlib.parallel.collectives import SINGLE, SingleGroup
from frlib.train.feed import LossFeed


@dataclass
class Listener:
    observes: bool = True
    heard: list[float] = field(default_factory=list)

    def factor(self, step: int) -> float:
        return 1.0

    def observe(self, loss: float) -> None:
        self.heard.append(loss)

    def numbers(self) -> dict[str, float | int]:
        return {}

    def restore(self, numbers: Mapping[str, Any]) -> None:
        raise AssertionError("a feed takes no rule back")


class Halves(SingleGroup):
    """As if the other worker always had a loss of zero."""

    def mean(self, values: torch.Tensor) -> torch.Tensor:
        return values.detach() / 2


class Nobody(SingleGroup):
    def mean(self, values: torch.Tensor) -> torch.Tensor:
        raise AssertionError("a collective that nobody asked for")


def _loss(value: float) -> torch.Tensor:
    return torch.tensor(value, requires_grad=True) * 1


def test_add_when_a_loss_is_new_then_the_one_before_is_handed_in() -> None:
    rule = Listener()
    feed = LossFeed(rule, SINGLE)
    feed.add(_loss(1.5))
    assert rule.heard == []
    feed.add(_loss(2.5))
    assert rule.heard == [1.5]
    feed.flush()
    feed.flush()
    assert rule.heard == [1.5, 2.5]


def test_add_when_there_are_workers_then_the_mean_is_handed_in() -> None:
    rule = Listener()
    feed = LossFeed(rule, Halves())
    feed.add(_loss(3.0))
    feed.flush()
    assert rule.heard == [1.5]


def test_add_when_the_rule_does_not_observe_then_no_worker_is_asked() -> None:
    rule = Listener(observes=False)
    feed = LossFeed(rule, Nobody())
    feed.add(_loss(3.0))
    feed.flush()
    assert rule.heard == []


def test_add_when_a_loss_is_not_finite_then_the_one_before_is_handed_in() -> None:
    rule = Listener()
    feed = LossFeed(rule, SINGLE)
    for value in (2.0, float("nan"), float("inf"), 1.0):
        feed.add(_loss(value))
    feed.flush()
    assert rule.heard == [2.0, 2.0, 2.0, 1.0]


def test_add_when_the_first_loss_is_not_finite_then_that_of_the_epoch_before_is_handed_in() -> None:
    rule = Listener()
    feed = LossFeed(rule, SINGLE, last=4.0)
    feed.add(_loss(float("nan")))
    feed.flush()
    assert rule.heard == [4.0]
