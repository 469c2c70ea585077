"""The curve of a partial backfill for a protocol: a search, IJB, or a list of pairs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from frlib.core.config import Config
from frlib.evaluate import protocol
from frlib.evaluate.compatibility.outcomes import Outcome, people_of_pairs
from frlib.evaluate.features import Features
from frlib.evaluate.report import Report
from frlib.metrics import backfill
from frlib.metrics.backfill import Point
from frlib.stats.people import people, share_interval
from frlib.stats.support import ENOUGH

BY_PEOPLE = "Wilson, clustered by person, threshold as it is, 95 %"


@dataclass(frozen=True, kw_only=True)
class CurveRow:
    """One rate of a gallery of which `share` is indexed again. n: trials; mark: why it says little.

    value, low, high: shares, with the ends of the 95 % interval (None: there is none). bar: the
    rate of the old model in its own gallery.
    """

    protocol: str
    metric: str
    share: float
    num_new: int
    value: float
    low: float | None
    high: float | None
    n: int
    bar: float
    mark: str = ""
    interval: str = ""


@dataclass(frozen=True, kw_only=True, eq=False)
class Models:
    """old, new: as each model gives them. old_side, new_side: in the space of the cross-tests."""

    old: Features
    new: Features
    old_side: Features
    new_side: Features


def rows(
    config: Config,
    outcomes: Sequence[Outcome],
    main: Outcome,
    models: Models,
    reports: Mapping[str, Report],
    *,
    seed: int = 0,
) -> list[CurveRow]:
    """Of a search where there is one among the outcomes, computed from the features; else of the
    list of pairs of `main`, from the scores of the tests `cross`, `self new` and `self old`."""
    searches = [one for one in outcomes if one.metric == "rank1"]
    if searches:
        module, variant = protocol.module_of(config), searches[-1].variant
        return _rows(searches[-1].protocol, *_of_search(module, config, variant, models, seed))
    tables = {test: one.scores[f"{main.protocol}/{main.variant}"] for test, one in reports.items()}
    points = _of_pairs(tables["cross"], tables["self new"], backfill.SHARES, seed)
    (bar,) = _of_pairs(tables["self old"], tables["self old"], (0.0,), seed)
    return _rows(main.protocol, points, bar)


def _of_search(
    module: Any, config: Config, variant: str, models: Models, seed: int
) -> tuple[tuple[Point, ...], Point]:
    """The curve, and the old model alone."""
    gallery, probes = module.searched(config, models.new, variant)
    old_entries, _ = module.searched(config, models.old_side, variant)
    of_old = None
    if models.new_side is not models.new:
        of_old = module.searched(config, models.new_side, variant)[1].features
    fars = _supported(len(gallery.features) * len(probes.features))
    points = backfill.curve(
        old_entries.features,
        gallery.features,
        gallery.subjects,
        probes.features,
        probes.subjects,
        seed=seed,
        fars=fars,
        probe_of_old_QD=of_old,
    )
    alone, asking = module.searched(config, models.old, variant)
    (bar,) = backfill.curve(
        alone.features,
        alone.features,
        alone.subjects,
        asking.features,
        asking.subjects,
        shares=(0.0,),
        fars=fars,
    )
    return points, bar


def _of_pairs(
    cross: pa.Table, own: pa.Table, shares: Sequence[float], seed: int
) -> tuple[Point, ...]:
    same = np.asarray(cross["same"].to_numpy(zero_copy_only=False), dtype=bool)
    who, _ = people_of_pairs(cross, same)
    person = np.zeros(len(same), dtype=np.int64)
    person[same] = who.left_P if len(who.left_P) < len(same) else who.left_P[same]
    return backfill.curve_of_pairs(
        cross["score"].to_numpy(),
        own["score"].to_numpy(),
        cross["left"].to_numpy(zero_copy_only=False),
        same,
        person,
        fars=_supported(int((~same).sum())),
        shares=shares,
        seed=seed,
    )


def _supported(num_impostors: int) -> tuple[float, ...]:
    """The two lowest usual rates that enough impostors stand behind; 0.1 where none is.

    Of a search every cell may count as an impostor: few are of one person.
    """
    able = [far for far in (1e-4, 1e-3, 1e-2, 1e-1) if far * num_impostors >= ENOUGH]
    return tuple(able[:2]) or (1e-1,)


def _rows(name: str, points: Sequence[Point], bar: Point) -> list[CurveRow]:
    found = []
    for point in points:
        for rate in point.rates:
            interval = share_interval(rate.event_M, people(rate.person_M, rate.person_M))
            is_known = bool(np.isfinite(interval.low))
            above = rate.num_impostors_above
            found.append(
                CurveRow(
                    protocol=name,
                    metric=rate.metric,
                    share=point.share,
                    num_new=point.num_new,
                    value=rate.value,
                    low=interval.low if is_known else None,
                    high=interval.high if is_known else None,
                    n=len(rate.event_M),
                    bar=bar.rate(rate.metric).value,
                    mark=""
                    if above is None or above >= ENOUGH
                    else f"rests on {above} impostors above the threshold",
                    interval=BY_PEOPLE if is_known else "",
                )
            )
    return found
