"""`frlib report build`."""

from pathlib import Path
from typing import Annotated

import typer

from frlib.cli.options import DEFAULT_STORE, Store

app = typer.Typer(
    name="report", help="Reports: a study as one page to read and share.", no_args_is_help=True
)


@app.callback()
def _report() -> None:
    """Keep `build` a verb while it is the only one."""


@app.command()
def build(
    name: Annotated[str, typer.Argument(help="A study with records.")],
    store: Store = DEFAULT_STORE,
    out: Annotated[
        Path | None, typer.Option(help="A .html file; by default report.html beside the records.")
    ] = None,
    show_faces: Annotated[
        bool,
        typer.Option(
            "--show-faces", help="Add galleries of suspected images. Faces are personal data."
        ),
    ] = False,
) -> None:
    """Write a study as one HTML page: question, design, results, figures, every cell.

    The page loads nothing from anywhere and holds no face unless they are asked for.
    """
    from analysis.report import build as report

    if out is not None:
        report.check(out)
    shown = []
    if show_faces:
        from frlib.cli.report_faces import galleries

        shown = galleries(name, store)
    typer.echo(f"Written to {report.build(name, store, out, shown)}")
    if show_faces:
        typer.echo(
            "It shows faces: share it as the data set may be shared"
            if shown
            else "No gallery: the store holds no findings of a rule of this study"
        )
