"""Recovery: how much of what noise costs a plain head does a method win back?

    recovery = (method under noise - reference under noise)
             / (reference without noise - reference under noise)

computed seed by seed (arms share noise draws, pairs and order), then averaged. 1 is the clean
result, 0 the reference. Where the denominator is not clearly positive (its 95 % interval over all
seeds of the reference reaches 0) the ratio says nothing and the cell says why instead.
"""

from collections.abc import Mapping

from analysis.grid import LEVEL
from analysis.table import Cell, measured, missing
from frlib.stats.intervals import mean_interval

Sample = Mapping[int, float]


def recovery(method: Sample, reference: Sample, clean: Sample, name: str) -> Cell:
    """Recovery over the seeds that all three samples (seed -> value, more is better) share.

    name: what the reference is called in the reason of a missing cell.
    """
    costs = {seed: clean[seed] - reference[seed] for seed in sorted(set(reference) & set(clean))}
    seeds = [seed for seed in costs if seed in method]
    if not seeds:
        return missing(f"no seed is complete for the method and for {name} with and without noise")
    why = _not_clearly_positive(costs, name)
    if why:
        return missing(why)
    ratios = [(method[seed] - reference[seed]) / costs[seed] for seed in seeds]
    return measured(mean_interval(ratios, LEVEL))


def _not_clearly_positive(costs: Mapping[int, float], name: str) -> str:
    cost = mean_interval(list(costs.values()), LEVEL)
    if cost.n < 2:
        return f"one seed cannot show that the noise costs {name} anything"
    if not cost.low > 0:
        return (
            f"the noise is not shown to cost {name} anything: "
            f"{100 * cost.value:.2f} ± {100 * cost.half_width:.2f} points"
        )
    worst = min(costs, key=costs.__getitem__)
    if costs[worst] <= 0:
        return f"the noise costs {name} nothing at seed {worst}, so the ratio is undefined there"
    return ""
