"""Two workers that share the classes out go on from a prefix that two workers kept."""

import json
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from frlib.train.prefix import FACT
from frlib.train.start import MODEL
from tests.distributed import inheriting
from tests.distributed.training import ended, start

pytestmark = pytest.mark.dist


def test_run_when_two_workers_inherit_then_ends_as_if_trained_from_its_beginning(
    tmp_path: Path,
) -> None:
    ended(start(inheriting.__name__, 2, tmp_path, str(tmp_path)), tmp_path)
    found, wanted = (
        inheriting.ticket(tmp_path, store, inheriting.CHILD) for store in ("shared", "alone")
    )
    facts = [
        json.loads((one.folder / "a0/run.json").read_text())["facts"] for one in (found, wanted)
    ]
    assert facts[0][FACT]["epoch"] == inheriting.EPOCH and FACT not in facts[1]
    own, other = (load_file(one.folder / MODEL) for one in (found, wanted))
    assert own.keys() == other.keys()
    assert all(torch.equal(own[name], other[name]) for name in own)
