"""Tree-structured Parzen estimator: densities of good and of other points, and their ratio.

Parameters are modelled together (multivariate); in a conditional space, those that occur together.
Points that are running count as bad ones (constant liar), so that parallel proposals differ.
"""

from functools import partial
from typing import TYPE_CHECKING, Literal

from frlib.core.config import setting
from frlib.core.paper import Paper
from frlib.samplers._sampler import Need, Sampler, Skill, startup

if TYPE_CHECKING:
    import optuna

PAPER = Paper(
    key="bergstra2011tpe",
    title="TPE",
    where="Algorithms for Hyper-Parameter Optimization, section 4; multivariate as in BOHB, "
    "Falkner et al., ICML 2018",
    url="https://papers.nips.cc/paper/4443-algorithms-for-hyper-parameter-optimization",
)
HANDLES: frozenset[Skill] = frozenset({"lists", "branches", "objectives", "limits"})


class Config(Sampler):
    """How long it draws at random, and how it models."""

    name: Literal["tpe"] = "tpe"
    startup: int = setting(0, ge=0, doc="points drawn at random first; 0: a third, 3 to 10")
    multivariate: bool = setting(True, doc="model parameters together, not each by itself")
    candidates: int = setting(24, ge=1, doc="draws among which the best ratio is chosen")


def build(config: Config, need: Need) -> "optuna.samplers.BaseSampler":
    """Optuna's; of a space without branches it counts on what trials have in common."""
    import optuna

    from frlib.samplers._counting import CountingTPE

    common = need.common if config.multivariate and not need.has_branches else None
    made = optuna.samplers.TPESampler if common is None else partial(CountingTPE, common)
    return made(
        seed=need.seed,
        n_startup_trials=startup(config.startup, need),
        n_ei_candidates=config.candidates,
        multivariate=config.multivariate,
        group=config.multivariate and need.has_branches,
        constant_liar=True,
    )
