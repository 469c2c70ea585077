"""`frlib train replay`."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from frlib.cli.options import Json

if TYPE_CHECKING:
    from frlib.train.replay import Replay


def replay(
    folder: Annotated[
        Path, typer.Argument(metavar="FOLDER", help="failures/step-... in the folder of a run.")
    ],
    sets: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="FIELD=VALUE", help="What if, e.g. precision=float32."),
    ] = None,
    gpu: Annotated[bool, typer.Option("--gpu", help="On the first GPU.")] = False,
    as_json: Json = False,
) -> None:
    """Do a step again whose loss or gradient was not finite: where it begins, and with what.

    Exit code 1 if it is not finite again.
    """
    from frlib.train.replay import replay as again

    found = again(folder, sets or (), use_gpu=gpu)
    if as_json:
        told = {"finite": found.is_finite, "now": found.now.to_json(), "then": found.then}
        typer.echo(json.dumps(told, indent=1))
    else:
        _print(found)
    if not found.is_finite:
        raise typer.Exit(1)


def _print(found: "Replay") -> None:
    from frlib.cli import show

    setting = f" with {', '.join(found.differs)}" if found.differs else ""
    show.console.print(f"step {found.step} of epoch {found.epoch}, done again{setting}\n")
    then, now = found.then, found.now.to_json()
    pairs = {
        "finite": ("no", "yes" if found.is_finite else "no"),
        "loss": tuple(_number(told["loss"]) for told in (then, now)),
        "loss scale": tuple(_number(told["scale"]) for told in (then, now)),
        "first layer": tuple(told["layer"] or "-" for told in (then, now)),
        "gradients not finite": tuple(len(told["gradients"]) for told in (then, now)),
        "samples not finite": tuple(len(told["samples"]) for told in (then, now)),
    }
    show.rows([{"": name, "then": old, "now": new} for name, (old, new) in pairs.items()], False)
    show.console.print()
    show.rows(
        [{"largest outputs now": name, "": _number(size)} for name, size in now["largest"]], False
    )
    if found.images:
        show.console.print(f"\nimages: {', '.join(found.images)}", soft_wrap=True)


def _number(value: float | str) -> str:
    return value if isinstance(value, str) else f"{value:.4g}"
