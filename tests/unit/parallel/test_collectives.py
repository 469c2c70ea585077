"""The one-process twin, two real gloo processes, and the gradient rule of the replicated sum."""

from pathlib import Path

import pytest
import torch
import torch.distributed as dist
import torch.multiprocessing as mp

from frlib.parallel.collectives import SINGLE, Group, TorchGroup, replicated_sum
from frlib.testing.workers import ThreadGroup, together


def _work(group: Group) -> list[list[float]]:
    values = torch.tensor([1.0, -2.0]) * (group.rank + 1)
    results = [group.max(values), group.sum(values), group.mean(values), group.all_gather(values)]
    return [r.tolist() for r in results]


WANTED_OF_TWO = [[2.0, -2.0], [3.0, -6.0], [1.5, -3.0], [1.0, -2.0, 2.0, -4.0]]


def test_single_when_used_then_own_values_without_gradient() -> None:
    assert _work(SINGLE) == [[1.0, -2.0]] * 4
    values = torch.ones(2, requires_grad=True)
    for result in (SINGLE.max(values), SINGLE.sum(values), SINGLE.mean(values)):
        assert not result.requires_grad


def test_thread_workers_when_used_then_as_defined() -> None:
    assert together(2, _work) == [WANTED_OF_TWO] * 2


def _process(rank: int, rendezvous: str, folder: str) -> None:
    dist.init_process_group("gloo", init_method=f"file://{rendezvous}", rank=rank, world_size=2)
    group = TorchGroup()
    values = torch.tensor([1.0, 2.0], requires_grad=True)
    total = replicated_sum(values, group)
    (grad,) = torch.autograd.grad((3 * total).sum(), values)
    found = (group.rank, group.size, _work(group), total.tolist(), grad.tolist())
    (Path(folder) / f"{rank}.txt").write_text(repr(found))
    dist.destroy_process_group()


@pytest.mark.dist
def test_torch_group_when_two_processes_then_as_defined(tmp_path: Path) -> None:
    mp.spawn(_process, args=(str(tmp_path / "meet"), str(tmp_path)), nprocs=2)
    for rank in range(2):
        wanted = (rank, 2, WANTED_OF_TWO, [2.0, 4.0], [3.0, 3.0])
        assert (tmp_path / f"{rank}.txt").read_text() == repr(wanted)


def test_replicated_sum_when_differentiated_then_gradient_passes_unchanged() -> None:
    def work(group: ThreadGroup) -> tuple[float, float]:
        mine = torch.tensor(float(group.rank), requires_grad=True)
        total = replicated_sum(mine, group)
        (grad,) = torch.autograd.grad(5 * total, mine)
        return total.item(), grad.item()

    assert together(3, work) == [(3.0, 5.0)] * 3


def test_replicated_sum_when_single_then_the_values_with_their_gradient() -> None:
    values = torch.ones(2, requires_grad=True)
    assert replicated_sum(values, SINGLE) is values
