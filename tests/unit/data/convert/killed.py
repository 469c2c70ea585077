"""Converts in child processes that the system kills at random moments, until one gets to the end.

`python -m tests.unit.data.convert.killed FORMAT SOURCE TARGET STORE`: prints how many were killed
and after how many images each of the others went on. A child is killed by an alarm without a
handler, which no code of it can notice.
"""

import importlib
import json
import os
import random
import signal
import sys
import time
from contextlib import suppress
from pathlib import Path

from frlib.core import discover
from frlib.core.errors import DataError
from frlib.data.convert import journal
from frlib.data.convert.run import Options, convert, kept
from frlib.data.sources import image_folder

OPTIONS = Options(commit_images=5, memory=20_000)
SMALL = {"rows": 7, "group": 3, "batch": 3}


def target(name: str, path: Path):
    """The config of a sink with parts small enough for a test."""
    kind = discover.load("frlib.data.sinks", name).Config
    fits = {field: value for field, value in SMALL.items() if field in kind.model_fields}
    return kind(path=str(path), **fits)


def _child(name: str, source: str, place: str, store: str, delay: float) -> None:
    signal.setitimer(signal.ITIMER_REAL, delay)
    convert(image_folder.Config(path=source), target(name, Path(place)), Path(store), OPTIONS)


def _slowly(save):
    """As on a slow disk, so that many are killed between two commits and around them."""

    def slow(path, entry) -> None:
        time.sleep(0.004)
        save(path, entry)
        time.sleep(0.004)

    return slow


def main() -> None:
    """Longer and longer lives, so that every stage is hit and the end is reached."""
    name, source, place, store = sys.argv[1:]
    for module in ("pandas", f"frlib.data.sinks.{name}"):  # pyarrow asks for pandas when first used
        importlib.import_module(module)
    journal.save = _slowly(journal.save)
    draws, life, safe = random.Random(0), 0.002, []
    while True:
        pid = os.fork()
        if not pid:
            status = 1
            try:
                _child(name, source, place, store, life * draws.uniform(0.5, 1.5))
                status = 0
            finally:
                os._exit(status)
        _, ended = os.waitpid(pid, 0)
        if not os.WIFSIGNALED(ended):
            print(json.dumps({"status": os.WEXITSTATUS(ended), "safe": safe}))
            return
        assert os.WTERMSIG(ended) == signal.SIGALRM
        if Path(place).exists() and not kept(Path(place)):  # all was done, and the next says so
            with suppress(DataError):
                _child(name, source, place, store, 0)
            print(json.dumps({"status": 0, "safe": safe}))
            return
        safe.append(kept(Path(place)))
        life *= 1.15


if __name__ == "__main__":
    main()
