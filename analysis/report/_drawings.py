"""Section: the figures that the records of a study allow, and why the others are not there.

A figure of a study is a `Drawing`: when it applies, how it is drawn, and what it shows in words.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from analysis import searching, spending
from analysis.grid import Grid
from analysis.report._markup import prose, section
from analysis.report._pictures import embedded, figure
from analysis.table import Table
from frlib.core.errors import RecordError
from frlib.records import select

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_DPI = 160
_METHODS = 12
"""More names than this are no legend."""


@dataclass(frozen=True)
class Drawing:
    """says: what it shows, for those who do not see it. belongs: whether to this kind of study.

    draw: of the study's rows and table; `RecordError` where the numbers it needs are missing.
    """

    title: str
    says: str
    belongs: Callable[[Grid], bool]
    draw: Callable[[Grid, Table], "Figure"]


def drawings(found: Grid, table: Table) -> str:
    """All of them that apply, and a line each for the others."""
    shown, absent = [], []
    for number, one in enumerate(DRAWINGS, 1):
        if not one.belongs(found):
            continue
        try:
            picture = _picture(one.draw(found, table), one)
            shown.append(figure(f"figure-{number}", one.title, picture, one.says))
        except RecordError as error:
            absent.append(prose(f"{one.title}: not drawn. {error}"))
    return section("figures", "Figures", *shown, *absent)


def _picture(drawn: "Figure", one: Drawing) -> str:
    from analysis.figures import style

    alt = f"{one.title}. {one.says} The numbers are in the table of results."
    return embedded(style.rendered(drawn, ".svg", _DPI), "svg", alt)


def _of_table(name: str) -> Callable[[Grid], bool]:
    return lambda found: found.records.study.get("table") == name


def _metric(found: Grid) -> str:
    return found.matching(tuple(found.records.study["report"]))[0]


def _cost(found: Grid, _: Table) -> "Figure":
    from analysis.figures import cost

    name = _metric(found)
    unknown = [row.arm for row in found.rows if row.arm and "batch_size" not in row.arm.config]
    if unknown:
        raise RecordError(f"arm {unknown[0].digest} has no batch_size on record")
    methods = {
        tuple(value for axis, value in row.shown.items() if axis != spending.LENGTH)
        for row in found.rows
        if row.arm is not None
    }
    if len(methods) > _METHODS:
        raise RecordError(f"{len(methods)} methods are too many for one legend")
    return cost.draw(spending.spent(found, name), name, str(found.records.study["name"]))


def _denoise_bench(_: Grid, table: Table) -> "Figure":
    from analysis.figures import denoise_bench

    return denoise_bench.draw(table)


def _boundary_lambda(_: Grid, table: Table) -> "Figure":
    from analysis.figures import boundary_lambda

    return boundary_lambda.draw(table)


def _has_contest(found: Grid) -> bool:
    return bool(found.records.study.get("contest"))


def _search_cost(found: Grid, _: Table) -> "Figure":
    from analysis.figures import search_cost

    played = [one for _, one in searching.searches(found.records) if one is not None]
    study = found.records.study
    return search_cost.draw(played, str(study["name"]), select.metric(study)[0])


def _compatible(found: Grid, _: Table) -> "Figure":
    from analysis.figures import compatible

    return compatible.draw(compatible.panels(found), str(found.records.study["name"]))


def _all() -> Iterator[Drawing]:
    yield Drawing(
        "Precision and recall of the rules",
        "What every rule flags against what is wrong, a panel a noise, and below it what "
        "retraining won back of what the noise cost.",
        _of_table("denoise_bench"),
        _denoise_bench,
    )
    yield Drawing(
        "Weight of BoundaryFace's gap",
        "Accuracy against the weight λ, a panel a number of classes.",
        _of_table("boundary_lambda"),
        _boundary_lambda,
    )
    yield Drawing(
        "Rank 1 while the old gallery is indexed again",
        "Rank-1 rate against the share of the gallery that the new model has indexed, a line a "
        "method, with the old model's own search as the bar.",
        _of_table("compatible"),
        _compatible,
    )
    yield Drawing(
        "Regret of searches against what they spent",
        "How far the answer of every strategy is from the grid's best, against its share of the "
        "grid's seconds.",
        _has_contest,
        _search_cost,
    )
    yield Drawing(
        "Result against cost",
        "The first reported metric against training images seen and against seconds, means with "
        "intervals over seeds, and the Pareto front of the means.",
        lambda _: True,
        _cost,
    )


DRAWINGS = tuple(_all())
