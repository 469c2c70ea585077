"""`frlib study plan`."""

from typing import Annotated

import typer

from frlib.cli.options import DEFAULT_STORE, Faces, Json, Set, Store
from frlib.cli.study import asked
from frlib.cli.study.asked import Address, Name

SHOWN = 3


def plan(
    name: Name,
    sets: Set = None,
    store: Store = DEFAULT_STORE,
    faces: Faces = "",
    address: Address = "",
    probe: Annotated[
        float,
        typer.Option(
            min=0,
            metavar="SECONDS",
            help="Measure on this machine first, by training the cheapest and the costliest "
            "workload for so long: 120 for two minutes.",
        ),
    ] = 0,
    like: Annotated[
        str,
        typer.Option(
            metavar="SET", help="Plan for the size of a published set (casia, ...), without data."
        ),
    ] = "",
    rate: Annotated[
        float, typer.Option(min=0, metavar="IMAGES", help="Images a second that one run trains.")
    ] = 0,
    verbose: Annotated[
        bool, typer.Option("--verbose", help="Show the first configs as well.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Say what `run` would do, what it costs and what it can show; starts nothing.

    Runs done and left, seconds, wall time, memory, disk, energy, and the smallest difference the
    design can detect beside the published ones.
    """
    from frlib.cli.study import plan_page
    from frlib.cli.study.forecast import forecast
    from frlib.data import published_sets
    from frlib.launch.study import check_store
    from frlib.study.plan import imagined, make

    study = asked.study(name, sets, faces)
    check_store(store)
    if like:
        published_sets.counts(like)
    made = imagined(study, store, like) if like else make(study, store)
    found = forecast(made, address, probe, rate)
    if as_json:
        plan_page.as_json(found, SHOWN)
    else:
        plan_page.page(found, SHOWN if verbose else 0)
