"""`frlib study draw`."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from frlib.cli.options import DEFAULT_STORE, Store
from frlib.cli.study.asked import Recorded

if TYPE_CHECKING:
    from analysis.grid import Grid
    from frlib.records.read import Attempt

_EVIDENCE = "clean.evidence"
_KINDS = {"closed": "flips", "open": "outliers"}


def draw(
    name: Recorded,
    out: Annotated[Path, typer.Option(help="Folder for the figures.")],
    store: Store = DEFAULT_STORE,
    figure: Annotated[str, typer.Option(help="One figure; empty: all that can be drawn.")] = "",
    metric: Annotated[
        str, typer.Option(help="What results are; empty: the first metric that is reported.")
    ] = "",
    width: Annotated[
        Literal["column", "page"], typer.Option(help="85 or 178 mm, as printed.")
    ] = "column",
    suffix: Annotated[Literal["png", "svg", "pdf"], typer.Option(help="Kind of file.")] = "png",
) -> None:
    """Draw every figure that a study's records allow, and say which do not apply and why.

    Ends with what difference the study could have seen.
    """
    from analysis import detectable
    from analysis.figures import of_study, style
    from analysis.grid import Grid
    from frlib.core.errors import RecordError
    from frlib.core.suggest import did_you_mean
    from frlib.records import read

    grid = Grid.of(read.load_named(store, name))
    wanted = metric or grid.matching(tuple(grid.records.study["report"]))[0]
    if metric and metric not in grid.names:
        raise RecordError(
            f"study {name}: no run has recorded {metric!r}{did_you_mean(metric, grid.names)}. "
            f"Recorded: {', '.join(grid.names) or 'nothing'}"
        )
    asked = of_study.Asked(
        grid,
        wanted,
        style.COLUMN if width == "column" else style.PAGE,
        lambda: _angles(grid, store),
    )
    drawn = of_study.draw(asked, out, only=figure, suffix=f".{suffix}")
    for one in drawn:
        typer.echo(f"{one.name}: {one.path or f'not drawn: {one.why}'}")
    try:
        typer.echo(detectable.statement(detectable.of_study(grid, wanted), wanted))
    except RecordError as error:
        typer.echo(f"What could have been seen: {error}")
    if all(one.path is None for one in drawn):
        raise typer.Exit(3)


def _angles(grid: "Grid", store: Path) -> tuple[str, Mapping[str, Any]]:
    """Cosines with the given class by kind of sample, of the row under most noise that has them."""
    from analysis.lines import InapplicableError, conditions, method
    from frlib.artifacts.store import placed
    from frlib.cleaning import evidence
    from frlib.data.manifest import KINDS

    by_arm: dict[str, list[Attempt]] = {}
    for one in grid.records.attempts:
        if one.counts:
            by_arm.setdefault(one.arm, []).append(one)
    noisiest = sorted(
        (row for row in grid.rows if row.arm is not None),
        key=lambda row: -sum(float(v) for k, v in row.shown.items() if k.endswith("ratio")),
    )
    for row in noisiest:
        for one in by_arm.get(row.arm.digest if row.arm else "", ()):
            made = (one.run.get("facts") or {}).get("artifacts") or {}
            folder = placed(store, str(made.get(_EVIDENCE, "")))
            if _EVIDENCE not in made or not evidence.is_there(folder):
                continue
            found = evidence.read(folder)
            if found.answers is None:
                continue
            own, kinds = found.answers.own, found.truth.kinds
            cosines = {
                _KINDS.get(kind, kind): own[kinds == at]
                for at, kind in enumerate(KINDS)
                if (kinds == at).any()
            }
            named = f"{method(row.shown, grid.axes)}, {conditions(row.shown, grid.axes)}"
            return f"{named}, seed {one.seed}", cosines
    raise InapplicableError(
        "no arm was cleaned by evidence that kept the model's answers (`sees` of the rule), or "
        "the store holds that evidence no more"
    )
