"""Two workers at the same global batch follow one worker, whatever the head keeps between steps.

One start of a single worker and one of a pair train all runs, because starting is what takes time.
"""

import subprocess
import sys
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

RUNS = {
    "curricular": "head=curricular.Config(scale=16.0)",
    "boundary": "head=boundary.Config(margin=0.1, first_corrected_epoch=0)",
    "moving haar": "head=arcface.Config(scale=16.0), "
    "schedule=dict(name='moving_haar', alpha=0.3, lam=1.0, tau=0.2)",
    "sampled": "head=boundary.Config(margin=0.1, first_corrected_epoch=0, sample_rate=0.5)",
    "adaface": "head=adaface.Config(scale=16.0)",
    "adacos": "head=adacos.Config()",
    "elastic plus": "head=elastic.Config(scale=16.0, plus=True)",
    "adam": "head=adam_softmax.Config(lam=1.0)",
    "uniface": "head=uniface.Config(scale=16.0)",
    "unequal": "head=unequal.Config(scale=16.0, interweight=1.0)",
    "vit that draws": "head=arcface.Config(scale=16.0), backbone=vit.Config(patch=8, "
    "embedding_size=16, drop_path=0.2, mask_ratio=0.2, dropout=0.1, recompute=True)",
    "repface": "head=repface.Config(scale=16.0, margin=0.1, first_corrected_epoch=1)",
}
WORKER = """
import sys
import torch
import torch.distributed as dist
from safetensors.torch import save_file
from frlib.backbones import vit
from frlib.heads.presets import (
    adacos, adaface, adam_softmax, arcface, boundary, curricular, elastic, repface, unequal, uniface
)
from frlib.parallel.collectives import SINGLE, TorchGroup
from frlib.train.loop import epochs
from frlib.train.place import Place
from tests.unit.train.worlds import config, manifest, pixels

rank, size, where, out = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3], sys.argv[4]
torch.set_num_threads(1)
group = SINGLE
if size > 1:
    dist.init_process_group("gloo", init_method=f"file://{where}", rank=rank, world_size=size)
    group = TorchGroup()
torch.set_default_dtype(torch.float64)
place = Place(torch.device("cpu"), group)
found = {}
RUNS
if rank == 0:
    save_file(found, out)
if size > 1:
    dist.destroy_process_group()
"""
ONE_RUN = """
rows = [e for e in epochs(config(FIELDS, epochs=2), manifest(6), pixels(), seed=5, place=place)]
state = rows[-1].state
found |= {"NAME/" + k: v.double() for k, v in state.tensors().items()}
found["NAME/losses"] = torch.tensor([e.row["train/loss"] for e in rows])
found["NAME/schedule"] = torch.tensor([float(n) for n in state.schedule.numbers().values()])
found["NAME/flagged"] = torch.tensor(rows[-1].verdicts.rows)
"""

Result = dict[str, torch.Tensor]


def _train(size: int, folder: Path) -> Result:
    out = folder / f"{size}.safetensors"
    runs = [ONE_RUN.replace("FIELDS", f).replace("NAME", n) for n, f in RUNS.items()]
    code = WORKER.replace("\nRUNS\n", "\n".join(runs))
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


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> tuple[Result, Result]:
    """What one worker and what two workers arrived at."""
    folder = tmp_path_factory.mktemp("parallel")
    return _train(1, folder), _train(2, folder)


@pytest.mark.dist
@pytest.mark.parametrize("name", RUNS)
def test_training_when_two_workers_share_a_batch_then_equals_one_worker(
    name: str, trained: tuple[Result, Result]
) -> None:
    one, two = ({k: v for k, v in r.items() if k.startswith(f"{name}/")} for r in trained)
    assert one.keys() == two.keys() and len(one) > 3
    assert torch.equal(one[f"{name}/flagged"], two[f"{name}/flagged"])
    for key, expected in one.items():
        torch.testing.assert_close(two[key], expected, rtol=1e-6, atol=1e-8, msg=key)
