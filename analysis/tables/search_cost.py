"""What a search costs: the answers of searches in a full grid, at shares of what the grid took.

What is played, and how, says `frlib.study.contest`; regret is defined in `analysis.searching`.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from analysis import columns
from analysis.columns import Filled
from analysis.grid import LEVEL, Grid
from analysis.searching import END, NEAR, Answer, Searches, searches
from analysis.table import Cell, Column, Table, measured, missing
from frlib.records import select
from frlib.records.read import Records
from frlib.records.select import Choice
from frlib.stats.intervals import binomial_interval, mean_interval

TITLE = "What a search costs"
SPENDING = {"1/20": 1 / 20, "1/10": 1 / 10, "1/5": 1 / 5, "1/2": 1 / 2, "to its end": END}
DEFAULT, WHOLE = "the default alone", "the whole grid"


@dataclass(frozen=True)
class _Line:
    """A row: how a cell was searched, and the answers, one a repeat.

    reported: arm -> mean of the metric that is reported. best: the grid's best arm. none: why there
    are no answers.
    """

    row: Choice
    spent: str = ""
    strategy: str = ""
    answers: Sequence[Answer] = ()
    reported: Mapping[str, float] = field(default_factory=dict)
    best: str = ""
    none: str = ""

    def cell(self, of: Callable[[Answer], float]) -> Cell:
        """Mean over repeats with its interval; an answer that stands alone has none."""
        if self.none:
            return missing(self.none)
        values = [of(one) for one in self.answers]
        if not np.isfinite(values).all():
            return missing("not recorded")
        if len(values) == 1:
            return Cell(values[0])
        if len(set(values)) == 1:
            return Cell(values[0], 0.0, len(values))
        return measured(mean_interval(values, LEVEL))

    def mean(self, of: Callable[[Answer], float]) -> Cell:
        """Mean over repeats alone; of truths, the share of repeats."""
        if self.none:
            return missing(self.none)
        count = len(self.answers)
        return Cell(sum(map(of, self.answers)) / count, n=count if count > 1 else None)

    def report(self, one: Answer) -> float:
        """Of the arm that is answered, on the benchmark."""
        return self.reported.get(one.arm, float("nan"))

    def change(self, one: Answer) -> float:
        """Less that of the grid's best arm."""
        return self.report(one) - self.reported.get(self.best, float("nan"))

    def is_near(self, one: Answer) -> bool:
        """Whether the benchmark loses no more than is asked for."""
        return self.change(one) >= -NEAR


def build(records: Records, published: pd.DataFrame | None) -> Table:
    """Rows of a cell: its default alone, the whole grid, and spending x strategy.

    `RecordError` where the file of searches is damaged, or arms that were searched are gone.
    """
    grid = Grid.of(records)
    name = grid.matching(tuple(records.study["report"]))[0]
    reported = records.final(name).groupby("arm")["value"].mean()
    means = {str(arm): float(value) for arm, value in reported.items()}
    played = searches(records)
    lines = [line for row, found in played for line in _lines(row, found, means)]
    heads, rows = columns.assemble([*_axes(grid, lines), *_filled(lines, name)])
    return Table(
        "search_cost",
        f"{TITLE}: {records.study['name']}",
        _caption(grid, name, [found for _, found in played if found]),
        heads,
        rows,
        has_gap=any(found is None for _, found in played),
    )


def _lines(row: Choice, found: Searches | None, reported: Mapping[str, float]) -> Iterator[_Line]:
    if found is None:
        yield _Line(row, none="no search is played before every point of the grid is on record")
        return
    alone = Answer(found.default, found.regret(found.default), 1, found.default_share)
    whole = Answer(found.best, 0.0, found.arms, 1.0)
    for strategy, answer in ((DEFAULT, alone), (WHOLE, whole)):
        yield _Line(row, "", strategy, [answer], reported, found.best)
    for spent, share in SPENDING.items():
        for strategy in found.strategies:
            answers = found.answers(strategy, share)
            yield _Line(row, spent, strategy, answers, reported, found.best)


