"""Cuts the rate when the smoothed loss has not fallen fast enough for long enough.

With L_i the loss of 0-based optimiser step i and T the run's steps:

    A_0 = L_0                                   smoothed loss
    D_i = alpha * (A_{i-1} - L_i)               its fall in step i > 0
    A_i = A_{i-1} - D_i                         i > 0
    E_1 = D_1                                   the fall, smoothed again
    E_i = beta * D_i + (1 - beta) * E_{i-1}     i > 1

A step i > 0 with E_i < lam is a plateau step. N = int(tau * T) of them in a row are borne; the next
one decides a cut, and the count begins again at zero. Any other step sets it to zero.

    factor(i) = delta ** -min(max_cuts, cuts decided by L_0 .. L_{i-2})

* With tau * T < 1 every plateau step decides a cut; after `max_cuts` of them the rate stays.
* A cut decided by the loss of step i is in force from step i + 2, as in the source, whose scheduler
  applies it when it is called next. So a loss may be read one step late.
* The source sums the falls as D_i = (1 - alpha) * D_{i-1} + alpha * (L_{i-1} - L_i), D_0 = 0. These
  are the same numbers to rounding; A_i takes the place of D_i and the last loss in a checkpoint.
* The source trains on one GPU. Here L_i is the mean over the whole batch of all workers, so that
  they cut in the same step; how many they are changes L_i by rounding only.
* A loss before the first finite one, of a step that moved nothing, takes no part: A begins with
  that one.
* `lam` is in units of the loss, which depends on the head, its scale and the label noise: search it
  on a log scale.
* The source trains for 5 epochs by its README. Its configs have a base rate of 0.02; its training
  script as released has this rule commented out and anneals by `cosine`. An older version in the
  same file has lam = 4e-5, tau = 0.04 and no limit to the number of cuts.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from math import isfinite
from typing import Any, Literal

from frlib.core.config import Config as _Config
from frlib.core.config import setting
from frlib.core.paper import Paper
from frlib.core.space import Uniform

_CODE = "lr_scheduler.py, MHLR"
PAPER = Paper(
    key="expface",
    title="Moving Haar (MHLR)",
    where=f"README, and the code in {_CODE}",
    url="https://github.com/baiyun-code/ExpFace",
)


class Config(_Config):
    """What a plateau is, how long it is borne, and what a cut does."""

    name: Literal["moving_haar"] = "moving_haar"
    alpha: float = setting(
        0.001, gt=0, le=1, doc="weight of the newest loss in the smoothed loss", source=_CODE
    )
    beta: float = setting(
        0.001, gt=0, le=1, doc="weight of the newest fall in the smoothed fall", source=_CODE
    )
    lam: float = setting(
        5e-5,
        ge=0,
        doc="λ: a step whose smoothed fall is less is a plateau step",
        unit="loss/step",
        source=_CODE,
    )
    tau: float = setting(
        0.05, ge=0, le=1, doc="plateau steps borne before a cut, as a part of the run", source=_CODE
    )
    delta: float = setting(2.0, ge=1, doc="what a cut divides the rate by", source=_CODE)
    max_cuts: int = setting(
        8, ge=0, doc="cuts in a run, at most", unit="cuts", source=f"{_CODE}, a number in the code"
    )


SPACE = {"lam": Uniform(low=1e-6, high=1e-3, log=True)}


@dataclass
class _Numbers:
    """`seen`: losses so far; A, E and the plateau count after the newest of them; `cuts` decided.

    `is_cut` says whether the newest loss decided one.
    """

    seen: int = 0
    mean: float = 0.0
    fall: float = 0.0
    count: int = 0
    cuts: int = 0
    is_cut: bool = False


class MovingHaar:
    """The rule in one run; see the module for the formulas."""

    observes = True

    def __init__(self, total_steps: int, config: Config) -> None:
        self._config = config
        self._borne = int(config.tau * total_steps)
        self._now = _Numbers()

    def factor(self, step: int) -> float:
        """Factor of the base rate for `step`; the losses up to `step` - 2, or - 1, are known."""
        now = self._now
        assert now.seen in (step - 1, step), f"{now.seen} losses observed before step {step}"
        is_pending = now.is_cut and step == now.seen
        return float(self._config.delta ** -(now.cuts - is_pending))

    def observe(self, loss: float) -> None:
        """Take the loss of the next step."""
        now, config = self._now, self._config
        now.is_cut = False
        if now.seen == 0 or not isfinite(now.mean):
            now.mean = loss
        else:
            fall = config.alpha * (now.mean - loss)
            now.mean -= fall
            weight = config.beta if now.seen > 1 else 1.0
            now.fall = weight * fall + (1 - weight) * now.fall
            self._count()
        now.seen += 1

    def _count(self) -> None:
        now, config = self._now, self._config
        if now.fall >= config.lam:
            now.count = 0
        elif now.count < self._borne:
            now.count += 1
        else:
            now.count = 0
            now.is_cut = now.cuts < config.max_cuts
            now.cuts += now.is_cut

    def numbers(self) -> dict[str, float | int]:
        """Losses seen, smoothed loss and fall, plateau steps counted, cuts, and a pending one."""
        return asdict(self._now)

    def restore(self, numbers: Mapping[str, Any]) -> None:
        """Go on exactly where `numbers` was taken."""
        self._now = _Numbers(**numbers)


def follow(total_steps: int, steps_per_epoch: int, config: Config) -> MovingHaar:
    """The rule at the start of a run; the length of an epoch has no influence."""
    return MovingHaar(total_steps, config)
