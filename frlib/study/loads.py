"""What a run of one kind of cell asks of a machine, as plain numbers."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Load:
    """flops: of a step, over all workers. Bytes are of one worker, and of what one run writes.

    what: in words. images: of the training set. model_bytes: the finished model, kept for every
    run. checkpoint_bytes: one checkpoint; a running run keeps several. pairs: of every benchmark,
    by name.
    """

    what: str
    images: int
    steps_per_epoch: int
    flops: int
    device_bytes: int
    host_bytes: int
    model_bytes: int
    checkpoint_bytes: int
    pairs: Mapping[str, int]
