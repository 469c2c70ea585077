"""Writes checkpoints behind the back of training, and keeps the newest ones and the best.

The state is copied at once and written by a thread. A write that failed is told at the next call.
"""

import threading
from pathlib import Path

from frlib.train import checkpoint
from frlib.train.checkpoint import Snapshot
from frlib.train.place import Place
from frlib.train.state import State
from frlib.train.together import shown


class Keeper:
    """For one run. Every worker calls it alike; the first one writes."""

    def __init__(self, folder: Path, place: Place, *, newest: int, lowest_is_best: bool) -> None:
        self._folder, self._place, self._newest = folder, place, newest
        self._lowest_is_best = lowest_is_best
        self._writing: threading.Thread | None = None
        self._error: BaseException | None = None

    def save(self, state: State, score: float | None = None) -> None:
        """Keep this moment. score: of the selection, where it was measured just now.

        The copy before is on the disk by then: there is room for one at a time.
        """
        self.wait()
        snapshot = Snapshot.of(state, score)
        if not self._place.is_first:
            return
        writing = threading.Thread(target=self._write, args=(snapshot,), name="checkpoint")
        try:
            writing.start()
        except RuntimeError:  # the machine has no thread left: it is written here
            self._write(snapshot)
            return
        self._writing = writing

    def restore(self, state: State) -> bool:
        """Go back to the newest whole one; false when there is none. Every worker calls this."""
        self._all_wait()
        return checkpoint.restore(state, self._folder)

    def restore_best(self, state: State) -> bool:
        """The same with the best selection value."""
        self._all_wait()
        return checkpoint.restore_best(state, self._folder, lowest_is_best=self._lowest_is_best)

    def clear(self) -> None:
        """Remove all of a finished run."""
        self.wait()
        if self._place.is_first:
            checkpoint.clear(self._folder)

    def settle(self) -> None:
        """Until nothing is being written; for a run that ends by an error of its own."""
        if self._writing is not None:
            self._writing.join()

    def wait(self) -> None:
        """Until what was saved is on the disk; raises what went wrong."""
        if self._writing is not None:
            self._writing.join()
            self._writing = None
        error, self._error = self._error, None
        if error is not None:
            raise error

    def _all_wait(self) -> None:
        self.wait()
        shown(self._folder, self._place)

    def _write(self, snapshot: Snapshot) -> None:
        try:
            written = checkpoint.write(snapshot, self._folder)
            checkpoint.keep(written, self._newest, lowest_is_best=self._lowest_is_best)
        except BaseException as error:  # told to the training thread
            self._error = error
