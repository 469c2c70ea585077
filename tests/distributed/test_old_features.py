"""Old features by two gloo processes: the files of one, byte for byte, also after a killed job."""

from pathlib import Path

import pytest
import torch
import torch.distributed as dist
import torch.multiprocessing as mp

from frlib.core import safeio
from frlib.evaluate import extract
from frlib.parallel.collectives import TorchGroup
from frlib.stages import old_features, old_summary
from frlib.train.compatible import FEATURES, OLD, SUMMARY
from frlib.train.old_files import TRAIN
from frlib.train.place import Place
from tests.unit.stages.runs import config, job, produced

pytestmark = pytest.mark.dist

RUN = config(compat={"changes": {"epochs": 1}, "method": "bct", "flip": "random"})
KEPT = "00001.arrow"


def _process(rank: int, store: str) -> None:
    torch.set_num_threads(1)
    dist.init_process_group("gloo", init_method=f"file://{store}/meet", rank=rank, world_size=2)
    extract._BLOCK_ROWS, extract.BATCH = 16, 8
    place, folder = Place(torch.device("cpu"), TorchGroup()), Path(store)
    inputs = {OLD: folder / "made" / OLD}
    facts = old_features.produce(job(RUN, FEATURES, folder, inputs, place=place), folder / "by two")
    inputs[FEATURES] = folder / "by two"
    dist.barrier()
    old_summary.produce(job(RUN, SUMMARY, folder, inputs, place=place), folder / "summed")
    safeio.write_json(folder / f"facts{rank}.json", facts)
    dist.destroy_process_group()


def test_produce_when_two_workers_do_it_then_the_same_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A block of the training images is there already, as a job that died leaves it."""
    monkeypatch.setattr(extract, "_BLOCK_ROWS", 16)
    monkeypatch.setattr(extract, "BATCH", 8)
    made = produced(RUN, tmp_path)
    kept = tmp_path / "by two/parts" / TRAIN / KEPT
    kept.parent.mkdir(parents=True)
    again = tmp_path / "again"
    monkeypatch.setattr("frlib.stages._old_features.shutil.rmtree", lambda *_, **__: None)
    old_features.produce(job(RUN, FEATURES, tmp_path, made), again)
    kept.write_bytes((again / "parts" / TRAIN / KEPT).read_bytes())
    (tmp_path / "summed").mkdir()
    mp.spawn(_process, args=(str(tmp_path),), nprocs=2)
    names = {path.name for path in made[FEATURES].iterdir()}
    assert {path.name for path in (tmp_path / "by two").iterdir()} == names
    for name in names:
        assert (tmp_path / "by two" / name).read_bytes() == (made[FEATURES] / name).read_bytes()
    for path in made[SUMMARY].iterdir():
        assert (tmp_path / "summed" / path.name).read_bytes() == path.read_bytes()
    facts, others = (safeio.read_json(tmp_path / f"facts{rank}.json") for rank in range(2))
    assert facts["images"]["train"] == 64 and others == {}
