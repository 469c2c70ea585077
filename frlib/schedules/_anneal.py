"""A fall from the base rate to its end after a warm-up, shared by rules that differ in shape."""

from collections.abc import Callable

from frlib.core.config import Config, setting
from frlib.schedules._warmup import First, rising, warmup_steps


class Annealed(Config):
    """Where the rate ends, and the warm-up before the decay."""

    name: str
    final_ratio: float = setting(0.0, ge=0, le=1, doc="last rate as a part of the base rate")
    warmup_epochs: float = setting(0.0, ge=0, doc="length of the linear warm-up", unit="epochs")
    first: First = setting(
        "ramp", doc="rate of step 0 when warming up: ramp 1/w, zero 0, full the base rate"
    )


def annealed(
    step: int,
    total_steps: int,
    steps_per_epoch: int,
    config: Annealed,
    shape: Callable[[float], float],
) -> float:
    """Factor of the base rate for 0-based optimiser step `step`; in [0, 1].

    shape: falls from 1 to 0 as its argument does, the part of the decay that is left. `ConfigError`
    if the warm-up is as long as the run.
    """
    warm = warmup_steps(config.warmup_epochs, steps_per_epoch, total_steps)
    if step < warm:
        return rising(step, warm, config.first)
    left = max(0, total_steps - step) / (total_steps - warm)
    return config.final_ratio + (1 - config.final_ratio) * shape(left)
