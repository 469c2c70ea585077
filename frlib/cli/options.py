"""Options that several verbs share."""

from pathlib import Path
from typing import Annotated, Literal

import typer

Store = Annotated[
    Path, typer.Option("--store", envvar="FRLIB_STORE", help="Folder of data, records and runs.")
]
DEFAULT_STORE = Path("frlib-store")
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
