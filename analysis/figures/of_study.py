"""All figures that the records of a study allow, each in a file, and why the others are not there.

A figure is an entry of `FIGURES`: a function of `Asked` that returns it, or raises `RecordError`
with the reason; its title; and what it shows, for those who do not see it. Adding one is adding a
function under `_figure`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from matplotlib.figure import Figure
from numpy.typing import ArrayLike

from analysis import (
    build,
    importance,
    learning,
    noise_curves,
    ranking,
    searching,
    settings,
    spending,
    timeline,
)
from analysis import differences as less
from analysis.figures import (
    angles,
    boundary_lambda,
    compatible,
    cost,
    critical_difference,
    decision_curves,
    denoise_bench,
    differences,
    learning_curves,
    noise_curve,
    pruning_timeline,
    search_cost,
    sensitivity,
    style,
)
from analysis.figures import importance as importance_bars
from analysis.grid import Grid
from analysis.lines import InapplicableError
from frlib.core.errors import ConfigError, RecordError
from frlib.core.suggest import did_you_mean
from frlib.records import select

Angles = tuple[str, Mapping[str, ArrayLike]]
"""Which arm, and kind of sample -> cosines with the labelled class."""


@dataclass(frozen=True)
class Asked:
    """metric: what results are. width: inches, of figures that come in any. angles: of a model."""

    grid: Grid
    metric: str
    width: float = style.COLUMN
    angles: Callable[[], Angles] | None = None

    @property
    def name(self) -> str:
        """Of the study."""
        return str(self.grid.records.study["name"])

    @property
    def selection(self) -> str:
        """The metric by which arms are chosen."""
        return select.metric(self.grid.records.study)[0]


@dataclass(frozen=True)
class Drawn:
    """A figure: the file, or why there is none."""

    name: str
    path: Path | None
    why: str = ""


@dataclass(frozen=True)
class Kind:
    """title: over the figure. says: what it shows, in a sentence."""

    title: str
    says: str
    draw: Callable[[Asked], Figure]


FIGURES: dict[str, Kind] = {}
"""In the order of a report."""


def _figure(title: str, says: str) -> Callable[[Callable[[Asked], Figure]], Kind]:
    """Enters a function among `FIGURES`, by its own name."""

    def enter(draw: Callable[[Asked], Figure]) -> Kind:
        kind = FIGURES[draw.__name__.removeprefix("_")] = Kind(title, says, draw)
        return kind

    return enter


def draw(asked: Asked, folder: Path, *, only: str = "", suffix: str = ".png") -> list[Drawn]:
    """Write `<folder>/<figure><suffix>` of every figure, or of `only` one.

    `ConfigError` when there is no such figure or suffix.
    """
    if only and only not in FIGURES:
        raise ConfigError(
            f"{only!r}: no such figure{did_you_mean(only, tuple(FIGURES))}. Expected one of "
            f"{', '.join(FIGURES)}"
        )
    found = []
    for name in (only,) if only else FIGURES:
        path = folder / f"{name}{suffix}"
        style.check(path)
        try:
            figure = FIGURES[name].draw(asked)
        except RecordError as error:
            found.append(Drawn(name, None, str(error)))
        else:
            folder.mkdir(parents=True, exist_ok=True)
            found.append(Drawn(name, style.save(figure, path, style.DPI)))
    return found


@_figure(
    "Accuracy against noise",
    "The first reported metric against the ratio of noise, a line a method, with bands over seeds.",
)
def _noise_curve(asked: Asked) -> Figure:
    panels = noise_curves.panels(asked.grid, asked.metric)
    return noise_curve.draw(panels, f"{asked.name}: {asked.metric}", asked.width)


@_figure(
    "Sensitivity to settings",
    "The selection metric against the values that were tried of every setting, the chosen one "
    "marked.",
)
def _sensitivity(asked: Asked) -> Figure:
    panels = settings.panels(asked.grid)
    return sensitivity.draw(panels, f"{asked.name}: {asked.selection}", asked.width)


@_figure(
    "Importance of settings",
    "How much of the spread of the selection metric every searched setting explains.",
)
def _importance(asked: Asked) -> Figure:
    title = f"{asked.name}: {asked.selection}"
    return importance_bars.draw(importance.of_study(asked.grid), title, asked.width)


@_figure(
    "Learning curves",
    "The selection metric of every arm over epochs; arms that were stopped end early.",
)
def _learning_curves(asked: Asked) -> Figure:
    panels = learning.panels(asked.grid)
    return learning_curves.draw(panels, f"{asked.name}: {asked.selection}", asked.width)


@_figure(
    "Decisions over epochs",
    "Precision and recall of what heads and rules decided about samples, epoch by epoch.",
)
def _decision_curves(asked: Asked) -> Figure:
    title = f"{asked.name}: decisions about samples"
    return decision_curves.draw(learning.decisions(asked.grid), title, asked.width)


@_figure(
    "Angles of clean and noisy samples",
    "How training samples of every kind lie to the class that they are labelled with.",
)
def _angles(asked: Asked) -> Figure:
    if asked.angles is None:
        raise InapplicableError("records hold no cosines of training samples")
    arm, cosines = asked.angles()
    return angles.draw(cosines, f"{asked.name}: {arm}", asked.width)


@_figure(
    "Differences between methods",
    "What separates every method from the one it is compared with, seed by seed, with intervals.",
)
def _differences(asked: Asked) -> Figure:
    found = less.of_study(asked.grid, asked.metric)
    return differences.draw(found, f"{asked.name}: {asked.metric}", asked.width)


@_figure(
    "Average ranks",
    "Average ranks of methods over benchmarks and what they were trained under; those joined "
    "by a bar are not told apart.",
)
def _critical_difference(asked: Asked) -> Figure:
    title = f"{asked.name}: average ranks by {asked.metric.rpartition('/')[2]}"
    found = ranking.of_study(asked.grid, asked.metric)
    return critical_difference.draw(found, title, asked.width)


@_figure(
    "When arms ran",
    "Which arm ran when, and which ones were stopped or failed.",
)
def _pruning_timeline(asked: Asked) -> Figure:
    return pruning_timeline.draw(timeline.of_study(asked.grid), asked.name, asked.width)


@_figure(
    "Result against cost",
    "The first reported metric against training images seen and against seconds, means with "
    "intervals over seeds, and the Pareto front of the means.",
)
def _cost(asked: Asked) -> Figure:
    rows = spending.spent(asked.grid, asked.metric)
    if len(rows) < 2:
        raise InapplicableError("fewer than two rows have a result, so none is cheaper")
    return cost.draw(rows, asked.metric, asked.name)


@_figure(
    "Regret of searches against what they spent",
    "How far the answer of every strategy is from the grid's best, against its share of the "
    "grid's seconds.",
)
def _search_cost(asked: Asked) -> Figure:
    played = [one for _, one in searching.searches(asked.grid.records) if one is not None]
    if not played:
        raise InapplicableError("no search has been played in the records of a full grid")
    return search_cost.draw(played, asked.name, asked.selection)


@_figure(
    "Precision and recall of the rules",
    "What every rule flags against what is wrong, a panel a noise, and below it what "
    "retraining won back of what the noise cost.",
)
def _denoise_bench(asked: Asked) -> Figure:
    _require(asked, "denoise_bench")
    return denoise_bench.draw(build.from_records(asked.grid.records))


@_figure(
    "Weight of BoundaryFace's gap",
    "Accuracy against the weight λ, a panel a number of classes.",
)
def _boundary_lambda(asked: Asked) -> Figure:
    _require(asked, "boundary_lambda")
    return boundary_lambda.draw(build.from_records(asked.grid.records))


@_figure(
    "Rank 1 while the old gallery is indexed again",
    "Rank-1 rate against the share of the gallery that the new model has indexed, a line a "
    "method, with the old model's own search as the bar.",
)
def _compatible(asked: Asked) -> Figure:
    _require(asked, "compatible")
    return compatible.draw(compatible.panels(asked.grid), asked.name)


def _require(asked: Asked, table: str) -> None:
    own = asked.grid.records.study.get("table")
    if own != table:
        raise InapplicableError(f"it draws the table {table}; this study has the table {own}")
