"""Genetic search for a front of several objectives: crowding distance keeps the front spread out.

Worth its name with hundreds of arms; below, use `tpe`.
"""

from typing import TYPE_CHECKING, Literal

from frlib.core.config import setting
from frlib.core.paper import Paper
from frlib.samplers._sampler import Need, Sampler, Skill

if TYPE_CHECKING:
    import optuna

PAPER = Paper(
    key="deb2002nsga2",
    title="NSGA-II",
    where="A Fast and Elitist Multiobjective Genetic Algorithm, section III",
    url="https://doi.org/10.1109/4235.996017",
)
HANDLES: frozenset[Skill] = frozenset({"lists", "branches", "objectives", "limits"})


class Config(Sampler):
    """Size of a generation, and how points are crossed."""

    name: Literal["nsga2"] = "nsga2"
    population: int = setting(16, ge=2, doc="arms of a generation")
    crossover: float = setting(0.9, ge=0, le=1, doc="share of arms that have two parents")


def build(config: Config, need: Need) -> "optuna.samplers.BaseSampler":
    """Optuna's."""
    import optuna

    return optuna.samplers.NSGAIISampler(
        seed=need.seed,
        population_size=config.population,
        crossover_prob=config.crossover,
    )
