import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor

from frlib.core import safeio
from frlib.train.place import Place
from frlib.train.together import shown
from tests.unit.remote.conftest import machines
from tests.unit.remote.faulty import Machines

__all__ = ["machines"]
PARTS = "artifacts/old/.3f.aside-7/parts"


@dataclass
class _Two:
    """A group of two workers that only wait for each other."""

    size: int = 2
    barrier: threading.Barrier = field(default_factory=lambda: threading.Barrier(2, timeout=60))

    def max(self, values: Tensor) -> Tensor:
        self.barrier.wait()
        return values


def _place(group: Any) -> Place:
    return Place(torch.device("cpu"), group)


def test_shown_when_each_of_two_machines_wrote_a_part_then_both_have_both(
    machines: Machines,
) -> None:
    place, folders = _place(_Two()), [machines.copy(name).folder / PARTS for name in "ab"]

    def work(rank: int) -> list[str]:
        safeio.write_text(folders[rank] / f"{rank}.arrow", str(rank))
        shown(folders[rank], place)
        return [path.read_text() for path in sorted(folders[rank].glob("*.arrow"))]

    with ThreadPoolExecutor(2) as workers:
        assert list(workers.map(work, range(2))) == [["0", "1"], ["0", "1"]]


def test_shown_when_a_worker_is_alone_then_it_does_not_wait_for_the_store(
    machines: Machines,
) -> None:
    folder = machines.copy("a").folder / PARTS
    with machines.far.away():
        safeio.write_text(folder / "0.arrow", "0")
        shown(folder, Place(torch.device("cpu")))
    assert (folder / "0.arrow").read_text() == "0"
