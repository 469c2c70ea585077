"""A driver's copy of its study, brought up to date while others add to it."""

import logging
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from frlib.core import published
from frlib.core.errors import FrlibError
from frlib.remote import names

log = logging.getLogger(__name__)
_LEAST_S, _STOP_S = 10.0, 2.0
_SHARE = 20
"""Of the time, at most a part in so many is spent on listing."""


@contextmanager
def following(study: Path) -> Iterator[None]:
    """Inside this, what other machines record of a study comes here. Nothing in a plain folder.

    A request to stop comes within seconds. The search's journal, which grows, is sent as it does.
    """
    if published.upstream(study) is None:
        yield
        return
    over = threading.Event()
    thread = threading.Thread(target=_live, args=(study, over), name="following", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
        _send(study / names.JOURNAL, 0)


def _live(study: Path, over: threading.Event) -> None:
    sent, wait_s, brought, is_told = 0, _LEAST_S, time.monotonic(), False
    while not over.wait(_STOP_S):
        try:
            published.bring(study / names.STOP)
            if time.monotonic() - brought < wait_s:
                continue
            sent, began = _send(study / names.JOURNAL, sent), time.monotonic()
            published.bring(study, heavy=False)
            brought = time.monotonic()
            wait_s, is_told = max(_LEAST_S, _SHARE * (brought - began)), False
        except (FrlibError, OSError) as error:
            if not is_told:
                log.warning("%s: what others recorded is not here yet: %s", study.name, error)
            is_told = True


def _send(journal: Path, sent: int) -> int:
    """Bytes of it that are sent by now; it only ever grows."""
    if not journal.is_file():
        return sent
    now = journal.stat().st_size
    if now != sent:
        published.placed(journal)
    return now
