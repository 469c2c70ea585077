"""Batches read ahead by a thread of this process, into buffers that are used again and again.

Decoding and copying release the interpreter lock, so a thread is enough: no worker processes, no
copies between them, no start-up. What comes is the same for any depth and any number of threads.
"""

import queue
import threading
from collections.abc import Callable, Generator, Iterator

import numpy as np
from numpy.typing import NDArray

from frlib.data.loading.batch import Batch
from frlib.data.loading.tasks import Source, Task
from frlib.data.pixels.batches import Pixels

Buffer = NDArray[np.uint8]
Allocate = Callable[[tuple[int, ...]], Buffer]


def plain(shape: tuple[int, ...]) -> Buffer:
    """A buffer in ordinary memory."""
    return np.empty(shape, dtype=np.uint8)


class Loader:
    """`depth` batches are ready or being made while one is in use; 0 makes each when asked.

    allocate: makes the buffers (pinned memory where images go to a GPU), `depth + 1` of them.
    """

    def __init__(
        self, pixels: Pixels, tasks: Source, depth: int = 2, allocate: Allocate = plain
    ) -> None:
        self._pixels, self._tasks, self._depth = pixels, tasks, depth
        self._shape = (tasks.share, pixels.size, pixels.size, 3)
        self._allocate = allocate
        self._buffers: list[Buffer] = []

    def batches(self, epoch: int, first_step: int = 0) -> Generator[Batch, None, None]:
        """The batches of an epoch from a step on. Errors of reading are raised where they belong.

        The thread ends with the epoch, with an error, or when the iterator is closed.
        """
        if not self._buffers:
            self._buffers = [self._allocate(self._shape) for _ in range(self._depth + 1)]
        tasks = self._tasks.of(epoch, first_step)
        if not self._depth:
            return (self._filled(task, self._buffers[0]) for task in tasks)
        return _ahead(tasks, self._filled, self._buffers)

    def _filled(self, task: Task, buffer: Buffer) -> Batch:
        images = self._pixels.batch(task.rows, buffer)
        return Batch(task.step, task.rows, images, task.labels, task.draws)


def _ahead(
    tasks: Iterator[Task], fill: Callable[[Task, Buffer], Batch], buffers: list[Buffer]
) -> Generator[Batch, None, None]:
    """Fill in a thread; a buffer goes back to it when the batch after its own is asked for."""
    free: queue.SimpleQueue[Buffer | None] = queue.SimpleQueue()
    ready: queue.SimpleQueue[tuple[Batch, Buffer] | BaseException | None] = queue.SimpleQueue()
    stopped = threading.Event()

    def work() -> None:
        try:
            for task in tasks:
                buffer = free.get()
                if buffer is None or stopped.is_set():
                    return
                ready.put((fill(task, buffer), buffer))
            ready.put(None)
        except BaseException as error:
            ready.put(error)

    for buffer in buffers:
        free.put(buffer)
    thread = threading.Thread(target=work, name="read-ahead", daemon=True)
    thread.start()
    try:
        while (found := ready.get()) is not None:
            if isinstance(found, BaseException):
                raise found
            batch, buffer = found
            del found
            yield batch
            free.put(buffer)
    finally:
        stopped.set()
        free.put(None)
        thread.join()
