"""What is true of a run and follows from data and machine, not from its config."""

import os
import platform
from typing import Any

import torch

import frlib
from frlib.core import checkout
from frlib.core.config import digest
from frlib.data.prepare import Prepared
from frlib.train.config import TrainConfig
from frlib.train.place import Place


def of(config: TrainConfig, prepared: Prepared, place: Place) -> dict[str, Any]:
    """The facts of a run that begins, as plain JSON types."""
    train = prepared.train
    return {
        "config_digest": digest(config),
        "images": len(train),
        "classes": train.num_classes,
        "manifest": train.digest,
        "realised": train.facts,
        "selection_pairs": len(prepared.selection.pairs.same) if prepared.selection else 0,
        "benchmark_pairs": {b.name: len(b.pairs.same) for b in prepared.benchmarks},
        "workers": place.group.size,
        "device": place.device.type,
        "threads": torch.get_num_threads(),
        "cpus": os.cpu_count(),
        "python": platform.python_version(),
        "torch": str(torch.__version__),
        "frlib": frlib.__version__,
        "git": checkout.told(),
    } | _tail(prepared)


def _tail(prepared: Prepared) -> dict[str, Any]:
    tail = prepared.tail
    if tail is None:
        return {}
    about = {"images": len(tail), "identities": tail.num_classes, "manifest": tail.digest}
    return {"tail": about | {"realised": tail.facts}}
