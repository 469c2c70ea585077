"""The store as a worker's own node has it. Of a plain folder, shared by all nodes, nothing is done.

At a URI every node has a working copy: what another node recorded is brought before a run goes on,
and what this one recorded is sent before the run counts as ended.
"""

import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from frlib.core import published
from frlib.remote.copy import local
from frlib.train.place import Place
from frlib.train.together import shown


@contextmanager
def opened(address: str) -> Iterator[Path]:
    """The folder of a store on this node; what was written in it is sent as by `published.sent`."""
    store = local(address)
    with published.sent(store):
        yield store


def agreed(folder: Path, place: Place) -> None:
    """All workers of a run begin with the same in its folder."""
    published.bring(folder)
    shown(folder, place)


def mark(folder: Path) -> dict[str, str]:
    """Tells the nodes and folders apart in which something was made."""
    return {"host": socket.gethostname(), "folder": str(folder)}


def handed_over(folder: Path, made_in: Mapping[str, Any]) -> None:
    """Take what a worker made in its folder over into this one, where that is another."""
    if published.upstream(folder) is not None and made_in != mark(folder):
        published.unfinished(folder)
