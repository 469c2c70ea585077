"""Four tests of two models on one gallery, and what follows from them.

self old   old queries, old gallery     the bar to beat
cross      new queries, old gallery     what an update without indexing again gives
reversed   old queries, new gallery     what clients see that are not updated yet
self new   new queries, new gallery     what indexing again would give
"""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from frlib.core import safeio
from frlib.core.config import Config
from frlib.data.texts import texts
from frlib.evaluate import asked_images, crossed, protocol
from frlib.evaluate.compatibility import mixed
from frlib.evaluate.compatibility.mixed import CurveRow, Models
from frlib.evaluate.compatibility.outcomes import Outcome, outcomes, row_of
from frlib.evaluate.compatibility.verdict import Verdict, headline, judge
from frlib.evaluate.features import Features
from frlib.evaluate.report import Report, Row
from frlib.metrics.compatibility import UpdateGain, flips, update_gain
from frlib.stats.intervals import NAN, Interval
from frlib.stats.people import share_interval

TESTS = ("self old", "cross", "reversed", "self new")
_SIDES = (("old", "enrolled"), ("new", "query"))
_UNMIXED = (
    "new queries find old entries worse than old queries do. Let old queries search the old index "
    "until all is indexed again"
)
_MIXED = (
    "scores of old and new entries lie differently. Keep both parts apart until all is indexed, or "
    "give each a threshold of its own"
)


@dataclass(frozen=True, kw_only=True, eq=False)
class Compared:
    """A metric: the row of every test (None: not defined there) and what changes.

    gain: M(new, old) - M(old, old); room: M(new, new) - M(old, old). negative, positive: shares of
    the genuine trials that turn wrong, and right, when old queries become new ones.
    """

    outcome: Outcome
    tests: dict[str, Row | None]
    gain: Interval
    room: Interval
    share_won: UpdateGain
    negative: Interval
    positive: Interval

    def to_json(self) -> dict[str, Any]:
        """Plain JSON types; ends that are not known are null."""
        one = self.outcome
        spans = {name: _plain(getattr(self, name)) for name in ("gain", "room")}
        turned = {f"{name}_flips": _plain(getattr(self, name)) for name in ("negative", "positive")}
        return {
            "protocol": one.protocol,
            "variant": one.variant,
            "metric": one.metric,
            "tests": {name: row and asdict(row) for name, row in self.tests.items()},
            **spans,
            "share_won": asdict(self.share_won),
            **turned,
            "interval": one.how,
            "mark": one.weak,
        }


@dataclass(frozen=True, kw_only=True, eq=False)
class Check:
    """All that was found.

    spaces: what was done to the vectors of each model for the cross-tests. reports: of the four
    tests, by name. doubts: whether these two models were meant for each other, and see their faces
    as they should.
    """

    title: str
    models: dict[str, str]
    spaces: dict[str, str]
    compared: tuple[Compared, ...]
    curve: tuple[CurveRow, ...]
    verdict: Verdict
    reports: dict[str, Report]
    doubts: tuple[str, ...] = ()

    @property
    def warnings(self) -> list[str]:
        """Of all tests, each once, and of a backfill that costs before it gains."""
        warnings = (text for one in self.reports.values() for text in one.warnings)
        told = dict.fromkeys((*self.doubts, *warnings))
        dips = self.dips
        for metric in dict.fromkeys(row.metric for row in dips):
            own = [row for row in dips if row.metric == metric]
            shares = ", ".join(f"{100 * row.share:.0f}" for row in own)
            told[
                f"with {shares} % of the gallery indexed again {metric} is clearly below what the "
                f"old model has alone: {_UNMIXED if own[0].num_new == 0 else _MIXED}"
            ] = None
        return list(told)

    @property
    def dips(self) -> list[CurveRow]:
        """Mixtures that are clearly below the old model's own test, of rates with support."""
        known = (row for row in self.curve if row.high is not None and not row.mark)
        return [row for row in known if row.high is not None and row.high < row.bar]

    @property
    def headline_curve(self) -> list[CurveRow]:
        """The backfill by the metric of the verdict, or by the first that the curve has."""
        own = [row for row in self.curve if f"{row.protocol} {row.metric}" == self.verdict.metric]
        return own or [row for row in self.curve if row.metric == self.curve[0].metric]

    def to_json(self) -> dict[str, Any]:
        """Plain JSON types."""
        return {
            "title": self.title,
            "models": self.models,
            "spaces": self.spaces,
            "verdict": asdict(self.verdict),
            "compared": [one.to_json() for one in self.compared],
            "backfill": [asdict(row) for row in self.curve],
            "warnings": self.warnings,
            "about": {name: one.about for name, one in self.reports.items()},
        }

    def save(self, folder: Path) -> None:
        """`report.json`, and the report of each test with its scores in `<test>/`."""
        for name, report in self.reports.items():
            report.save(folder / name.replace(" ", "-"))
        safeio.write_json(folder / "report.json", self.to_json())


