"""`frlib study list | show | plan | run`."""

import json
import logging
from typing import TYPE_CHECKING, Annotated

import typer

from frlib.cli.options import DEFAULT_STORE, Faces, Json, Set, Store

if TYPE_CHECKING:
    from frlib.study.schema import Study

app = typer.Typer(name="study", help="Questions: list, look at, plan, run.", no_args_is_help=True)
Name = Annotated[str, typer.Argument(help="A study's name, or the path of a file with study().")]
Address = Annotated[
    str, typer.Option("--address", envvar="RAY_ADDRESS", help="Ray cluster; none: start one here.")
]
NoMirror = Annotated[bool, typer.Option("--no-mlflow", help="Keep records only, no MLflow mirror.")]


@app.command("list")
def list_(as_json: Json = False) -> None:
    """List the studies that can be run by name."""
    from frlib.cli import show
    from frlib.study.find import find, names

    rows = [{"study": n, "question": find(n).question.strip().splitlines()[0]} for n in names()]
    show.rows(rows, as_json)


@app.command("show")
def show_(name: Name, sets: Set = None, faces: Faces = "", as_json: Json = False) -> None:
    """Show a study: its question, axes, space and base run."""
    from frlib.cli import show

    study = _study(name, sets, faces)
    if as_json:
        typer.echo(json.dumps(study.to_json(), indent=1, ensure_ascii=False))
    else:
        show.study(study)


@app.command()
def plan(
    name: Name,
    sets: Set = None,
    store: Store = DEFAULT_STORE,
    faces: Faces = "",
    as_json: Json = False,
) -> None:
    """Say what `run` would do, what is done already and what is left; starts nothing."""
    from frlib.cli import show
    from frlib.study.plan import make

    show.plan(make(_study(name, sets, faces), store), as_json)


@app.command()
def run(
    name: Name,
    sets: Set = None,
    store: Store = DEFAULT_STORE,
    faces: Faces = "",
    address: Address = "",
    no_mlflow: NoMirror = False,
) -> None:
    """Run a study, or what is missing of it, and print its table. Run it again to resume."""
    from analysis import build as answers
    from frlib.cli import show
    from frlib.cli.progress import Progress
    from frlib.core.errors import StoppedError
    from frlib.launch import mirror
    from frlib.launch import study as launch
    from frlib.study.plan import make

    study = _study(name, sets, faces)
    for chatty in ("frlib.data.pixels", "frlib.data.sources"):
        logging.getLogger(chatty).setLevel(logging.INFO)
    launch.check_store(store)
    before = make(study, store)
    show.plan(before, as_json=False)
    try:
        with (
            launch.opened(before),
            mirror.beside(before.folder, store, off=no_mlflow) as mirrored,
            Progress(before) as live,
        ):
            after = launch.run(before, live, address)
            table = answers.build(study.name, store)
    except KeyboardInterrupt:
        raise StoppedError(
            "what is recorded is kept; run the same command again to go on"
        ) from None
    show.table(table)
    show.where(after, mirrored)
    if table.has_gap(study.report):
        raise typer.Exit(3)


def _study(name: str, sets: list[str] | None, faces: str) -> "Study":
    from frlib.core.config import override
    from frlib.study.find import find

    return override(find(name, faces), sets or [])
