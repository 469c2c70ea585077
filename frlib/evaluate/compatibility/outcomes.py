"""The same trials under two tests: who was right where, and the gain with an interval over people.

Read from the scores that reports keep. Genuine trials are the probes with a mate, or the pairs of
one person; each test judges them by its own threshold at the same FAR or FPIR. Where impostors are
not too many their part is drawn too and thresholds are chosen anew (`frlib.stats.paired_rates`);
in IJB's lists of millions of pairs, and for rank 1 and accuracy, verdicts stand as they are.

Shapes: P trials.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from frlib.data.benchmarks.ijb import TemplatePairs
from frlib.evaluate.protocols.ijb import persons_of_genuine
from frlib.evaluate.report import Report, Row
from frlib.metrics.mixed_gallery import largest, threshold
from frlib.metrics.val import num_allowed
from frlib.stats.intervals import Interval
from frlib.stats.paired_rates import share_gain, tar_gain
from frlib.stats.people import People, people

BY_PEOPLE = "paired bootstrap over people, 95 %"
BY_PAIRS = "paired bootstrap over pairs, 95 %"
_SEED = 0
_DRAWS, _FEWEST, _LONG = 2_000, 200, 20_000
_HELD = 200_000
"""Pairs of a list from which on thresholds are taken as given."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Outcome:
    """One metric under both tests.

    before_P, after_P: verdicts on the genuine trials (for accuracy on all pairs). gain: after minus
    before, in shares; n is the people drawn. weak: why the number says little, if it does.
    """

    protocol: str
    variant: str
    metric: str
    before_P: NDArray[np.bool_]
    after_P: NDArray[np.bool_]
    people: People
    gain: Interval
    how: str
    weak: str

    @property
    def target(self) -> float:
        """FAR or FPIR; 1 for rank 1 and accuracy, which have none."""
        _, sign, number = self.metric.partition("=")
        return float(number) if sign else 1.0


def outcomes(before: Report, after: Report) -> list[Outcome]:
    """Every rate that both reports have, of searches and lists of pairs; others are left out."""
    found = []
    for name, table in before.scores.items():
        if name not in after.scores or {"rank", "same"}.isdisjoint(table.column_names):
            continue
        protocol, _, variant = name.rpartition("/")
        read = _of_search if "rank" in table.column_names else _of_pairs
        rows = _Rows(before, after)
        found += list(read(protocol, variant, (table, after.scores[name]), rows))
    return found


def row_of(report: Report, outcome: Outcome) -> Row | None:
    """The report's own row of an outcome's metric."""
    names = {outcome.metric, f"{outcome.metric},joined"}
    rows = [r for r in report.rows if r.protocol == outcome.protocol and r.metric in names]
    exact = [r for r in rows if r.variant == outcome.variant]
    return (exact or rows or [None])[0]  # type: ignore[list-item]


class _Rows:
    """Which rates of a kind both reports have, and what makes them weak."""

    def __init__(self, before: Report, after: Report) -> None:
        self._reports = before, after

    def targets(self, protocol: str, kind: str) -> dict[float, str]:
        """Target -> mark, of rows `<kind>=<target>` with a value in both reports."""
        both: list[dict[float, str]] = []
        for report in self._reports:
            rows = [r for r in report.rows if r.protocol == protocol and r.value is not None]
            named = {r.metric.partition("=")[2]: r.mark for r in rows if r.metric.startswith(kind)}
            both.append({float(text): mark for text, mark in named.items() if "," not in text})
        return {at: both[0][at] or both[1][at] for at in sorted(both[0].keys() & both[1].keys())}


@dataclass(frozen=True, kw_only=True)
class _Named:
    protocol: str
    variant: str
    how: str

    def judged(
        self, metric: str, verdicts: Sequence[NDArray[np.bool_]], who: People, weak: str = ""
    ) -> Outcome:
        """From verdicts as they stand. who: whose trials they are."""
        before, after = (np.asarray(one, dtype=bool) for one in verdicts)
        gain = share_gain(before, after, who, seed=_SEED, resamples=_draws(len(before)))
        return self._outcome(metric, (before, after), who, gain, weak)

    def at(
        self,
        metric: str,
        scores: Sequence[NDArray[np.float64]],
        same: NDArray[np.bool_],
        who: People,
        target: float,
        weak: str,
    ) -> Outcome:
        """From scores of genuine trials and impostors. who: people of all of them."""
        before, after = scores
        draws = _draws(len(same))
        gain = tar_gain(before, after, same, who, target, seed=_SEED, resamples=draws)
        genuine = people(who.left_P[same], who.right_P[same])
        events = [accepted(score, same, target) for score in scores]
        return self._outcome(metric, events, genuine, gain, weak)

    def _outcome(
        self,
        metric: str,
        verdicts: Sequence[NDArray[np.bool_]],
        who: People,
        gain: Interval,
        weak: str,
    ) -> Outcome:
        return Outcome(
            protocol=self.protocol,
            variant=self.variant,
            metric=metric,
            before_P=verdicts[0],
            after_P=verdicts[1],
            people=who,
            gain=gain,
            how=self.how,
            weak=weak,
        )


