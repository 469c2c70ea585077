"""Cleaning by two gloo processes: the same evidence as by one, and nobody is too early."""

import time
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import torch.distributed as dist
import torch.multiprocessing as mp

from frlib.cleaning import evidence, findings
from frlib.cleaning.evidence import Answers
from frlib.core import safeio
from frlib.parallel.collectives import TorchGroup
from frlib.records import ledger
from frlib.stages import decide, loop
from frlib.stages import evidence as evidence_stage
from frlib.train.clean import DECIDE, EVIDENCE, LOOP, MODEL
from frlib.train.place import Place
from tests.unit.stages.runs import config, job, produced

pytestmark = pytest.mark.dist

LOOKED = config(clean={"rule": "subcenter_drop"}, head={"name": "subcenter", "margin": 0.2})
REPEATED = config(clean={"rule": "loss_quantile", "rounds": 3, "changes": {"epochs": 1}})
SLOW_S = 0.5


def _rising(attempt: Path) -> dict[str, float]:
    """A metric that lets the loop go through all of its rounds."""
    rounds = [int(p.name[5:]) for p in attempt.parents if p.name.startswith("round")]
    return {"selection/auc": 0.5 + 0.1 * sum(rounds)}


def _process(rank: int, store: str) -> None:
    torch.set_num_threads(1)
    dist.init_process_group("gloo", init_method=f"file://{store}/meet", rank=rank, world_size=2)
    place, folder = Place(torch.device("cpu"), TorchGroup()), Path(store)
    looked = job(LOOKED, EVIDENCE, folder, {MODEL: folder / "made" / MODEL}, place=place)
    evidence_stage.produce(looked, folder / "by two")
    decided = loop.decided

    def slow(*given: Any) -> dict[str, Any]:
        time.sleep(SLOW_S)
        return decided(*given)

    loop.decided = slow
    ledger.final_metrics = _rising  # type: ignore[assignment]
    inputs = {name: folder / "repeated" / "made" / name for name in (MODEL, DECIDE)}
    facts = loop.produce(job(REPEATED, LOOP, folder, inputs, place=place), folder / "looped")
    safeio.write_json(folder / f"facts{rank}.json", facts)
    dist.destroy_process_group()


def test_produce_when_two_workers_do_it_then_the_same_evidence_and_all_rounds(
    tmp_path: Path,
) -> None:
    """In the loop the first worker decides slowly: the other one trains on its findings."""
    made = produced(LOOKED, tmp_path, last=EVIDENCE)
    produced(REPEATED, tmp_path / "repeated", last=DECIDE)
    mp.spawn(_process, args=(str(tmp_path),), nprocs=2)
    one, two = evidence.read(made[EVIDENCE]), evidence.read(tmp_path / "by two")
    assert two.ids.tolist() == one.ids.tolist() and two.vectors.loss_k == 3
    for name in (f.name for f in fields(Answers)):
        found, wanted = getattr(two.answered, name), getattr(one.answered, name)
        np.testing.assert_allclose(found, wanted, rtol=0, atol=1e-5, err_msg=name)
    np.testing.assert_allclose(two.vectors.embeddings, one.vectors.embeddings, rtol=0, atol=1e-5)
    assert np.array_equal(two.vectors.weight, one.vectors.weight)
    facts, others = (safeio.read_json(tmp_path / f"facts{rank}.json") for rank in range(2))
    assert facts["best"] == 3 and others == {}
    last = findings.read(loop.findings(tmp_path / "looped"))
    first = findings.read(decide.findings(tmp_path / "repeated/made" / DECIDE))
    assert last.ids.tolist() == first.ids.tolist()
    assert last.is_flagged.sum() == first.is_flagged.sum() > 0
