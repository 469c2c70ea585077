"""The notice that a node is about to go, for the run on it to leave in time.

Two ways to be told: the cluster drains the node (an autoscaler does, or a hook on the provider's
spot notice that calls `ray drain-node`), or the process of a run of one worker gets SIGTERM. A
raylet that gets SIGTERM itself takes its workers along at once: that is a lost node.
"""

import os
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

_LOOK_S = 1.0
_GRACE_S = 30.0
_open: list["Notice"] = []


class Notice:
    """Whether one run is to leave."""

    def __init__(self) -> None:
        self._reason = ""

    def __call__(self) -> str:
        """Why; empty while it may stay."""
        return self._reason

    def tell(self, reason: str) -> None:
        """The first reason stays."""
        self._reason = self._reason or reason


@contextmanager
def watched() -> Iterator[Notice]:
    """A notice for the run inside; in a process of Ray's the cluster is asked as well."""
    notice, over = Notice(), threading.Event()
    thread = threading.Thread(target=_look, args=(notice, over), name="notice", daemon=True)
    _open.append(notice)
    thread.start()
    try:
        yield notice
    finally:
        _open.remove(notice)
        over.set()
        thread.join(_LOOK_S)  # no longer: the head may not answer


class TakesNotice:
    """Mixin of Tune's trainables: SIGTERM is a notice while something runs here that takes it."""

    def setup(self, config: dict[str, Any]) -> None:
        """In the main thread of the trial's process, where alone Python lets one listen."""
        _listen()
        super().setup(config)  # type: ignore[misc]


def _look(notice: Notice, over: threading.Event) -> None:
    import ray
    from ray._private.state import state
    from ray.exceptions import RayError

    if not ray.is_initialized():
        return  # asking would start one
    own = ray.get_runtime_context().get_node_id()
    while not over.wait(_LOOK_S) and ray.is_initialized():
        try:
            deadline_ms = state.get_draining_nodes().get(own)
        except (RayError, RuntimeError, ConnectionError):
            continue  # the head does not answer: asked again in a second
        if deadline_ms is not None:
            left = f" in {deadline_ms / 1000 - time.time():.0f} s" if deadline_ms else ""
            notice.tell(f"node {own[:6]} is being drained and goes{left}")
            return


def _listen() -> None:
    before = signal.getsignal(signal.SIGTERM)

    def told(number: int, frame: FrameType | None) -> None:
        if not _open and callable(before):
            before(number, frame)
        for notice in _open:
            notice.tell("the process was told to end (SIGTERM)")
        ending = threading.Timer(_GRACE_S, os.kill, (os.getpid(), signal.SIGKILL))
        ending.daemon = True
        ending.start()

    signal.signal(signal.SIGTERM, told)
