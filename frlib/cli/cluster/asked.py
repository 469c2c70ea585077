"""Options that the verbs of `frlib cluster` share."""

import os
from pathlib import Path
from typing import Annotated

import typer

from frlib.core.errors import ConfigError
from frlib.core.secrets import has_credentials, redacted

DASHBOARD = "http://127.0.0.1:8265"
Address = Annotated[
    str,
    typer.Option(
        "--address",
        help="Ray's dashboard, http://HEAD:8265. Default: RAY_API_SERVER_ADDRESS, else that of "
        "this machine.",
    ),
]
Store = Annotated[
    str,
    typer.Option(
        "--store", envvar="FRLIB_STORE", help="Folder that every node sees, or a URI (s3://...)."
    ),
]
WorkingDir = Annotated[
    Path, typer.Option("--working-dir", help="Folder that goes along; studies are found in it.")
]
Exclude = Annotated[
    list[str] | None,
    typer.Option("--exclude", metavar="PATTERN", help="Leave out as well, as in a .gitignore."),
]
Env = Annotated[
    list[str] | None,
    typer.Option("--env", metavar="NAME[=VALUE]", help="Set a variable in the job; no secrets."),
]
Secret = Annotated[
    list[str] | None,
    typer.Option("--secret", metavar="NAME", help="Must be set on every node; its value stays."),
]
Data = Annotated[
    list[str] | None,
    typer.Option("--data", metavar="PLACE", help="File, folder or URI that nodes must read."),
]
Python = Annotated[str, typer.Option("--python", help="The interpreter on the cluster.")]
Patience = Annotated[
    float, typer.Option("--patience", min=1, help="Seconds that a node may take over its checks.")
]


def dashboard(address: str) -> str:
    """The address of the job server; `ConfigError` for one that is none."""
    found = address or os.environ.get("RAY_API_SERVER_ADDRESS", "") or DASHBOARD
    if not found.startswith(("http://", "https://")):
        raise ConfigError(
            f"--address {found}: jobs go through Ray's dashboard; expected http://HEAD:8265"
        )
    if has_credentials(found):
        raise ConfigError(
            f"--address {redacted(found)}: has a user or password in it, and would be shown. Ray "
            "asks for a token instead (RAY_AUTH_MODE=token, see cluster/security.md)"
        )
    return found
