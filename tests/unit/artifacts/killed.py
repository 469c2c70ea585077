"""Produces in child processes that the system kills, until one gets to the end.

`python -m tests.unit.artifacts.killed STORE LOG RESUMABLE SEED`: after every kill, what can be
found must be nothing or whole. Prints how many were killed. A child is killed by an alarm without a
handler, which no code of it can notice.
"""

import os
import random
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from frlib.artifacts import manifest, rooms
from tests.unit.artifacts.made import DIGEST, KIND, slowly, store


def _slow(call: Callable[..., Any]) -> Callable[..., Any]:
    """As on a slow disk, so that children also die between the steps of publishing."""

    def slowed(*given: Any, **named: Any) -> Any:
        time.sleep(0.02)
        found = call(*given, **named)
        time.sleep(0.02)
        return found

    return slowed


def _child(root: Path, log: Path, resumable: bool, delay: float) -> None:
    signal.setitimer(signal.ITIMER_REAL, delay)
    store(root).produce(KIND, DIGEST, slowly(log, 0.4), about={}, resumable=resumable)


def main() -> None:
    """Lives from a few ms to seconds, so that every step is hit and the end is reached."""
    root, log = Path(sys.argv[1]), Path(sys.argv[2])
    resumable, draws = sys.argv[3] == "True", random.Random(int(sys.argv[4]))
    for module, name in ((manifest, "write"), (rooms, "adopt"), (rooms, "settle")):
        setattr(module, name, _slow(getattr(module, name)))
    killed, life = 0, 0.02
    while True:
        pid = os.fork()
        if not pid:
            status = 1
            try:
                _child(root, log, resumable, life * draws.uniform(0.7, 1.3))
                status = 0
            finally:
                os._exit(status)
        _, ended = os.waitpid(pid, 0)
        found = dict(store(root).verify())
        assert all(wrong == "" for wrong in found.values()), found
        if not os.WIFSIGNALED(ended):
            assert os.WEXITSTATUS(ended) == 0 and found
            print(killed)
            return
        killed, life = killed + 1, life * 1.3


if __name__ == "__main__":
    main()
