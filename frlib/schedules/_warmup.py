"""Linear warm-up, shared by the rules that have one."""

from typing import Literal

from frlib.core.errors import ConfigError

First = Literal["ramp", "zero", "full"]


def warmup_steps(warmup_epochs: float, steps_per_epoch: int, total_steps: int) -> int:
    """Length of the warm-up, to the nearest step; `ConfigError` if no step is left after it."""
    steps = round(warmup_epochs * steps_per_epoch)
    if steps >= max(total_steps, 1):
        raise ConfigError(
            f"schedule.warmup_epochs={warmup_epochs}: a warm-up of {steps} steps leaves nothing of "
            f"a run of {total_steps} steps ({steps_per_epoch} an epoch). Lower it or raise epochs."
        )
    return steps


def rising(step: int, steps: int, first: First) -> float:
    """Factor during warm-up, `0 <= step < steps`: step / steps, and `first` decides at step 0.

    `ramp` gives 1 / steps there, the rate of the next step; `zero` gives 0; `full` gives 1.
    """
    if step == 0:
        return {"ramp": 1 / steps, "zero": 0.0, "full": 1.0}[first]
    return step / steps
