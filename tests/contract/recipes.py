"""What fixed runs come to, by the recipe of each module.

The numbers are no truth; they tell that results have changed. Then the module's `RECIPE` is raised
(see `frlib.core.config`) and `python -m tests.contract.recipes` notes them anew, in one commit that
says why.
"""

import json
from pathlib import Path
from typing import Any

import numpy as np

from frlib.core import discover, safeio
from frlib.core.config import Config, recipe_of
from frlib.schedules import follow
from frlib.train import loop
from tests.unit.train import worlds

NOTED = Path(__file__).with_name("recipes.json")
HEADS, OPTIMISERS, SCHEDULES = "frlib.heads.presets", "frlib.optimisers", "frlib.schedules"
_STEPS, _PER_EPOCH = 24, 6
Numbers = list[float]


def trained(**parts: Any) -> Numbers:
    """Mean loss of an epoch of three steps: further on, rounding of machines grows."""
    run = worlds.config(epochs=1, **parts)
    passes = loop.epochs(run, worlds.manifest(), worlds.pixels(), seed=0, place=worlds.HERE)
    return [done.row["train/loss"] for done in passes]


def measured() -> dict[str, Numbers]:
    """`module@recipe` -> numbers, of every head, schedule, optimiser and of the loop itself."""
    found = {key(worlds.config()): trained(augment={"crop": 2, "brightness": 0.2}, ema=0.9)}
    for package, field in ((HEADS, "head"), (OPTIMISERS, "optimiser")):
        for name in discover.choices(package):
            config = discover.load(package, name).Config()
            found[key(config)] = trained(**{field: config})
    for name in discover.choices(SCHEDULES):
        config = discover.load(SCHEDULES, name).Config()
        found[key(config)] = _factors(config)
    return found


def key(config: Config) -> str:
    """The module of a config with its recipe."""
    return f"{type(config).__module__}@{recipe_of(config)}"


def _factors(config: Config) -> Numbers:
    """Of every step, under a loss that falls."""
    rule = follow(_STEPS, _PER_EPOCH, config)
    found = []
    for step, loss in enumerate(np.linspace(30, 5, _STEPS)):
        found.append(rule.factor(step))
        rule.observe(float(loss))
    return found


if __name__ == "__main__":
    safeio.write_text(NOTED, json.dumps(measured(), indent=1) + "\n")
