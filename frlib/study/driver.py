"""Who is running a study, and the way to ask it to stop: two small files in the study's folder.

driver.json  the process that runs the study, written anew every few seconds, gone when it ends
stop.json    somebody asks it to stop; the driver looks for it every second

They are all that `status` and `stop` need, from any machine that sees the store.
"""

import logging
import os
import signal
import socket
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from frlib.core import safeio
from frlib.core.errors import ClusterError, FrlibError, RecordError
from frlib.core.processes import lives

_DRIVER, STOP = "driver.json", "stop.json"
_LOOK_S, _BEAT_S, _SILENT_S = 1.0, 5.0, 60.0
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Driver:
    """A process that runs a study, as it last told. Times in seconds since 1970.

    left_s: seconds it still expects to take; None while it cannot tell. stopping: it was asked to.
    """

    host: str
    pid: int
    started: float
    beat: float
    left_s: float | None
    stopping: bool

    @property
    def is_here(self) -> bool:
        """Whether it runs on this machine."""
        return self.host == socket.gethostname()

    @property
    def is_alive(self) -> bool:
        """Whether it has been heard of within a minute and, on this machine, is a process."""
        if abs(time.time() - self.beat) > _SILENT_S:
            return False
        return not self.is_here or lives(self.pid)


def find(folder: Path) -> Driver | None:
    """The driver that the study's folder names, alive or not; None where none is named."""
    path = folder / _DRIVER
    if not path.is_file():
        return None
    try:
        return Driver(**safeio.read_json(path))
    except TypeError as error:
        raise RecordError(f"{path}: {error}; remove it if nothing runs this study") from error
    except RecordError:
        if path.is_file():
            raise
        return None


def ask_to_stop(folder: Path, *, now: bool = False) -> Driver:
    """Ask the driver of a study to stop; `now`: interrupt it as Ctrl-C does.

    A driver that a script started in its background ignores interrupts: it stops as if asked.
    `ClusterError` where nothing runs the study, or it is to be interrupted on another machine.
    """
    driver = find(folder)
    if driver is None or not driver.is_alive:
        raise ClusterError(
            f"{folder.name}: no process is running it from this store, so there is nothing to stop"
        )
    if now and not driver.is_here:
        raise ClusterError(
            f"{folder.name} is run by process {driver.pid} on {driver.host}: only there can it be "
            "interrupted. Leave --now out to have it stop after the running epochs"
        )
    safeio.write_json(folder / STOP, {"host": socket.gethostname(), "asked": time.time()})
    if now:
        os.kill(driver.pid, signal.SIGINT)
    return driver


class Driving:
    """This process runs the study in `folder`, as long as the context is open.

    A request to stop from before is forgotten: whoever runs a study wants it to run.
    """

    def __init__(self, folder: Path, is_lost: Callable[[], bool] = lambda: False) -> None:
        """is_lost: whether another process runs the study by now, so that this one has to stop."""
        self._folder, self._is_lost = folder, is_lost
        self._started = time.time()
        self.left_s: float | None = None
        """What is written down for others; anybody may set it."""
        self._asked, self._over = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._live, name="driver", daemon=True)

    def ask(self) -> None:
        """Ask it to stop from inside this process."""
        self._asked.set()

    def stopping(self) -> bool:
        """Whether somebody has asked it to stop."""
        return self._asked.is_set()

    def __enter__(self) -> Self:
        safeio.remove(self._folder / STOP)
        self._beat()
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._over.set()
        self._thread.join()
        for name in (_DRIVER, STOP):
            with suppress(OSError):
                safeio.remove(self._folder / name)

    def _live(self) -> None:
        told = time.monotonic()
        while not self._over.wait(_LOOK_S):
            new = not self._asked.is_set() and ((self._folder / STOP).is_file() or self._is_lost())
            if new:
                self._asked.set()
            if new or time.monotonic() - told >= _BEAT_S:
                told = time.monotonic()
                self._beat()

    def _beat(self) -> None:
        now = Driver(
            socket.gethostname(),
            os.getpid(),
            self._started,
            time.time(),
            self.left_s,
            self._asked.is_set(),
        )
        try:
            safeio.write_json(self._folder / _DRIVER, asdict(now))
        except (FrlibError, OSError) as error:
            _log.warning(
                "%s: cannot be written, so others cannot see this driver: %s", _DRIVER, error
            )
