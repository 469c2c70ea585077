"""From questions and features to a report: every variant, its intervals and its marks.

Intervals (95 %) hold thresholds as chosen, except for TAR over all pairs, and speak of one trained
model. Where the people of the pairs are known they are drawn (`bootstrap over people`,
`frlib.stats.people`). Where all verdicts agree nothing shows how far pairs of one person depend on
one another, and no more pairs than people count (`exact binomial, a trial a person`). Where people
are not known pairs count as independent (`exact binomial`, for the area `DeLong, logit scale`, for
the equal-error rate `bootstrap over pairs`), which may be too narrow where pairs share people.

Intervals are of the share over all pairs; with folds of unequal size the value, a mean over folds,
may differ from it a little. Equal scores have none.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from frlib.core.errors import ConfigError, ProtocolError
from frlib.evaluate import crossed, pair_variants, pair_views
from frlib.evaluate.pair_variants import Judgement, Measure, Views
from frlib.evaluate.questions import Questions
from frlib.evaluate.report import Report, Row
from frlib.stats.intervals import Interval, binomial_interval
from frlib.stats.people import People, accuracy_interval, people
from frlib.stats.roc_intervals import (
    apart_interval,
    are_apart,
    auc_interval,
    delong_interval,
    eer_interval,
    eer_interval_of_pairs,
    tar_interval,
)

if TYPE_CHECKING:
    from frlib.evaluate.features import Features

BY_PEOPLE = "bootstrap over people"
BY_PAIRS = "bootstrap over pairs"
BINOMIAL = "exact binomial"
DELONG = "DeLong, logit scale"
APART = "exact binomial, scores wholly apart"
ONE_EACH = "exact binomial, a trial a person"
_SEED = 0
_DRAWS, _LONG = 2_000, 100_000
"""Bootstrap draws of lists up to this long; longer ones get fewer, so that time stays the same."""
_FEWEST = 200


def report(
    title: str,
    questions: Sequence[Questions],
    features: "Features",
    variants: Sequence[str] | None,
    *,
    enrolled: "Features | None" = None,
) -> Report:
    """All variants on the same embeddings; `variants` None: the default one.

    enrolled: another model's, for the left side of every pair (`frlib.evaluate.crossed`).
    A variant that is not defined for a list gives a row without value whose mark says why.
    `DataError` for images without an embedding, `NumericsError` for embeddings not finite,
    `ConfigError` for a variant that does not exist.
    """
    wanted = tuple(variants) if variants else pair_variants.DEFAULT
    unknown = [name for name in wanted if name not in pair_variants.VARIANTS]
    if unknown:
        raise ConfigError(
            f"no variant {', '.join(unknown)}; known: {', '.join(pair_variants.VARIANTS)}"
        )
    rows: list[Row] = []
    scores: dict[str, pa.Table] = {}
    warnings: list[str] = []
    ran: dict[str, Any] = {}
    for asked in questions:
        ids, views = pair_views.views_of(asked, features, enrolled)
        warnings += pair_views.zeros(asked.name, ids, views) + _oddities(asked)
        for variant in wanted:
            try:
                found = pair_variants.judge(variant, views)
            except ProtocolError as error:
                rows.append(_absent(asked, variant, str(error)))
                ran.setdefault(variant, pair_variants.about(variant, _num_views(views)))
                continue
            ran[found.name] = pair_variants.about(variant, _num_views(views))
            rows += [_row(asked, found, measure) for measure in found.measures]
            if found.correct is not None:
                scores[f"{asked.name}/{found.name}"] = _table(asked, found)
    return Report(
        title=title,
        about={
            "colour": features.about.get("colour"),
            "features": features.about,
            "variants": ran,
            "pairs": {asked.name: len(asked) for asked in questions},
            "people": {a.name: None if a.people is None else a.people.num for a in questions},
        }
        | crossed.about_sides(features, enrolled),
        rows=tuple(rows),
        scores=scores,
        warnings=tuple(warnings),
    )


def _num_views(views: Views) -> int:
    return 1 if views.mirrored is None else 2


def _oddities(asked: Questions) -> list[str]:
    """What makes the numbers of a list better than they are."""
    told = []
    if len(np.unique(asked.pairs.fold)) == 1:
        told.append(
            f"{asked.name}: one fold: thresholds are chosen on the pairs that they are judged on, "
            "which is too kind. Give the list a column fold."
        )
    if asked.num_itself:
        told.append(f"{asked.name}: {asked.num_itself:,} pairs compare an image with itself")
    if asked.num_repeated:
        told.append(
            f"{asked.name}: {asked.num_repeated:,} pairs are listed before, in either order"
        )
    return told


def _absent(asked: Questions, variant: str, why: str) -> Row:
    same = int(asked.pairs.same.sum())
    return Row(
        protocol=asked.name,
        variant=variant,
        metric="",
        value=None,
        n=len(asked),
        n_positive=same,
        mark=why,
    )


def _row(asked: Questions, found: Judgement, measure: Measure) -> Row:
    same = asked.pairs.same
    over = np.ones(len(asked), dtype=bool) if measure.over is None else measure.over
    mark = measure.mark
    if measure.metric == "accuracy" and np.ptp(found.score) == 0:
        mark = "all scores are equal"
    if measure.metric in ("auc", "eer"):
        interval, how = _of_curve(asked.people, found, measure, same)
    else:
        interval, how = _interval(asked.people, found, measure, over)
    known = interval is not None and bool(np.isfinite(interval.low))
    return Row(
        protocol=asked.name,
        variant=found.name,
        metric=measure.metric,
        value=measure.value,
        low=interval.low if interval is not None and known else None,
        high=interval.high if interval is not None and known else None,
        n=int(over.sum()) if measure.n is None else measure.n,
        n_positive=None if measure.n is not None else int((over & same).sum()),
        mark=mark,
        interval=how if known else "",
    )


def _interval(
    who: People | None,
    found: Judgement,
    measure: Measure,
    over: NDArray[np.bool_],
) -> tuple[Interval | None, str]:
    """An all-right (or all-wrong) list shows no spread to draw from; equal scores show nothing."""
    if measure.event is None or np.ptp(found.score) == 0:
        return None, ""
    event = measure.event[over]
    if who is None:
        return binomial_interval(int(event.sum()), len(event)), BINOMIAL
    if event.all() or not event.any():
        num = min(len(event), people(who.left_P[over], who.right_P[over]).num)
        return binomial_interval(num * int(event[0]), num), ONE_EACH
    if measure.far is not None:
        return tar_interval(
            found.score, who, measure.far, seed=_SEED, resamples=_draws(found)
        ), BY_PEOPLE
    drawn = people(who.left_P[over], who.right_P[over])
    return accuracy_interval(event, drawn, seed=_SEED, resamples=_draws(found)), BY_PEOPLE


def _draws(found: Judgement) -> int:
    return max(_FEWEST, min(_DRAWS, _DRAWS * _LONG // len(found.score)))


def _of_curve(
    who: People | None, found: Judgement, measure: Measure, same: NDArray[np.bool_]
) -> tuple[Interval | None, str]:
    """Of an area or equal-error rate; scores that are wholly apart show no spread to draw from."""
    assert measure.value is not None
    is_area = measure.metric == "auc"
    if are_apart(found.score, same):
        return apart_interval(measure.value, same, who), APART
    if who is not None:
        drawn = auc_interval if is_area else eer_interval
        return drawn(found.score, who, seed=_SEED, resamples=_draws(found)), BY_PEOPLE
    if is_area:
        return delong_interval(found.score, same), DELONG
    return eer_interval_of_pairs(found.score, same, seed=_SEED, resamples=_draws(found)), BY_PAIRS


def _table(asked: Questions, found: Judgement) -> pa.Table:
    pairs = asked.pairs
    columns: dict[str, Any] = {
        "left": list(pairs.left),
        "right": list(pairs.right),
        "same": pairs.same,
        "fold": pairs.fold,
        "score": found.score,
        "threshold": found.threshold,
        "correct": found.correct,
    }
    if asked.people is not None:
        columns["left_person"] = asked.people.left_P
        columns["right_person"] = asked.people.right_P
    about = {"protocol": asked.name, "variant": found.name}
    return pa.table(columns).replace_schema_metadata(about)
