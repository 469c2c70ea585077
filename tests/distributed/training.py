"""Whole training runs as jobs, done one after the other by gloo workers in processes of their own.

`done` starts the workers and collects what the first one found; run as a module, this is a worker.
Starting processes is what takes time: so many jobs go to one start.
"""

import json
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import torch
import torch.distributed as dist
from safetensors.torch import load_file, save_file
from torch import Tensor

from frlib.parallel.collectives import TorchGroup
from frlib.train.keeper import Keeper
from frlib.train.loop import epochs
from frlib.train.old_side import OldSide
from frlib.train.place import Place
from tests.unit.train.tails import tail_images
from tests.unit.train.worlds import HERE, config, manifest, pixels

ROOT = Path(__file__).parents[2]
KEPT = 1000
FLOOR = 1e-3
"""Below, a tensor's values may be nothing but rounding: of biases that a batch norm takes out."""
Result = dict[str, Tensor]


@dataclass(frozen=True)
class Job:
    """A run of `worlds.config(**changes)`; `folder` of its checkpoints, empty for none."""

    name: str
    changes: Mapping[str, Any] = field(default_factory=dict)
    folder: str = ""
    dtype: str = "float64"


class Curves:
    """Listens to every step: `[n, 2]` losses and gradient norms."""

    def __init__(self) -> None:
        self.rows: list[tuple[float, float]] = []

    def point(self, row: Mapping[str, float], *, epoch: int, step: int) -> None:
        self.rows.append((row["steps/loss"], row["steps/norm"]))

    def event(self, name: str, message: str) -> None:
        """Nothing."""


def trained(job: Job, place: Place) -> Result:
    """Do a job; what the run arrived at, and how. Every worker calls this."""
    keeper = None
    if job.folder:
        keeper = Keeper(Path(job.folder), place, newest=KEPT, lowest_is_best=False)
    curves = Curves()
    settings, given = config(**{"epochs": 2, "log_every": 1} | dict(job.changes)), manifest(6)
    passes = epochs(
        settings, given, pixels(), seed=5, place=place, keeper=keeper, listener=curves,
        tail=None if settings.tail is None else tail_images(),
        old=None if settings.compat is None else OldSide(settings.compat, given),
    )  # fmt: skip
    rows = list(passes)
    if keeper is not None:
        keeper.wait()
    state, verdicts = rows[-1].state, rows[-1].verdicts
    return state.tensors() | {
        "curves": torch.tensor(curves.rows),
        "schedule": torch.tensor([float(n) for n in state.schedule.numbers().values()]),
        "flagged": torch.tensor(verdicts.rows),
        "proposed": torch.tensor(verdicts.proposed),
    }


@contextmanager
def joined(rank: int, size: int, meet: str) -> Iterator[Place]:
    """The place of one of `size` workers that meet at a file."""
    torch.set_num_threads(1)
    if size == 1:
        yield HERE
        return
    dist.init_process_group("gloo", init_method=f"file://{meet}", rank=rank, world_size=size)
    yield Place(HERE.device, TorchGroup())
    dist.destroy_process_group()


def start(module: str, size: int, folder: Path, *words: str) -> list[subprocess.Popen[str]]:
    """`size` workers, `python -m module rank size meet words`; what they print goes to `folder`."""
    meet = folder / "meet"
    meet.unlink(missing_ok=True)
    workers = []
    for rank in range(size):
        with (folder / f"printed{rank}").open("w") as printed:
            workers.append(
                subprocess.Popen(
                    [sys.executable, "-m", module, str(rank), str(size), str(meet), *words],
                    cwd=ROOT,
                    stdout=printed,
                    stderr=printed,
                    text=True,
                )
            )
    return workers


def ended(workers: Iterable[subprocess.Popen[str]], folder: Path, seconds: float = 400) -> None:
    """Wait for them; `AssertionError` with what a worker printed if it failed."""
    crew = list(workers)
    with ExitStack() as last:
        for worker in crew:
            last.callback(worker.wait)
            last.callback(worker.kill)
        for rank, worker in enumerate(crew):
            code = worker.wait(timeout=seconds)
            assert code == 0, f"worker {rank} ended with {code}:\n{_printed(folder, rank)}"


def _printed(folder: Path, rank: int) -> str:
    return (folder / f"printed{rank}").read_text()


def done(jobs: Iterable[Job], size: int, folder: Path) -> dict[str, Result]:
    """What `size` workers found, by the names of the jobs."""
    folder.mkdir(parents=True, exist_ok=True)
    todo = [asdict(job) for job in jobs]
    (folder / "jobs.json").write_text(json.dumps(todo))
    ended(start(__name__, size, folder, str(folder)), folder)
    return {job["name"]: load_file(folder / f"{job['name']}.safetensors") for job in todo}


def relative(found: Result, wanted: Result) -> float:
    """Largest difference of a tensor, in units of its largest value, or of `FLOOR`."""
    assert found.keys() == wanted.keys()
    worst = 0.0
    for name, value in wanted.items():
        if not value.numel():
            assert found[name].shape == value.shape, name
            continue
        off = (found[name].double() - value.double()).abs().max()
        worst = max(worst, float(off / value.double().abs().max().clamp(min=FLOOR)))
    return worst


def _main(rank: int, size: int, meet: str, folder: str) -> None:
    with joined(rank, size, meet) as place:
        for fields in json.loads(Path(folder, "jobs.json").read_text()):
            job = Job(**fields)
            torch.set_default_dtype(getattr(torch, job.dtype))
            found = trained(job, place)
            if place.is_first:
                save_file(found, Path(folder, f"{job.name}.safetensors"))


if __name__ == "__main__":
    _main(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3], sys.argv[4])
