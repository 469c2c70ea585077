"""A study that runs on a cluster of raylets while things happen to it, and what came out."""

import os
import signal
import subprocess
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from tests.chaos.account import Event
from tests.chaos.cluster import Raylets
from tests.integration import interrupting
from tests.integration.command import started

_WAIT_S = 400.0
_DRIVERS = 8


def full_disk(store: Path) -> Path:
    """While this file exists, disks of processes in the environment `fillable` are full."""
    return store.with_name("full")


def fillable(store: Path) -> dict[str, str]:
    """For the driver of a scene, and all nodes of its cluster."""
    return {
        "PYTHONPATH": str(Path(__file__).with_name("full_disk")),
        "FRLIB_TEST_FULL_DISK": str(full_disk(store)),
    }


@dataclass
class Scene:
    """sets: of the study."""

    cluster: Raylets
    store: Path
    sets: Sequence[str]
    rng: np.random.Generator
    events: list[Event] = field(default_factory=list)
    _began: float = field(default_factory=time.time)
    _driver: subprocess.Popen[bytes] | None = None
    drivers: int = 0

    @property
    def printed(self) -> Path:
        """What the last driver said."""
        return self.store.with_name(f"printed-{self.drivers}")

    @property
    def full_disk(self) -> Path:
        """While this file exists, the disks are full."""
        return full_disk(self.store)

    @property
    def code(self) -> int | None:
        """The driver's, once it has ended."""
        assert self._driver is not None
        return self._driver.poll()

    @property
    def is_over(self) -> bool:
        """Whether the study has finished."""
        return self.code == 0

    def run(self) -> None:
        """Start a driver, as somebody does who submits the job (again)."""
        self.drivers += 1
        words = interrupting.words(self.store, self.sets)
        told = {"RAY_ADDRESS": self.cluster.address, "RAY_AUTH_MODE": "disabled"}
        self._driver = started(self.printed, *words, **told, **fillable(self.store))

    def note(self, injection: str, what: str) -> None:
        """Something has been done to it just now."""
        self.events.append(Event(time.time() - self._began, time.time(), injection, what))

    def kill_driver(self) -> None:
        """Not even its own last words."""
        assert self._driver is not None
        with suppress(ProcessLookupError):
            os.killpg(self._driver.pid, signal.SIGKILL)
        self._driver.wait()

    def wait(self) -> int:
        """Until the driver ends; its code. One that never does is a failure."""
        assert self._driver is not None
        try:
            return self._driver.wait(_WAIT_S)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"the driver hangs: {self.printed.read_text()}") from None

    def finish(self) -> None:
        """Run again until the study is done."""
        for _ in range(_DRIVERS):
            if self.wait() == 0:
                return
            self.run()
        raise AssertionError(self.printed.read_text())

    def until_more(self, epochs: int) -> bool:
        """Until so many further epochs are on record; false if the study is over before."""
        wanted = interrupting.recorded(self.store) + epochs
        return self.until(lambda: interrupting.recorded(self.store) >= wanted)

    def busy_node(self) -> Any | None:
        """A node on which a run is under way, by chance; None if the study is over before."""
        found: list[Any] = []

        def look() -> bool:
            found[:] = [node for node in self.cluster.nodes if self.cluster.runs_on(node)]
            return bool(found)

        return found[self.rng.integers(len(found))] if self.until(look) else None

    def until(self, is_so: Any) -> bool:
        """False if the study is over before."""
        end = time.monotonic() + _WAIT_S
        while not is_so():
            assert self._driver is not None
            if self._driver.poll() is not None:
                return False
            assert time.monotonic() < end, self.printed.read_text()
            time.sleep(0.05)
        return True

    def close(self) -> None:
        """Leave no driver behind."""
        if self._driver is not None:
            self.kill_driver()
