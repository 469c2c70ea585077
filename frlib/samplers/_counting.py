"""Optuna's TPE, built anew for every proposal, that does not look at all trials anew each time."""

from typing import Any

import optuna
from optuna.distributions import BaseDistribution
from optuna.search_space import IntersectionSearchSpace
from optuna.trial import FrozenTrial


class CountingTPE(optuna.samplers.TPESampler):
    """Multivariate, of a space without branches: the same proposals, sooner.

    common: of one Optuna study, and kept between its samplers. What the trials that are over have
    in common only shrinks, so that looking at the later ones is enough. Optuna keeps the same thing
    inside a sampler, which ends with it.
    """

    def __init__(self, common: IntersectionSearchSpace, **options: Any) -> None:
        super().__init__(**options)
        self._common = common

    def infer_relative_search_space(
        self, study: optuna.Study, trial: FrozenTrial
    ) -> dict[str, BaseDistribution]:
        """Parameters of all trials that are over, without those of one value."""
        found = self._common.calculate(study, use_cache=True)
        return {name: one for name, one in found.items() if not one.single()}
