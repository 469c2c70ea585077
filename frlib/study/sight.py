"""The smallest difference of the reported metric that a design can show, and what that rests on."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import mean, variance
from typing import Any, Literal

from frlib.core import safeio
from frlib.core.errors import RecordError
from frlib.records import layout, ledger
from frlib.stats.power import smallest_difference
from frlib.study.plan import Plan

ALPHA, POWER = 0.05, 0.8
SURE = 0.99
"""Accuracy at which pairs are least uncertain among those that a study may expect."""


@dataclass(frozen=True)
class Sight:
    """difference: a share. origin: spread of these records, of earlier studies, or of pairs alone.

    about: which studies (`earlier`), or how many pairs (`pairs`), in words.
    """

    difference: float
    origin: Literal["records", "earlier", "pairs"]
    about: str = ""


def sight(plan: Plan, pairs: int) -> Sight | None:
    """Smallest difference of the first report metric that paired t tests over the seeds find.

    At 5 %, with power 0.8, from the spread over replicates of an arm (sqrt 2 times it: as if seeds
    were not paired, so on the safe side). Where this study has no two replicates of an arm on
    record, earlier studies of the store with the same metric serve. Where none does, the binomial
    deviation sqrt(p (1 - p) / n) of the n pairs of the benchmark at p = 0.99 is a rough guide: it
    leaves out what training adds, and that seeds often err on the same pairs. None for a single
    seed, which shows nothing.
    """
    count, name = len(plan.study.replicates.seeds), plan.study.report[0]
    if count < 2:
        return None
    spreads = list(_spreads(plan.folder, name, plan.study.replicates.seeds))
    if spreads:
        return Sight(_smallest(count, mean(spreads)), "records")
    earlier = dict(_earlier(plan.store, plan.study.name, plan.study.report[0]))
    if earlier:
        every = [spread for found in earlier.values() for spread in found]
        return Sight(_smallest(count, mean(every)), "earlier", ", ".join(earlier))
    if not pairs:
        return None
    return Sight(_smallest(count, SURE * (1 - SURE) / pairs), "pairs", f"{pairs:,} pairs")


def _smallest(count: int, spread: float) -> float:
    return smallest_difference(count, (2 * spread) ** 0.5, ALPHA, POWER)


def _earlier(store: Path, own: str, metric: str) -> Iterator[tuple[str, list[float]]]:
    """Studies on record that report the metric -> variances over replicates of their arms."""
    for name in layout.recorded_studies(store):
        folder = layout.study_folder(store, name)
        try:
            study: Mapping[str, Any] = safeio.read_json(folder / "study.json")
            if name == own or metric not in study.get("report", ()):
                continue
            found = list(_spreads(folder, metric, study["replicates"]["seeds"]))
        except (RecordError, KeyError):  # the records of another study do not stop this one
            continue
        if found:
            yield name, found


def _spreads(folder: Path, metric: str, seeds: Sequence[int]) -> Iterator[float]:
    """Variance of the metric over the complete replicates of every arm that has two of them."""
    for arm in layout.arm_folders(folder):
        values = ledger.finals(arm, metric, seeds)
        if len(values) > 1:
            yield variance(values.values())
