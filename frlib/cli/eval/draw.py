"""`frlib eval draw`."""

from pathlib import Path
from typing import Annotated

import typer


def draw(
    files: Annotated[
        list[Path], typer.Argument(metavar="FILE...", help="Scores of pairs, .parquet, a run each.")
    ],
    out: Annotated[Path, typer.Option(help="A .png, .svg or .pdf file.")] = Path("roc.png"),
) -> None:
    """Draw ROC and DET of several runs, with intervals and what too few impostors support."""
    from analysis.figures import roc, style

    style.check(out)
    typer.echo(f"Written to {roc.write(roc.read(files), out)}")
