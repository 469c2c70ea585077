"""What decides the memory of a worker, as plain numbers read from a run's config."""

import json
from dataclasses import dataclass
from functools import cache
from typing import Literal

import torch

from frlib.core import discover
from frlib.core.config import canonical
from frlib.core.errors import ConfigError
from frlib.heads.build import slots
from frlib.heads.shard import share
from frlib.heads.slots import Slots
from frlib.train.build import require_offloadable, shares_classes
from frlib.train.config import Backbone, TrainConfig
from frlib.train.footprint import Footprint, measured

BUFFERS = 3
"""Copies of what a forward pass moves: its own, and two that are kept for a step that is undone."""

ClassRows = Literal["replicated", "sharded", "offloaded"]
_FLOAT = 4
_NUMBER = 8
_FEWEST_SAMPLED = 2


@dataclass(frozen=True, kw_only=True)
class Workload:
    """One run. Counts are numbers of things; `_bytes` say what they are.

    backbone, network: its config, and its footprint in `precision`. batch: images in a step over
    all workers. ahead: batches the loader holds. classes: of the training set. centres: weight rows
    of a class. moments: numbers an optimiser keeps for each parameter. slot_bytes: numbers that the
    head keeps per class and per image, as one worker holds them. tail: images of a tail in a step,
    over all workers; mined: that they are chosen from. beside_bytes: held by a method
    of `compat`. renewed: times that it looks at all images.
    """

    backbone: Backbone
    network: Footprint
    precision: str
    size: int
    batch: int
    workers: int
    accumulate: int
    ahead: int
    classes: int
    centres: int
    dim: int
    sample_rate: float
    logits: str
    class_rows: ClassRows
    moments: int
    average: bool
    slot_bytes: int
    tail: int = 0
    mined: int = 0
    beside_bytes: int = 0
    renewed: int = 0

    def __post_init__(self) -> None:
        if self.workers < 1:
            raise ConfigError(f"workers={self.workers}: a run has one worker or more")
        if self.batch % (self.workers * self.accumulate):
            raise ConfigError(
                f"batch_size={self.batch} does not divide into {self.workers} workers with "
                f"accumulate={self.accumulate}; choose a multiple of "
                f"{self.workers * self.accumulate}"
            )
        if self.classes < max(2, self.workers):
            raise ConfigError(
                f"{self.classes} classes for {self.workers} workers: at least 2, and one for every "
                "worker, are needed"
            )

    @property
    def share(self) -> int:
        """Images of a worker in a step."""
        return self.batch // self.workers

    @property
    def tail_share(self) -> int:
        """Tail images of a worker in a step, all in one pass."""
        return -(-self.tail // self.workers)

    @property
    def piece(self) -> int:
        """Images of a worker in one pass."""
        return self.share // self.accumulate

    @property
    def head_batch(self) -> int:
        """Embeddings that the head of a worker sees in one pass: of all workers, if sharded."""
        return self.piece * (self.workers if self.is_sharded else 1)

    @property
    def is_sharded(self) -> bool:
        """Whether a worker holds some of the classes alone, on its device or beside it."""
        return self.class_rows != "replicated" and self.workers > 1

    @property
    def rows(self) -> int:
        """Weight rows of the worker that holds the most."""
        workers = self.workers if self.is_sharded else 1
        return share(self.classes, 0, workers)[1] * self.centres

    @property
    def draws_apart(self) -> bool:
        """Whether drawn rows take their gradient apart, and none of the weight's size is made."""
        return self.is_sampled and (self.is_sharded or self.workers == 1)

    @property
    def is_sampled(self) -> bool:
        """Whether some classes take no part in a step."""
        return self.sample_rate < 1

    @property
    def rows_in_step(self) -> int:
        """Weight rows of the worker that take part in one pass: an even share of those drawn."""
        if not self.is_sampled:
            return self.rows
        positives = min(self.piece * self.workers, self.classes)
        drawn = max(_FEWEST_SAMPLED, int(self.sample_rate * self.classes), positives)
        workers = self.workers if self.is_sharded else 1
        return min(-(-drawn // workers) * self.centres, self.rows)


def workload(config: TrainConfig, *, workers: int, num_classes: int, num_images: int) -> Workload:
    """Of a config on `workers` workers. `ConfigError` where the batch or the classes do not divide.

    `precision=auto` counts as float32, and `class_rows=auto` as the trainer decides it.
    """
    if config.head.form != "fused":
        raise ConfigError(
            f"head.form={config.head.form}: memory is planned for the lean form alone; set "
            "head.form=fused"
        )
    if config.tail is not None:
        config.tail.require_fit(workers, config.accumulate)
    precision = "float32" if config.precision == "auto" else config.precision
    composed = slots(config.head)
    moments = _moments(config)
    class_rows = _class_rows(config, num_classes, workers)
    return Workload(
        backbone=config.backbone,
        network=_network(
            type(config.backbone), canonical(config.backbone), config.data.size, precision
        ),
        precision=precision,
        size=config.data.size,
        batch=config.batch_size,
        workers=workers,
        accumulate=config.accumulate,
        ahead=config.data.read_ahead + 1,
        classes=num_classes,
        centres=composed.similarity.centres_per_class,
        dim=config.backbone.embedding_size,
        sample_rate=config.head.sample_rate,
        logits=config.head.logits,
        class_rows=class_rows,
        moments=moments,
        average=config.ema > 0,
        slot_bytes=_slot_bytes(composed, num_classes, num_images, moments),
        tail=0 if config.tail is None else config.tail.images,
        mined=0 if config.tail is None else config.tail.embedded,
        beside_bytes=_beside_bytes(config, workers, num_classes),
        renewed=_renewed(config),
    )


def _beside_bytes(config: TrainConfig, workers: int, classes: int) -> int:
    """With old features as large as the new embedding."""
    if config.compat is None:
        return 0
    rows = config.batch_size // workers // config.accumulate
    return _FLOAT * config.compat.method.numbers(classes, config.backbone.embedding_size, rows)


def _renewed(config: TrainConfig) -> int:
    if config.compat is None:
        return 0
    return sum(epoch < config.epochs for epoch in config.compat.method.renewed_at)


@cache
def _network(kind: type[Backbone], text: str, size: int, precision: str) -> Footprint:
    """Measured once in a process: the cells of a study have few networks."""
    return measured(kind.parse(json.loads(text)), size, precision)


def _class_rows(config: TrainConfig, classes: int, workers: int) -> ClassRows:
    if config.class_rows == "offloaded":
        require_offloadable(config)
        return "offloaded"
    return "sharded" if shares_classes(config, classes, workers) else "replicated"


def _moments(config: TrainConfig) -> int:
    """Numbers kept for each parameter, seen on an optimiser of one parameter."""
    parameter = torch.nn.Parameter(torch.zeros(2, 2))
    group = {"params": [parameter], "rate": 1.0, "weight_decay": 0.0}
    optimiser = discover.load("frlib.optimisers", config.optimiser.name).build(
        config.optimiser, [group]
    )
    kept = optimiser.state[parameter].values()
    return sum(torch.is_tensor(value) and value.shape == parameter.shape for value in kept)


def _slot_bytes(composed: Slots, classes: int, images: int, moments: int) -> int:
    sizes = {"head": 1, "class": classes, "sample": images}
    total = 0
    for slot in (
        composed.scale,
        composed.margin,
        composed.negatives,
        composed.relabel,
        composed.objective,
        *composed.terms,
    ):
        for number in slot.state(classes).values():
            width = _NUMBER if isinstance(number.start, int) else _FLOAT
            copies = 2 + moments if number.learned else BUFFERS
            total += sizes[number.per] * width * copies
    return total
