"""Options that several verbs share."""

from pathlib import Path
from typing import Annotated, Literal

import typer


def store(text: str | Path) -> Path:
    """The folder of a store; of one at a URI, this machine's working copy, opened now."""
    if isinstance(text, Path) or "://" not in text:
        return Path(text)
    from frlib.remote.copy import local

    return local(text)


def run_folder(text: str | Path) -> Path:
    """The folder of a run, also of one named by a URI: it is brought here."""
    if isinstance(text, Path) or "://" not in text:
        return Path(text)
    from frlib.remote.below import found

    return found(text)


Store = Annotated[
    Path,
    typer.Option(
        "--store",
        envvar="FRLIB_STORE",
        parser=store,
        metavar="PATH|URI",
        help="Folder of data, records and runs, or a URI (s3://bucket/folder, gs://, hdfs://).",
    ),
]
DEFAULT_STORE = Path("frlib-store")
Run = Annotated[
    Path,
    typer.Argument(
        parser=run_folder,
        metavar="RUN",
        help="Folder: <store>/studies/<study>/arms/<arm>/r<seed>, the store a path or a URI.",
    ),
]
Set = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="PATH=VALUE", help="Change a field, e.g. base.epochs=5."),
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Faces = Annotated[
    str,
    typer.Option(
        "--faces", envvar="FRLIB_FACES", help="Folder of real faces (train.parquet, ...)."
    ),
]
Dimensions = Annotated[
    Literal["pad", "truncate"] | None,
    typer.Option(help="Two models of different sizes: append zeros, or cut the longer vectors."),
]
CheckPairs = Annotated[
    int, typer.Option(min=0, help="Pairs that colour and alignment are checked on; 0: none.")
]
