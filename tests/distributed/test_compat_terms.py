"""Two gloo processes have the terms of backward-compatible training that one has, in float64.

One start of the processes computes every method, with a head that all hold and one shared out.
"""

from pathlib import Path

import pytest
import torch
import torch.distributed as dist
import torch.multiprocessing as mp

from frlib.core.config import canonical
from frlib.parallel.collectives import TorchGroup
from tests.contract.test_compat import CASES
from tests.unit.compat.sides import run, world

pytestmark = pytest.mark.dist

WAYS = {"whole": False, "shared": True}
Found = dict[str, dict[str, torch.Tensor]]


def _worker(rank: int, folder: str) -> None:
    torch.set_num_threads(1)
    dist.init_process_group("gloo", init_method=f"file://{folder}/meet", rank=rank, world_size=2)
    found = {
        f"{way} {canonical(config)}": run(config, world(), TorchGroup(), shares_classes=shared)
        for way, shared in WAYS.items()
        for config in CASES
    }
    torch.save(found, f"{folder}/{rank}.pt")
    dist.barrier()
    dist.destroy_process_group()


@pytest.fixture(scope="module")
def ranks(tmp_path_factory: pytest.TempPathFactory) -> list[Found]:
    folder = tmp_path_factory.mktemp("gloo")
    mp.spawn(_worker, (str(folder),), nprocs=2)
    return [torch.load(Path(folder) / f"{rank}.pt", weights_only=True) for rank in range(2)]


@pytest.mark.parametrize("way", WAYS)
def test_terms_when_two_workers_share_a_batch_then_as_one(way: str, ranks: list[Found]) -> None:
    seen_a_centre = False
    for config in CASES:
        alone = run(config, world())
        parts = [found[f"{way} {canonical(config)}"] for found in ranks]
        assert all(part.keys() == alone.keys() for part in parts)
        for name, wanted in alone.items():
            got = [part[name] for part in parts]
            if name == "centres" and WAYS[way]:
                got, seen_a_centre = [torch.cat(got)], True
            for one in got:
                torch.testing.assert_close(
                    one, wanted, rtol=1e-10, atol=1e-12, msg=f"{config} {name}"
                )
    assert seen_a_centre == WAYS[way]