def _of_search(
    protocol: str, variant: str, tables: Sequence[pa.Table], rows: _Rows
) -> Iterator[Outcome]:
    named = _Named(protocol=protocol, variant=variant, how=BY_PEOPLE)
    is_mated = tables[0]["rank"].to_numpy() > 0
    subject = tables[0]["subject"].to_numpy(zero_copy_only=False)
    ordered = np.concatenate((subject[is_mated], subject[~is_mated]))
    same = np.arange(len(ordered)) < is_mated.sum()
    found = [table["rank"].to_numpy()[is_mated] == 1 for table in tables]
    yield named.judged("rank1", found, people(ordered[same], ordered[same]))
    scores = [_leads(table, is_mated) for table in tables]
    for fpir, weak in rows.targets(protocol, "tpir@fpir").items():
        who = people(ordered, ordered)
        yield named.at(f"tpir@fpir={fpir:g}", scores, same, who, fpir, weak)


def _leads(table: pa.Table, is_mated: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Scores of mates (minus infinite unless above all others), then those of the best others of
    probes without a mate."""
    mate, other = (table[name].to_numpy() for name in ("mate_score", "best_other_score"))
    leads = np.where(mate > other, mate, -np.inf)[is_mated]
    return np.concatenate((leads, other[~is_mated])).astype(np.float64)


def _of_pairs(
    protocol: str, variant: str, tables: Sequence[pa.Table], rows: _Rows
) -> Iterator[Outcome]:
    same = _flags(tables[0], "same")
    scores = [table["score"].to_numpy().astype(np.float64, copy=False) for table in tables]
    is_of_images = "correct" in tables[0].column_names
    who, how = people_of_pairs(tables[0], same)
    named = _Named(protocol=protocol, variant=variant, how=how)
    if is_of_images:
        yield named.judged("accuracy", [_flags(table, "correct") for table in tables], who)
    for far, weak in rows.targets(protocol, "tar@far").items():
        metric = f"tar@far={far:g}"
        if is_of_images and len(same) <= _HELD:
            yield named.at(metric, scores, same, who, far, weak)
            continue
        genuine = people(who.left_P[same], who.right_P[same]) if is_of_images else who
        yield named.judged(metric, [accepted(s, same, far) for s in scores], genuine, weak)


def people_of_pairs(table: pa.Table, same: NDArray[np.bool_]) -> tuple[People, str]:
    """People of all pairs where the table names them, else every pair its own; and which it is.

    Of pairs of templates only the genuine ones are known, by which templates these connect.
    """
    if {"left_person", "right_person"} <= set(table.column_names):
        sides = (table[side].to_numpy() for side in ("left_person", "right_person"))
        return people(*sides), BY_PEOPLE
    if "correct" in table.column_names:
        return people(np.arange(len(same)), np.arange(len(same))), BY_PAIRS
    pairs = TemplatePairs(table["left"].to_numpy(), table["right"].to_numpy(), same)
    persons = persons_of_genuine(pairs)
    return people(persons, persons), BY_PEOPLE


def accepted(score_P: NDArray[np.float64], same_P: NDArray[np.bool_], target: float) -> Any:
    """`[G]` bool: genuine trials above the threshold that `target` of the impostors may exceed."""
    impostors = score_P[~same_P]
    few = largest(impostors, num_allowed(len(impostors), target) + 1)
    limit, _ = threshold(few, len(impostors), target)
    return score_P[same_P] > limit


def _flags(table: pa.Table, name: str) -> NDArray[np.bool_]:
    return np.asarray(table[name].to_numpy(zero_copy_only=False), dtype=bool)


def _draws(num: int) -> int:
    return max(_FEWEST, min(_DRAWS, _DRAWS * _LONG // num))
