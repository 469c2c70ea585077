"""Kills workers of a training run from outside (SIGKILL), and lets others go on from what is left.

Run as a module, this is a worker. Every worker leaves the number of steps it has done in a file, so
that `killed` can hit it at a step. The first one can be made to halt in the middle of a checkpoint:
half of its tensors are on the disk then, under the name of a file that is not yet there.
"""

import json
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

import torch
from safetensors.torch import load_file, save_file

from frlib.train import checkpoint
from frlib.train.keeper import Keeper
from frlib.train.loop import epochs
from tests.distributed.training import Result, ended, joined, relative, start
from tests.unit.train.worlds import config, manifest, pixels

Where = Literal["worker 1", "worker 0 writing", "all"]
EVERY = 2
SETTINGS: Mapping[str, Any] = {
    "head": {"name": "boundary", "margin": 0.1, "first_corrected_epoch": 0},
    "schedule": {"name": "moving_haar", "alpha": 0.3, "lam": 1.0, "tau": 0.2},
    "checkpoint_every": EVERY,
    "log_every": 1,
}
"""18 steps, of 3 epochs, at batches of 8."""
_WAIT_S = 120.0


@dataclass(frozen=True)
class Kill:
    """Who is killed when `step` steps are done (at the next checkpoint, where it writes)."""

    where: Where
    step: int


@dataclass(frozen=True)
class Outcome:
    """How a run ended after a kill, against an undisturbed one of as many workers as before.

    resumed: steps done at the checkpoint it was taken up from.
    """

    kill: Kill
    resumed: int
    before: int
    after: int
    difference: float
    is_equal: bool

    def row(self) -> str:
        """A line of the table."""
        kill = self.kill
        return (
            f"{kill.where:16} | {kill.step:4} | {self.resumed:7} | {self.before:6} | "
            f"{self.after:5} | {self.difference:13.2g} | {'yes' if self.is_equal else 'no'}"
        )


HEADER = "where            | step | resumed | before | after | max rel. diff. | bit-equal"


def undisturbed(size: int, folder: Path, way: str = "sharded") -> Result:
    """What `size` workers arrive at."""
    return _finished(size, folder, way)


def killed(kill: Kill, size: int, folder: Path, way: str = "sharded") -> None:
    """Start `size` workers in `folder` and kill; all of them have ended then, none of them well."""
    workers = _start(size, folder, way, kill)
    try:
        if kill.where == "worker 0 writing":
            _until(lambda: (folder / "halfway").exists(), workers, folder)
            assert list((folder / "checkpoints").glob(".*.part"))
            chosen = workers[:1]
        else:
            _until(lambda: _steps(folder, size - 1) >= kill.step, workers, folder)
            chosen = workers[1:2] if kill.where == "worker 1" else workers
        for worker in chosen:
            worker.send_signal(signal.SIGKILL)
        codes = [worker.wait(timeout=_WAIT_S) for worker in workers]
    finally:
        for worker in workers:
            worker.kill()
            worker.wait()
    assert all(codes), f"workers ended with {codes}, though one of them was killed"
    assert not (folder / "final.safetensors").exists()


def taken_up(kill: Kill, before: int, after: int, folder: Path, wanted: Result) -> Outcome:
    """Go on in a copy of a folder that `killed` left; against `wanted` of the undisturbed run."""
    own = folder.with_name(f"{folder.name} to {after}")
    shutil.copytree(folder, own)
    found = _finished(after, own, "sharded")
    assert not list((own / "checkpoints").glob(".*.part")), "half a checkpoint was left behind"
    return Outcome(
        kill,
        int((own / "resumed").read_text()),
        before,
        after,
        relative(found, wanted),
        all(torch.equal(found[name], value) for name, value in wanted.items()),
    )


def _finished(size: int, folder: Path, way: str) -> Result:
    ended(_start(size, folder, way, None), folder)
    return load_file(folder / "final.safetensors")


def _start(size: int, folder: Path, way: str, kill: Kill | None) -> list[subprocess.Popen[str]]:
    folder.mkdir(exist_ok=True)
    told = {"way": way, "kill": None if kill is None else asdict(kill)}
    return start(__name__, size, folder, str(folder), json.dumps(told))


def _until(is_so: Callable[[], bool], workers: list[subprocess.Popen[str]], folder: Path) -> None:
    end = time.monotonic() + _WAIT_S
    while not is_so():
        codes = [worker.poll() for worker in workers]
        printed = [path.read_text() for path in sorted(folder.glob("printed*"))]
        assert time.monotonic() < end and not any(c is not None for c in codes), (codes, printed)
        time.sleep(0.002)


def _steps(folder: Path, rank: int) -> int:
    try:
        return int((folder / f"steps{rank}").read_text() or 0)
    except FileNotFoundError:
        return 0


@dataclass(frozen=True)
class _Counter:
    """Listens for steps that are done."""

    path: Path

    def point(self, row: Mapping[str, float], *, epoch: int, step: int) -> None:
        self.path.write_text(str(step))

    def event(self, name: str, message: str) -> None:
        """Nothing."""


def _halt_in_checkpoint(folder: Path, step: int) -> None:
    """Writing the tensors of the first checkpoint from `step` on stops halfway, for ever."""

    def save(tensors: Result, path: Path) -> None:
        save_file(tensors, path)
        at = int(path.name.removeprefix(".").split(".")[0])
        if at >= step:
            with path.open("rb+") as file:
                file.truncate(path.stat().st_size // 2)
            (folder / "halfway").touch()
            time.sleep(2 * _WAIT_S)

    checkpoint.save_file = save  # type: ignore[attr-defined]


def _main(rank: int, size: int, meet: str, where: str, told: str) -> None:
    folder, words = Path(where), json.loads(told)
    kill = words["kill"]
    if kill is not None and kill["where"] == "worker 0 writing" and rank == 0:
        _halt_in_checkpoint(folder, kill["step"])
    torch.set_default_dtype(torch.float64)
    with joined(rank, size, meet) as place:
        keeper = Keeper(folder / "checkpoints", place, newest=2, lowest_is_best=False)
        newest = max((folder / "checkpoints").glob("*.json"), default=None)
        if place.is_first:
            (folder / "resumed").write_text(newest.stem if newest else "0")
        settings = config(**SETTINGS, batch_size=8, class_rows=words["way"])
        passes = epochs(
            settings, manifest(6), pixels(), seed=5, place=place, keeper=keeper,
            listener=_Counter(folder / f"steps{rank}"),
        )  # fmt: skip
        *_, last = passes
        keeper.wait()
        found = last.state.tensors() | {"flagged": torch.tensor(last.verdicts.rows)}
        if place.is_first:
            save_file(found, folder / "final.safetensors")


if __name__ == "__main__":
    _main(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3], sys.argv[4], sys.argv[5])
