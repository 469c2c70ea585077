"""The store as a worker's own node has it. Of a plain folder, shared by all nodes, nothing is done.

At a URI every node has a working copy: what another node recorded is brought before a run goes on,
and what this one recorded is sent before the run counts as ended.
"""

import logging
import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch

from frlib.core import published
from frlib.core.errors import StoreError
from frlib.remote.copy import local
from frlib.train.place import Place

_log = logging.getLogger(__name__)


@contextmanager
def opened(address: str) -> Iterator[Path]:
    """The folder of a store on this node; what was written in it is sent when the body is left.

    `StoreError` where the store does not take it in time; after another error that is a warning.
    """
    store = local(address)
    try:
        yield store
    except BaseException:
        try:
            published.flush(store)
        except StoreError as error:
            _log.warning("%s", error)
        raise
    published.flush(store)


def agreed(folder: Path, place: Place) -> None:
    """All workers of a run see the same in its folder: what a node still has goes up first."""
    if published.upstream(folder) is None:
        return
    published.flush(folder)
    place.group.max(torch.zeros(1, device=place.device))
    published.bring(folder)


def mark(folder: Path) -> dict[str, str]:
    """Tells the nodes and folders apart in which something was made."""
    return {"host": socket.gethostname(), "folder": str(folder)}


def handed_over(folder: Path, made_in: Mapping[str, Any]) -> None:
    """Take what a worker made in its folder over into this one, where that is another."""
    if published.upstream(folder) is not None and made_in != mark(folder):
        published.unfinished(folder)
