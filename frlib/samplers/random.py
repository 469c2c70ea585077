"""Independent draws: what every other sampler has to beat."""

from typing import TYPE_CHECKING, Literal

from frlib.core.paper import Paper
from frlib.samplers._sampler import Need, Sampler, Skill

if TYPE_CHECKING:
    import optuna

PAPER = Paper(
    key="bergstra2012random",
    title="Random search",
    where="Random Search for Hyper-Parameter Optimization, section 2",
    url="https://www.jmlr.org/papers/v13/bergstra12a.html",
)
HANDLES: frozenset[Skill] = frozenset({"lists", "branches", "objectives", "limits"})


class Config(Sampler):
    """Nothing to set."""

    name: Literal["random"] = "random"


def build(config: Config, need: Need) -> "optuna.samplers.BaseSampler":
    """Optuna's."""
    import optuna

    return optuna.samplers.RandomSampler(seed=need.seed)
