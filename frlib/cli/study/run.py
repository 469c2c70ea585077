"""`frlib study run | resume`."""

import logging
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from frlib.cli.options import DEFAULT_STORE, Faces, Set, Store
from frlib.cli.options import store as opened
from frlib.cli.study import asked
from frlib.cli.study.asked import Address, Name, NoMirror, Recorded

if TYPE_CHECKING:
    from frlib.study.schema import Study

Revise = Annotated[
    bool,
    typer.Option("--revise", help="Go on though the store has another study of this name."),
]
Replay = Annotated[
    Path | None,
    typer.Option(
        "--replay",
        parser=opened,
        metavar="STORE",
        help="Propose the arms that another store has of this study, in their order, no others.",
    ),
]


def run(
    name: Name,
    sets: Set = None,
    store: Store = DEFAULT_STORE,
    faces: Faces = "",
    address: Address = "",
    no_mlflow: NoMirror = False,
    revise: Revise = False,
    replay: Replay = None,
) -> None:
    """Run a study, or what is missing of it, and print its table. Run it again to resume."""
    _run(asked.study(name, sets, faces), store, address, no_mlflow, revise, replay)


def resume(
    name: Recorded,
    sets: Set = None,
    store: Store = DEFAULT_STORE,
    address: Address = "",
    no_mlflow: NoMirror = False,
    revise: Revise = False,
) -> None:
    """Go on with a study as the store recorded it, whatever has become of its file."""
    from frlib.core.config import override
    from frlib.study.find import recorded

    _run(override(recorded(store, name), sets or []), store, address, no_mlflow, revise)


def _run(
    study: "Study",
    store: Path,
    address: str,
    no_mlflow: bool,
    revise: bool,
    replay: Path | None = None,
) -> None:
    from analysis import build as answers
    from frlib.cli import show
    from frlib.cli.progress import Progress
    from frlib.cli.study import plan_page
    from frlib.core.errors import StoppedError
    from frlib.launch import mirror
    from frlib.launch import study as launch
    from frlib.study import terminated
    from frlib.study.plan import make

    for chatty in ("frlib.data.pixels", "frlib.data.sources", "frlib.launch.contest"):
        logging.getLogger(chatty).setLevel(logging.INFO)
    launch.check_store(store)
    launch.mended(store, study.name)
    before = make(study, store)
    plan_page.head(before)
    try:
        with (
            launch.opened(before, revise=revise) as driving,
            terminated.asking(driving.ask),
            mirror.beside(before.folder, store, off=no_mlflow) as mirrored,
            Progress(before, driving) as live,
        ):
            after = launch.run(before, live, address, replay)
            table = answers.build(study.name, store)
    except KeyboardInterrupt:
        raise StoppedError(
            "what is recorded is kept; run the same command again to go on"
        ) from None
    show.table(table)
    show.where(after, mirrored)
    if table.has_gap:
        raise typer.Exit(3)
