"""Made-up studies whose best arm is known: the rules keep it, and save epochs."""

import math

import pytest

from frlib.core import discover
from frlib.core.seeds import stream
from frlib.pruning import Design
from tests.unit.pruning.worlds import SPACE, Running, rule, run

DESIGN = Design(epochs=16, replicates=4, mode="max", space=SPACE)
ARMS, WORLDS = 12, 60


def _world(world: int, name: str, settings: dict[str, float]) -> tuple[bool, float]:
    """Whether the truly best arm ran to its end, and the share of all epochs that was run.

    Qualities differ by 0.01 (one standard deviation), seeds move all arms by 0.02, and each arm
    at each seed by 0.004; curves rise at rates of their own.
    """
    rng = stream(world, "world")
    quality = 0.8 + rng.normal(0, 0.01, ARMS)
    rate = rng.uniform(0.25, 0.5, ARMS)
    shared = rng.normal(0, 0.02, DESIGN.replicates)
    own = rng.normal(0, 0.004, (ARMS, DESIGN.replicates))
    noise = rng.normal(0, 0.002, (ARMS, DESIGN.epochs * DESIGN.replicates))

    def value(arm: str, step: int) -> float:
        i, (turn, epoch) = int(arm), divmod(step - 1, DESIGN.epochs)
        risen = 1 - 0.3 * math.exp(-rate[i] * (epoch + 1))
        return float(quality[i] * risen + shared[turn] + own[i, turn] + noise[i, step - 1])

    module = discover.load("frlib.pruning", name)
    arms = [Running(str(i), "cell", {}) for i in range(ARMS)]
    stops, ended = run(lambda: rule(module, DESIGN, **settings), DESIGN, arms, value, world)
    spent = sum(len(arm.course) for arm in ended)
    return str(quality.argmax()) not in stops, spent / (ARMS * DESIGN.epochs * DESIGN.replicates)


@pytest.mark.parametrize(
    ("name", "settings", "kept", "most"),
    [
        ("none", {}, 1.0, 1.0),
        ("halving", {"first_epoch": 4}, 0.6, 0.5),
        ("racing", {}, 0.8, 0.75),
        ("racing", {"first_epoch": 8}, 0.6, 0.6),
        ("hyperband", {}, 0.6, 0.6),
    ],
)
def test_rule_when_worlds_are_random_then_keeps_the_best_in_most_and_saves_epochs(
    name: str, settings: dict[str, float], kept: float, most: float
) -> None:
    found = [_world(world, name, settings) for world in range(WORLDS)]
    assert sum(best for best, _ in found) >= kept * WORLDS
    assert sum(spent for _, spent in found) <= most * WORLDS
