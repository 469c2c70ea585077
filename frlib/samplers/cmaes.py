"""Covariance matrix adaptation: for two and more numbers and some tens of arms.

Needs the extra `search` (the package cmaes). Its state lies in the study's `optuna.journal` in
pickled form: do not go on with a search whose journal comes from somebody you do not trust.
"""

from typing import TYPE_CHECKING, Literal

from frlib.core.config import setting
from frlib.core.errors import ConfigError
from frlib.core.paper import Paper
from frlib.samplers._sampler import Need, Sampler, Skill, startup

if TYPE_CHECKING:
    import optuna

PAPER = Paper(
    key="hansen2016cma",
    title="CMA-ES",
    where="The CMA Evolution Strategy: A Tutorial, section 3",
    url="https://arxiv.org/abs/1604.00772",
)
HANDLES: frozenset[Skill] = frozenset()


class Config(Sampler):
    """Start, population, and what is learned from arms that were stopped early."""

    name: Literal["cmaes"] = "cmaes"
    startup: int = setting(0, ge=0, doc="points drawn at random first; 0: a third, 3 to 10")
    population: int = setting(0, ge=0, doc="points of a generation; 0: 4 + 3 ln(dimensions)")
    with_margin: bool = setting(False, doc="keep whole numbers from getting stuck at one value")


def build(config: Config, need: Need) -> "optuna.samplers.BaseSampler":
    """Optuna's; `ConfigError` where the package is missing."""
    from importlib.util import find_spec

    import optuna

    if find_spec("cmaes") is None:
        raise ConfigError(
            "search.sampler=cmaes needs the package cmaes: pip install 'frlib[search]', or "
            "choose tpe or gp"
        )
    return optuna.samplers.CmaEsSampler(
        seed=need.seed,
        n_startup_trials=startup(config.startup, need),
        popsize=config.population or None,
        with_margin=config.with_margin,
        warn_independent_sampling=False,
    )
