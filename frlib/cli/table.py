"""`frlib table list | build | draw`."""

from pathlib import Path
from typing import Annotated

import typer

from frlib.cli.options import DEFAULT_STORE, Json, Store

app = typer.Typer(name="table", help="Answers: rebuild tables from records.", no_args_is_help=True)


@app.command("list")
def list_(store: Store = DEFAULT_STORE, as_json: Json = False) -> None:
    """List the studies whose table can be built from this store."""
    from frlib.cli import show
    from frlib.core import safeio
    from frlib.records import layout

    found = []
    for name in layout.recorded_studies(store):
        design = safeio.read_json(layout.study_folder(store, name) / "study.json")
        arms = layout.arm_folders(layout.study_folder(store, name))
        found.append({"study": name, "table": design["table"], "arms": len(arms)})
    if not found and not as_json:
        show.console.print(f"No study is on record in {store}", soft_wrap=True)
        return
    show.rows(found, as_json)


@app.command()
def build(
    name: Annotated[str, typer.Argument(help="A study with records.")],
    store: Store = DEFAULT_STORE,
    from_mlflow: Annotated[
        str, typer.Option(help="Rebuild from this MLflow tracking URI alone, without records.")
    ] = "",
    table: Annotated[
        str, typer.Option(help="Another table than the study names: a module of analysis.tables.")
    ] = "",
) -> None:
    """Rebuild a study's table and write it as Markdown, CSV, LaTeX and HTML."""
    from analysis import build as answers
    from frlib.cli import show
    from frlib.records import layout

    if from_mlflow:
        from frlib.track.restore import restore

        restore(from_mlflow, name, store)
    built = answers.build(name, store, table)
    show.table(built)
    folder = layout.study_folder(store, name)
    show.console.print(f"Written to {folder / 'tables'}", soft_wrap=True)
    if built.has_gap:
        raise typer.Exit(3)


@app.command()
def draw(
    name: Annotated[str, typer.Argument(help="A study with records.")],
    store: Store = DEFAULT_STORE,
    metric: Annotated[
        str, typer.Option(help="What is drawn; empty: the first metric that the study reports.")
    ] = "",
    out: Annotated[Path, typer.Option(help="A .png, .svg or .pdf file.")] = Path("cost.png"),
) -> None:
    """Draw a study's results against images seen and seconds, with intervals and Pareto front.

    Of a study with a contest, without --metric: regret of its searches against what they spent. Of
    the tables denoise_bench, boundary_lambda and compatible, without --metric: precision against
    recall with recovery, accuracy against the weight, and rank 1 while a gallery is indexed again.
    """
    from analysis import build as answers
    from analysis import searching, spending
    from analysis.figures import (
        boundary_lambda,
        compatible,
        cost,
        denoise_bench,
        search_cost,
        style,
    )
    from analysis.grid import Grid
    from frlib.core.errors import RecordError
    from frlib.core.suggest import did_you_mean
    from frlib.records import read, select

    style.check(out)
    grid = Grid.of(read.load_named(store, name))
    study = grid.records.study
    if study.get("contest") and not metric:
        cells = [found for _, found in searching.searches(grid.records) if found is not None]
        by = select.metric(study)[0]
        typer.echo(f"Written to {search_cost.write(cells, str(study['name']), by, out)}")
        return
    if study.get("table") == "compatible" and not metric:
        typer.echo(f"Written to {compatible.write(grid, out)}")
        return
    own = {"denoise_bench": denoise_bench.write, "boundary_lambda": boundary_lambda.write}
    if study.get("table") in own and not metric:
        written = own[study["table"]](answers.from_records(grid.records), out)
        typer.echo(f"Written to {written}")
        return
    wanted = metric or grid.matching(tuple(grid.records.study["report"]))[0]
    if metric and metric not in grid.names:
        raise RecordError(
            f"study {name}: no run has recorded {metric!r}{did_you_mean(metric, grid.names)}. "
            f"Recorded: {', '.join(grid.names) or 'nothing'}"
        )
    rows = spending.spent(grid, wanted)
    typer.echo(f"Written to {cost.write(rows, wanted, str(grid.records.study['name']), out)}")
