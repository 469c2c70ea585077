"""Genetic search for a front of three and more objectives: reference directions spread it out.

Worth its name with hundreds of arms; below, use `tpe`.
"""

from typing import TYPE_CHECKING, Literal

from frlib.core.config import setting
from frlib.core.paper import Paper
from frlib.samplers._sampler import Need, Sampler, Skill

if TYPE_CHECKING:
    import optuna

PAPER = Paper(
    key="deb2014nsga3",
    title="NSGA-III",
    where="Evolutionary Many-Objective Optimization Using Reference Points, part I, section IV",
    url="https://doi.org/10.1109/TEVC.2013.2281535",
)
HANDLES: frozenset[Skill] = frozenset({"lists", "branches", "objectives", "limits"})


class Config(Sampler):
    """Size of a generation, and how points are crossed."""

    name: Literal["nsga3"] = "nsga3"
    population: int = setting(16, ge=2, doc="arms of a generation")
    crossover: float = setting(0.9, ge=0, le=1, doc="share of arms that have two parents")


def build(config: Config, need: Need) -> "optuna.samplers.BaseSampler":
    """Optuna's."""
    import optuna

    return optuna.samplers.NSGAIIISampler(
        seed=need.seed,
        population_size=config.population,
        crossover_prob=config.crossover,
    )
