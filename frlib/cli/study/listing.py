"""`frlib study list | show`."""

import json

import typer

from frlib.cli.options import Faces, Json, Set
from frlib.cli.study import asked
from frlib.cli.study.asked import Name


def list_(as_json: Json = False) -> None:
    """List the studies that can be run by name."""
    from frlib.cli import show
    from frlib.study.find import find, names

    rows = [{"study": n, "question": find(n).question.strip().splitlines()[0]} for n in names()]
    show.rows(rows, as_json)


def show(name: Name, sets: Set = None, faces: Faces = "", as_json: Json = False) -> None:
    """Show a study: its question, axes, space and base run."""
    from frlib.cli.show import console
    from frlib.cli.study import page

    study = asked.study(name, sets, faces)
    if as_json:
        typer.echo(json.dumps(study.to_json(), indent=1, ensure_ascii=False))
    else:
        page.show(study, console)
