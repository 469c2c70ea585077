"""Arguments that the verbs of `frlib study` share, and the study they name."""

from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from frlib.study.schema import Study

Name = Annotated[str, typer.Argument(help="A study's name, a file with study(), or a study.json.")]
Recorded = Annotated[str, typer.Argument(help="A study with records in the store.")]
Address = Annotated[
    str, typer.Option("--address", envvar="RAY_ADDRESS", help="Ray cluster; none: start one here.")
]
NoMirror = Annotated[bool, typer.Option("--no-mlflow", help="Keep records only, no MLflow mirror.")]


def study(name: str, sets: list[str] | None, faces: str) -> "Study":
    """The study with what `--set` changes in it."""
    from frlib.core.config import override
    from frlib.study.find import find

    return override(find(name, faces), sets or [])
