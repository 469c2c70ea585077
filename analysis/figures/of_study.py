"""All figures that the records of a study allow, each in a file, and why the others are not there.

A figure is an entry of `FIGURES`: a function of `Asked` that returns it, or raises `RecordError`
with the reason. Adding one is adding an entry.
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
            figure = FIGURES[name](asked)
        except RecordError as error:
            found.append(Drawn(name, None, str(error)))
        else:
            folder.mkdir(parents=True, exist_ok=True)
            found.append(Drawn(name, style.save(figure, path, style.DPI)))
    return found


def _noise_curve(asked: Asked) -> Figure:
    panels = noise_curves.panels(asked.grid, asked.metric)
    return noise_curve.draw(panels, f"{asked.name}: {asked.metric}", asked.width)


def _sensitivity(asked: Asked) -> Figure:
    panels = settings.panels(asked.grid)
    return sensitivity.draw(panels, f"{asked.name}: {asked.selection}", asked.width)


def _importance(asked: Asked) -> Figure:
    title = f"{asked.name}: {asked.selection}"
    return importance_bars.draw(importance.of_study(asked.grid), title, asked.width)


def _learning_curves(asked: Asked) -> Figure:
    panels = learning.panels(asked.grid)
    return learning_curves.draw(panels, f"{asked.name}: {asked.selection}", asked.width)


def _decision_curves(asked: Asked) -> Figure:
    title = f"{asked.name}: decisions about samples"
    return decision_curves.draw(learning.decisions(asked.grid), title, asked.width)


def _differences(asked: Asked) -> Figure:
    found = less.of_study(asked.grid, asked.metric)
    return differences.draw(found, f"{asked.name}: {asked.metric}", asked.width)


def _pruning_timeline(asked: Asked) -> Figure:
    return pruning_timeline.draw(timeline.of_study(asked.grid), asked.name, asked.width)


def _critical_difference(asked: Asked) -> Figure:
    title = f"{asked.name}: average ranks"
    return critical_difference.draw(ranking.of_study(asked.grid), title, asked.width)


def _angles(asked: Asked) -> Figure:
    if asked.angles is None:
        raise InapplicableError("records hold no cosines of training samples")
    arm, cosines = asked.angles()
    return angles.draw(cosines, f"{asked.name}: {arm}", asked.width)


def _cost(asked: Asked) -> Figure:
    rows = spending.spent(asked.grid, asked.metric)
    return cost.draw(rows, asked.metric, asked.name)


def _search_cost(asked: Asked) -> Figure:
    played = [one for _, one in searching.searches(asked.grid.records) if one is not None]
    if not played:
        raise InapplicableError("no search has been played in the records of a full grid")
    return search_cost.draw(played, asked.name, asked.selection)


def _denoise_bench(asked: Asked) -> Figure:
    _require(asked, "denoise_bench")
    return denoise_bench.draw(build.from_records(asked.grid.records))


def _boundary_lambda(asked: Asked) -> Figure:
    _require(asked, "boundary_lambda")
    return boundary_lambda.draw(build.from_records(asked.grid.records))


def _compatible(asked: Asked) -> Figure:
    _require(asked, "compatible")
    return compatible.draw(compatible.panels(asked.grid), asked.name)


def _require(asked: Asked, table: str) -> None:
    own = asked.grid.records.study.get("table")
    if own != table:
        raise InapplicableError(f"it draws the table {table}; this study has the table {own}")


FIGURES: Mapping[str, Callable[[Asked], Figure]] = {
    "noise_curve": _noise_curve,
    "sensitivity": _sensitivity,
    "importance": _importance,
    "learning_curves": _learning_curves,
    "decision_curves": _decision_curves,
    "angles": _angles,
    "differences": _differences,
    "critical_difference": _critical_difference,
    "pruning_timeline": _pruning_timeline,
    "cost": _cost,
    "search_cost": _search_cost,
    "denoise_bench": _denoise_bench,
    "boundary_lambda": _boundary_lambda,
    "compatible": _compatible,
}