def _axes(grid: Grid, lines: Sequence[_Line]) -> list[Filled]:
    return [
        Filled(
            Column(axis, columns.axis_title(axis)),
            [columns.axis_value(axis, one.row.shown.get(axis)) for one in lines],
        )
        for axis in grid.axes
    ]


def _filled(lines: Sequence[_Line], name: str) -> list[Filled]:
    near = f"within {100 * NEAR:g} points"
    return [
        Filled(Column("spent", "of the grid's time"), [one.spent for one in lines]),
        Filled(Column("strategy", "strategy"), [one.strategy for one in lines]),
        Filled(
            Column("arms", "arms ended", digits=1), [one.mean(lambda a: a.arms) for one in lines]
        ),
        Filled(
            Column("time", "time", scale=100.0, unit="% of the grid's", digits=1),
            [one.mean(lambda a: a.share) for one in lines],
        ),
        Filled(_points("regret", "regret"), [one.cell(lambda a: a.regret) for one in lines]),
        Filled(
            _shares("near/selection", near), [one.mean(lambda a: a.regret <= NEAR) for one in lines]
        ),
        Filled(columns.metric_column(name), [one.cell(one.report) for one in lines]),
        Filled(_points(f"change/{name}", "change"), [one.cell(one.change) for one in lines]),
        Filled(_shares(f"near/{name}", f"change {near}"), [one.mean(one.is_near) for one in lines]),
    ]


def _points(key: str, title: str) -> Column:
    return Column(key, title, scale=100.0, unit="points")


def _shares(key: str, title: str) -> Column:
    return Column(key, title, scale=100.0, unit="% of searches", digits=0)


def _caption(grid: Grid, name: str, found: Sequence[Searches]) -> str:
    study = grid.records.study
    contest = study.get("contest") or {}
    repeats, slots = int(contest.get("repeats", 0)), int(contest.get("slots", 1))
    seeds = len(study["replicates"]["seeds"])
    wide = binomial_interval(repeats // 2, repeats, LEVEL).half_width if repeats else 0.0
    metric, _ = select.metric(study)
    sentences = [
        " ".join(str(study.get("question", "")).partition("\n\n")[0].split()),
        f"A full grid was trained with {seeds} seeds an arm; each strategy then searched in its "
        f"records {repeats} times, {slots} arms at a time, with other seeds of the search and the "
        "seeds of training in another order. All searches see the same records, so intervals are "
        "over what the search draws, not over seeds of training or people. A proposal stands for "
        "the nearest point of the grid; a search ends early where it proposes, many times in a "
        "row, only what it has tried.",
        f"Values are means over n = {repeats} searches ± the half-width of a {100 * LEVEL:g} % "
        f"Student t interval; shares of searches have one of ± {100 * wide:.0f} points at most "
        "(Clopper-Pearson). Arms and time are means.",
        "A search answers with its best complete arm so far, with the default before there is one. "
        f"Regret: {metric} of the grid's best arm less that of the answer, means over seeds. The "
        "best was chosen by the same numbers, so part of its lead is luck.",
        f"{select.rule(study)} {name}, of a benchmark, was used for no choice; change: that of the "
        "answer less that of the grid's best arm.",
        "Time is that of training, where every epoch takes the mean of all in the grid."
        if contest.get("levelled")
        else "Time is recorded seconds of training: it depends on the machine and on what else ran "
        "on it.",
        *(_lead(grid, one, metric) for one in found),
    ]
    return " ".join(sentence for sentence in sentences if sentence)


def _lead(grid: Grid, found: Searches, metric: str) -> str:
    """By how much the best arm of a grid leads the next one, seed by seed."""
    others = [arm for arm in found.values if arm != found.best]
    if not others:
        return ""
    second = min(others, key=found.regret)
    values = grid.records.final(metric).pivot(index="seed", columns="arm", values="value")
    lead = mean_interval((values[found.best] - values[second]).dropna(), LEVEL)
    ends = f"{100 * lead.low:+.2f} to {100 * lead.high:+.2f}"
    return (
        f"At {found.cell} the grid's best arm has a {metric} {100 * lead.value:+.2f} points from "
        f"the second ({100 * LEVEL:g} % over {lead.n} paired seeds: {ends})."
    )
