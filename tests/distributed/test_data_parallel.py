"""Two workers at the same global batch follow one worker."""

import subprocess
import sys
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

WORKER = """
import sys
import torch
import torch.distributed as dist
from safetensors.torch import save_file
from frlib.heads.presets import {head}
from frlib.parallel.collectives import SINGLE, TorchGroup
from frlib.train.loop import epochs
from frlib.train.place import Place
from tests.unit.train.worlds import config, manifest, pixels

rank, size, where, out = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3], sys.argv[4]
torch.set_num_threads(1)
group = SINGLE
if size > 1:
    dist.init_process_group("gloo", init_method=f"file://{{where}}", rank=rank, world_size=size)
    group = TorchGroup()
torch.set_default_dtype(torch.float64)
place = Place(torch.device("cpu"), group)
run = config(head={head}.Config({fields}), schedule={schedule}, epochs=2)
rows = [e for e in epochs(run, manifest(6), pixels(), seed=5, place=place)]
if rank == 0:
    found = {{k: v.double() for k, v in rows[-1].state.tensors().items()}}
    found["losses"] = torch.tensor([e.row["train/loss"] for e in rows])
    found["schedule"] = torch.tensor([float(n) for n in rows[-1].state.schedule.numbers().values()])
    found["flagged"] = torch.tensor(rows[-1].verdicts.rows)
    save_file(found, out)
if size > 1:
    dist.destroy_process_group()
"""


def _train(size: int, code: str, folder: Path) -> dict[str, torch.Tensor]:
    out = folder / f"{size}.safetensors"
    workers = [
        subprocess.Popen(
            [sys.executable, "-c", code, str(r), str(size), str(folder / f"meet{size}"), str(out)],
            cwd=Path(__file__).parents[2],
            stderr=subprocess.PIPE,
            text=True,
        )
        for r in range(size)
    ]
    for worker in workers:
        _, errors = worker.communicate(timeout=300)
        assert worker.returncode == 0, errors
    return load_file(out)


@pytest.mark.dist
@pytest.mark.parametrize(
    ("head", "fields", "schedule"),
    [
        ("curricular", "scale=16.0", "'poly'"),
        ("boundary", "margin=0.1, first_corrected_epoch=0", "'poly'"),
        ("arcface", "scale=16.0", "dict(name='moving_haar', alpha=0.3, lam=1.0, tau=0.2)"),
    ],
)
def test_training_when_two_workers_share_a_batch_then_equals_one_worker(
    head: str, fields: str, schedule: str, tmp_path: Path
) -> None:
    code = WORKER.format(head=head, fields=fields, schedule=schedule)
    one, two = (_train(size, code, tmp_path) for size in (1, 2))
    assert one.keys() == two.keys()
    assert torch.equal(one["flagged"], two["flagged"])
    for name, expected in one.items():
        torch.testing.assert_close(two[name], expected, rtol=1e-6, atol=1e-8, msg=name)
