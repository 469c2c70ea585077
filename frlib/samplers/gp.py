"""Gaussian process with expected improvement: for few arms, each of them costly.

Cost of a proposal grows with the cube of the arms on record. Values are taken as noisy.
"""

from typing import TYPE_CHECKING, Literal

from frlib.core.config import setting
from frlib.core.paper import Paper
from frlib.samplers._sampler import Need, Sampler, Skill, startup

if TYPE_CHECKING:
    import optuna

PAPER = Paper(
    key="snoek2012practical",
    title="Gaussian process",
    where="Practical Bayesian Optimization of Machine Learning Algorithms, section 3",
    url="https://arxiv.org/abs/1206.2944",
)
HANDLES: frozenset[Skill] = frozenset({"lists", "objectives", "limits"})


class Config(Sampler):
    """How long it draws at random."""

    name: Literal["gp"] = "gp"
    startup: int = setting(0, ge=0, doc="points drawn at random first; 0: a third, 3 to 10")


def build(config: Config, need: Need) -> "optuna.samplers.BaseSampler":
    """Optuna's."""
    import optuna

    return optuna.samplers.GPSampler(
        seed=need.seed,
        n_startup_trials=startup(config.startup, need),
        deterministic_objective=False,
    )
