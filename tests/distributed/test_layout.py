"""Heads stored whole by gloo processes: what three hold, one holds; two go on from it."""

from pathlib import Path

import pytest
import torch
import torch.distributed as dist
import torch.multiprocessing as mp

from frlib.core.errors import RecordError
from frlib.heads.build import build
from frlib.heads.head import Head
from frlib.heads.layout import load_whole, whole_state
from frlib.heads.presets import adam_softmax, composed
from frlib.parallel.collectives import SINGLE, Group, TorchGroup

pytestmark = pytest.mark.dist

CLASSES, DIM, IMAGES = 11, 5, 6
CONFIG = {
    "similarity": {"name": "subcenter", "loss_k": 3},
    "margin": "learned",
    "relabel": "progressive",
}


def _head(group: Group, seed: int = 1) -> Head:
    config = composed.Config.parse(CONFIG)
    return build(config, CLASSES, DIM, seed, num_samples=IMAGES, classes=group)


def _process(rank: int, folder: str) -> None:
    torch.set_num_threads(1)
    dist.init_process_group("gloo", init_method=f"file://{folder}/meet", rank=rank, world_size=3)
    two = dist.new_group([0, 1])
    three = TorchGroup()
    head = _head(three)
    with torch.no_grad():
        first = head.shard.first
        head.state_of("margin").margin.copy_(torch.arange(first, first + head.shard.count) / 11)
        head.state_of("relabel").candidate.copy_(torch.arange(IMAGES))
    found = {"three": whole_state(head), "first": whole_state(head, only_first=True)}
    if rank < 2:
        assert isinstance(two, dist.ProcessGroup)
        other = _head(TorchGroup(two), seed=2)
        load_whole(other, found["three"])
        found["two"] = whole_state(other)
    odd = build(adam_softmax.Config(), CLASSES, DIM, 1, classes=three) if rank == 2 else head
    with pytest.raises(RecordError, match=f"worker {2 if rank < 2 else 0} holds tensors that"):
        whole_state(odd)
    torch.save(found, f"{folder}/{rank}.pt")
    dist.destroy_process_group()


def test_head_when_gloo_workers_store_it_then_whole_on_each_and_loaded_by_fewer(
    tmp_path: Path,
) -> None:
    mp.spawn(_process, args=(str(tmp_path),), nprocs=3)
    found = [torch.load(tmp_path / f"{rank}.pt", weights_only=True) for rank in range(3)]
    wanted = _head(SINGLE).state_dict()
    wanted["margin.margin"] = torch.arange(CLASSES) / 11
    wanted["relabel.candidate"] = torch.arange(IMAGES)
    states = [*(part["three"] for part in found), found[0]["first"], *(p["two"] for p in found[:2])]
    for state in states:
        assert list(state) == list(wanted)
        for name, value in wanted.items():
            assert torch.equal(state[name], value), name
    assert found[1]["first"] == found[2]["first"] == {}
