"""A workload in round numbers, and one of a real config."""

from dataclasses import replace
from typing import Any

from frlib.backbones import tiny
from frlib.train.config import Backbone
from frlib.train.footprint import Footprint
from frlib.train.workload import Workload

KIB = 1024
NETWORK = Footprint(
    parameters=1000,
    trained=900,
    other_bytes=80,
    fixed_bytes=4 * KIB,
    bytes_per_image=64 * KIB,
    flops_per_image=6_000_000,
)


def workload(**changes: Any) -> Workload:
    """One worker, batch 64, 5,000 classes of 32 numbers, SGD."""
    backbone: Backbone = tiny.Config(width=4, embedding_size=32)
    usual = Workload(
        backbone=backbone,
        network=NETWORK,
        precision="float32",
        size=32,
        batch=64,
        workers=1,
        accumulate=1,
        ahead=3,
        classes=5000,
        centres=1,
        dim=32,
        sample_rate=1.0,
        logits="float32",
        class_rows="replicated",
        moments=1,
        average=False,
        slot_bytes=0,
    )
    return replace(usual, **changes)
