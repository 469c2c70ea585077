"""`frlib study stop`."""

from typing import Annotated

import typer

from frlib.cli.options import DEFAULT_STORE, Store
from frlib.cli.study.asked import Recorded


def stop(
    name: Recorded,
    store: Store = DEFAULT_STORE,
    now: Annotated[
        bool, typer.Option("--now", help="Interrupt it, as Ctrl-C does; on its machine alone.")
    ] = False,
) -> None:
    """Ask the process that runs a study to stop: no new arm, running ones end at their next epoch.

    They keep their checkpoints, and `frlib study resume` goes on with them.
    """
    from frlib.records import layout
    from frlib.study import driver

    found = driver.ask_to_stop(layout.find_study(store, name), now=now)
    what = "was interrupted" if now else "was asked to stop after the running epochs"
    typer.echo(f"Process {found.pid} on {found.host} {what}. Then: frlib study resume {name}")
