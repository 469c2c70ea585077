"""The `frlib` command: `frlib <noun> <verb> [name] [--set path=value ...]`.

Exit codes: 0 done, 1 failed, 2 usage, 3 finished with missing cells.
"""

import logging
import sys

import typer

from frlib.cli import (
    artifact,
    backbone,
    bct,
    bench,
    cluster,
    data,
    denoise,
    eval,
    export,
    head,
    noise,
    optimiser,
    part,
    protocol,
    pruning,
    report,
    sampler,
    schedule,
    source,
    stage,
    store,
    study,
    table,
    track,
    train,
)
from frlib.core import published
from frlib.core.errors import FrlibError

app = typer.Typer(
    name="frlib",
    help="Hyper-parameter studies of noise-robust face recognition, on a laptop or a Ray cluster.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)
for noun in (
    study,
    cluster,
    table,
    report,
    eval,
    protocol,
    bct,
    data,
    source,
    part,
    noise,
    denoise,
    head,
    backbone,
    schedule,
    optimiser,
    pruning,
    sampler,
    bench,
    export,
    stage,
    artifact,
    store,
    track,
    train,
):
    app.add_typer(noun.app)


def main() -> None:
    """Entry point: typed errors become one message on stderr and their exit code."""
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(name)s: %(message)s")
    try:
        try:
            app()
        except SystemExit:
            for copy in published.copies():
                copy.flush()
            raise
    except FrlibError as error:
        name = type(error).__name__
        typer.secho(f"{name}: {error}", fg=typer.colors.RED, err=True)
        sys.exit(error.exit_code)
