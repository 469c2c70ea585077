"""`frlib train draw`."""

from pathlib import Path
from typing import Annotated

import typer

from frlib.cli.options import Run


def draw(
    run: Run,
    out: Annotated[Path, typer.Option(help="A .png, .svg or .pdf file.")] = Path("schedule.png"),
) -> None:
    """Draw a run's loss and learning rate, with the statistics and cuts of a rule that has them."""
    from analysis.course import read_course
    from analysis.figures import schedule, style

    style.check(out)
    typer.echo(f"Written to {schedule.write(read_course(run), out)}")