def check(
    config: Config,
    old: Features,
    new: Features,
    *,
    rule: crossed.Rule = "refuse",
    matrix: NDArray[np.floating[Any]] | None = None,
    metric: str = "",
    least: float = 0.0,
    trained_for: str = "",
    doubts: Sequence[str] = (),
) -> Check:
    """The check on a protocol with an enrolled side.

    rule: for sizes that differ (`frlib.evaluate.crossed`). matrix: `[D_old, D_new]`, the projection
    that the new model was trained with; it serves where no rule is named. metric: that decides, by
    default as `verdict` says. least: the wanted gain, in shares. trained_for: first digits of the
    checksum of the old model that the new one was trained to fit: another one gives a warning.
    doubts: warnings of who looked at the models and images.
    `DataError` where a model lacks images.
    """
    asked = asked_images.ids(config)
    if asked is not None:
        crossed.require_both(old, new, np.unique(texts(asked)))
    told = (*doubts, *_doubts(old, new, trained_for))
    old, new = crossed.same_views(old, new)
    old_side, new_side = crossed.in_one_space(old, new, rule, matrix)
    evaluate = protocol.module_of(config).evaluate
    variants = ("exact", "roc") if hasattr(protocol.module_of(config), "questions") else None
    reports: dict[str, Report] = {
        "self old": evaluate(config, old, variants),
        "cross": evaluate(config, new_side, variants, enrolled=old_side),
        "reversed": evaluate(config, old_side, variants, enrolled=new_side),
        "self new": evaluate(config, new, variants),
    }
    compared = tuple(_compared(reports))
    found = [one.outcome for one in compared]
    main = headline(found, metric)
    models = Models(old=old, new=new, old_side=old_side, new_side=new_side)
    curve = mixed.rows(config, found, main, models, reports)
    return Check(
        title=reports["cross"].title,
        models={"old": crossed.name_of(old), "new": crossed.name_of(new)},
        spaces={name: str(reports["cross"].about["spaces"][side]) for name, side in _SIDES},
        compared=compared,
        curve=tuple(curve),
        verdict=judge(found, metric, least),
        reports=reports,
        doubts=told,
    )


def _doubts(old: Features, new: Features, trained_for: str) -> Iterator[str]:
    weights = str(old.about.get("weights") or "")
    if trained_for and weights and not weights.startswith(trained_for[: len(weights)]):
        yield (
            f"{crossed.name_of(new)} was trained to fit an old model of checksum {trained_for}; "
            f"{crossed.name_of(old)} has {weights}"
        )
    if (old.mirrored is None) != (new.mirrored is None):
        single = crossed.name_of(old if old.mirrored is None else new)
        yield f"{single} has no mirrored view, so neither model's is used"


def _compared(reports: dict[str, Report]) -> Iterator[Compared]:
    rooms = {
        (one.protocol, one.metric): one.gain
        for one in outcomes(reports["self old"], reports["self new"])
    }
    for one in outcomes(reports["self old"], reports["cross"]):
        tests = {name: row_of(report, one) for name, report in reports.items()}
        turned = flips(one.before_P, one.after_P)
        room = rooms.get((one.protocol, one.metric), Interval(NAN, NAN, NAN, 0))
        yield Compared(
            outcome=one,
            tests=tests,
            gain=one.gain,
            room=room,
            share_won=_share_won(one, room),
            negative=share_interval(turned.negative_P, one.people),
            positive=share_interval(turned.positive_P, one.people),
        )


def _share_won(outcome: Outcome, room: Interval) -> UpdateGain:
    """Of what indexing again gives; with the compatible model's own test in place of that of an
    independent one, which is not known here."""
    before, after = float(outcome.before_P.mean()), float(outcome.after_P.mean())
    if not np.isfinite(room.low):
        return UpdateGain(None, "what indexing again gives has no interval")
    return update_gain(after, before, min(1.0, before + room.value), room.low)


def _plain(interval: Interval) -> dict[str, Any]:
    ends = {"low": interval.low, "high": interval.high}
    ends["value"] = interval.value
    known = {name: end if np.isfinite(end) else None for name, end in ends.items()}
    return {**known, "n": interval.n}
