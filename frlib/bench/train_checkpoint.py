"""What a checkpoint takes from training: the copy that training waits for, and the writing behind.

What comes back from the disk is compared with the state as it was, after training went on. Plain
code pickles model and optimiser where training stands. CPU time: of the training thread, and of the
whole process for what is written behind; the rate of writing is in wall time.
"""

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import torch

from frlib.bench import plain_training
from frlib.bench.train_case import Shape
from frlib.bench.train_own import Trainer
from frlib.core.errors import BenchmarkError
from frlib.train.keeper import Keeper
from frlib.train.place import Place

_EVERY = 100


@dataclass(frozen=True, kw_only=True)
class CheckpointResult:
    """One network and its head; medians. every: steps between checkpoints.

    stall_ms, plain_ms: CPU time of the training thread. lost: of the time of `every` steps, for the
    stall; behind: the same for writing, which another core may do. write_s: wall, to the disk.
    """

    name: str
    shape: Shape
    every: int
    mb: float
    step_ms: float
    plain_ms: float
    stall_ms: float
    lost: float
    behind_ms: float
    behind: float
    write_s: float
    mb_per_s: float


def measured(
    shape: Shape, precision: str, repeats: int, *, say: Callable[[str], None]
) -> CheckpointResult:
    """In the state that some steps leave. Files go to a temporary folder."""
    say(f"checkpoint of {shape.name}")
    trainer = Trainer(shape.config(), precision, classes=shape.classes, images=shape.batch)
    state = trainer.state
    draw = torch.Generator().manual_seed(1)
    images = torch.randn(shape.batch, 3, shape.side, shape.side, generator=draw)
    images = images.contiguous(memory_format=torch.channels_last)
    labels_B = torch.randint(shape.classes, (shape.batch,), generator=draw)
    trainer(images, labels_B)
    steps_s: list[float] = []
    plain_s: list[float] = []
    stalls_s: list[float] = []
    behind_s: list[float] = []
    writes_s: list[float] = []
    with TemporaryDirectory(prefix="frlib-bench-") as name:
        folder = Path(name) / "checkpoints"
        folder.mkdir()
        keeper = Keeper(folder, Place(torch.device("cpu")), newest=1, lowest_is_best=True)
        _compared(trainer, keeper, lambda: trainer(images, labels_B))
        for _ in range(repeats):
            began = time.process_time()
            trainer(images, labels_B)
            steps_s.append(time.process_time() - began)
            began = time.thread_time()
            plain_training.save(state.trainee, state.optimiser, Path(name) / "plain.pt")
            plain_s.append(time.thread_time() - began)
            began, in_all, wall = time.thread_time(), time.process_time(), time.perf_counter()
            keeper.save(state)
            stalls_s.append(time.thread_time() - began)
            keeper.wait()
            writes_s.append(time.perf_counter() - wall)
            behind_s.append(time.process_time() - in_all - stalls_s[-1])
        size = sum(path.stat().st_size for path in folder.iterdir())
    step_s, stall_s, own_s, write_s = (
        statistics.median(times) for times in (steps_s, stalls_s, behind_s, writes_s)
    )
    return CheckpointResult(
        name=shape.name,
        shape=shape,
        every=_EVERY,
        mb=size / 1e6,
        step_ms=1e3 * step_s,
        plain_ms=1e3 * statistics.median(plain_s),
        stall_ms=1e3 * stall_s,
        lost=stall_s / (_EVERY * step_s),
        behind_ms=1e3 * own_s,
        behind=own_s / (_EVERY * step_s),
        write_s=write_s,
        mb_per_s=size / 1e6 / write_s,
    )


def _compared(trainer: Trainer, keeper: Keeper, go_on: Callable[[], object]) -> None:
    state = trainer.state
    kept = state.tensors()
    keeper.save(state)
    go_on()
    keeper.restore(state)
    found = state.tensors()
    odd = [name for name, tensor in kept.items() if not torch.equal(found[name], tensor)]
    if odd:
        raise BenchmarkError(
            f"checkpoint: {len(odd)} tensors came back from the disk otherwise than they were when "
            f"it was asked for, first {odd[0]}. It was not timed"
        )
