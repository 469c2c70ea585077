"""Quasi-random points (scrambled Sobol): as random search, with fewer gaps between the points.

Numbers alone; of a list, elements are drawn at random.
"""

from typing import TYPE_CHECKING, Literal

from frlib.core.config import setting
from frlib.core.paper import Paper
from frlib.samplers._sampler import Need, Sampler, Skill

if TYPE_CHECKING:
    import optuna

PAPER = Paper(
    key="bergstra2012random",
    title="Quasi-random search",
    where="Random Search for Hyper-Parameter Optimization, section 4",
    url="https://www.jmlr.org/papers/v13/bergstra12a.html",
)
HANDLES: frozenset[Skill] = frozenset({"lists", "objectives", "limits"})


class Config(Sampler):
    """Which sequence."""

    name: Literal["qmc"] = "qmc"
    sequence: Literal["sobol", "halton"] = setting("sobol", doc="kind of sequence")


def build(config: Config, need: Need) -> "optuna.samplers.BaseSampler":
    """Optuna's. One scrambling for all proposals of a cell: they are points of one sequence."""
    import optuna

    return optuna.samplers.QMCSampler(
        qmc_type=config.sequence,
        scramble=True,
        seed=need.study_seed,
        independent_sampler=optuna.samplers.RandomSampler(seed=need.seed),
        warn_asynchronous_seeding=False,
        warn_independent_sampling=False,
    )
