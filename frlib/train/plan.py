"""Memory and throughput of a run, stated before anything starts.

Of a worker, in bytes, with P backbone parameters, R = C K rows of class centres here (C classes, K
centres each) of D numbers, B embeddings at its head in a pass, and m numbers of the optimiser for
each parameter (SGD with momentum 1, AdamW 2):

    weights         4 (P + R D), once more with `ema`, and the running statistics three times:
                    two steps keep a copy of what a forward pass moves
    gradients       4 (P + R D); 4 P where only some classes take part and their rows' gradient is
                    not averaged over workers
    optimiser       4 m (P + R D)
    averaging       send buffers where there are several workers: 4 P, and 4 R D if replicated
    pass            backbone over the piece (`footprint`), and over the tail's images with it
    logits          one B x C' buffer of 4 or 2 bytes, C' the classes of the step; with K centres
                    one over C' K besides
    drawn classes   their rows and those rows' gradient, 8 C' K D, if `sample_rate` < 1
    moving          what moving them alone takes, 4 (m + 1) C' K D, beyond a pass
    next gradient   what a further piece adds to the gradient of class rows: 4 R D, or 4 C' K D
    images          of the whole share and of the tail: uint8, and float for the pieces that wait

The sum is an upper bound: gradients are counted in full while a pass is at its highest. With
`offloaded` rows, weights and moments of class centres are in host memory, and the device holds the
rows of a step and their gradient.
"""

from dataclasses import dataclass
from typing import Literal

from frlib.core.errors import ConfigError
from frlib.data.loading.plan import Plan
from frlib.train.config import TrainConfig
from frlib.train.workload import BUFFERS, Workload, workload

PROCESS_BYTES = 800 * 2**20
"""Host memory of a worker that has imported everything and done nothing."""

_FLOAT = 4
_FORWARD = 3
"""A forward pass is a third of both."""
_CHANNELS = 3
_EMBEDDINGS = 6
"""Copies of the embeddings at the head: gathered, as directions, and gradients of each."""
_WORK = 4 * 2**20
"""Blocks of rows and of classes that the head works through."""


@dataclass(frozen=True)
class Part:
    """Bytes of a worker. place: `device` or `host`. about: of what, for people."""

    name: str
    place: Literal["device", "host"]
    bytes: int
    about: str


@dataclass(frozen=True, kw_only=True)
class MemoryPlan:
    """What a run needs.

    steps: in an epoch. images: that pass in the whole run, without those that are mined from.
    flops_per_image: of backbone and of all class rows, forward and backward. hours: budget, 0 for
    none.
    """

    workload: Workload
    parts: tuple[Part, ...]
    steps: int
    epochs: int
    images: int
    head_flops_per_image: int
    hours: float

    @property
    def device_bytes(self) -> int:
        """Of one worker, on its device."""
        return sum(part.bytes for part in self.parts if part.place == "device")

    @property
    def host_bytes(self) -> int:
        """Of one worker, in the memory of its machine."""
        return sum(part.bytes for part in self.parts if part.place == "host")

    @property
    def flops_per_image(self) -> int:
        """Forward and backward, backbone and head, over all workers together."""
        return self.workload.network.flops_per_image + self.head_flops_per_image

    @property
    def flops_per_step(self) -> int:
        """Over all workers: the batch, the tail without the head, and what is forward alone.

        That is mining, and a method of `compat` that looks at all images, as its part of a step.
        """
        load, each = self.workload, self.workload.network.flops_per_image
        trained = load.batch * self.flops_per_image + load.tail * each
        renewed = load.renewed * load.batch * each // (_FORWARD * self.epochs)
        return trained + load.mined * each // _FORWARD + renewed

    @property
    def images_per_s(self) -> float | None:
        """That all workers together must train to meet the budget; None without one."""
        return self.images / (3600 * self.hours) if self.hours else None


def plan(
    config: TrainConfig, *, workers: int, num_classes: int, num_images: int, hours: float = 0.0
) -> MemoryPlan:
    """The plan of a run of `config` over so many classes and images.

    hours: wall time it may take, 0 for no limit. `ConfigError` where batch, workers and classes do
    not go together, `DataError` where the images make no batch.
    """
    if hours < 0:
        raise ConfigError(f"hours={hours}: a budget is 0 (none) or more")
    load = workload(config, workers=workers, num_classes=num_classes, num_images=num_images)
    steps = Plan(num_images, config.batch_size, workers, config.last_batch).steps
    return MemoryPlan(
        workload=load,
        parts=parts(load),
        steps=steps,
        epochs=config.epochs,
        images=steps * (load.batch + load.tail) * config.epochs,
        head_flops_per_image=_head_flops(load),
        hours=hours,
    )


def parts(load: Workload) -> tuple[Part, ...]:
    """Everything a worker holds at the highest moment of a step."""
    found = (*_backbone(load), *_centres(load), *_passing(load), *_host(load))
    return tuple(part for part in found if part.bytes)


def device_bytes(load: Workload) -> int:
    """Of one worker, on its device."""
    return sum(part.bytes for part in parts(load) if part.place == "device")


def host_bytes(load: Workload) -> int:
    """Of one worker, in the memory of its machine."""
    return sum(part.bytes for part in parts(load) if part.place == "host")


def _backbone(load: Workload) -> tuple[Part, ...]:
    net = load.network
    weights, trained = _FLOAT * net.parameters, _FLOAT * net.trained
    averaging, moving = trained if load.workers > 1 else 0, BUFFERS * net.other_bytes
    return (
        Part("backbone", "device", weights + moving, f"{net.parameters:,} parameters"),
        Part("backbone, gradients", "device", trained, "float32"),
        Part("backbone, optimiser", "device", load.moments * trained, _numbers(load.moments)),
        Part("backbone, averaging", "device", averaging, "send buffers of the gradients"),
        Part("backbone, mean weights", "device", weights if load.average else 0, "ema"),
    )


def _centres(load: Workload) -> tuple[Part, ...]:
    whole = _FLOAT * load.rows * load.dim
    is_away = load.class_rows == "offloaded"
    gradient = 0 if is_away or load.draws_apart else whole
    is_averaged = load.workers > 1 and not load.is_sharded
    of_all = f" of {load.classes * load.centres:,}" if load.is_sharded else ""
    rows = f"{load.rows:,}{of_all} rows of {load.dim}"
    place: Literal["device", "host"] = "host" if is_away else "device"
    return (
        Part("class rows", place, whole, rows),
        Part("class rows, gradients", "device", gradient, "dense float32"),
        Part("class rows, optimiser", place, load.moments * whole, _numbers(load.moments)),
        Part("class rows, averaging", "device", gradient if is_averaged else 0, "send buffers"),
        Part("class rows, mean weights", place, whole if load.average else 0, "ema"),
        Part("head, other numbers", "device", load.slot_bytes, "per class and per image"),
        Part("method of compat", "device", load.beside_bytes, "what it keeps, and of a pass"),
    )


def _passing(load: Workload) -> tuple[Part, ...]:
    net, pixels = load.network, _CHANNELS * load.size**2
    rows, batch = load.rows_in_step, load.head_batch
    classes, width = rows // load.centres, 2 if load.logits == "bfloat16" else _FLOAT
    buffers = width * batch * classes
    if load.centres > 1:
        buffers += batch * (rows * width + classes)
    taken = _FLOAT * rows * load.dim
    drawn = 2 * taken if load.is_sampled or load.class_rows == "offloaded" else 0
    narrow = 2 * rows * load.dim if load.logits == "bfloat16" and load.accumulate > 1 else 0
    work = _FLOAT * load.dim * batch * _EMBEDDINGS + min(_WORK, taken) + narrow
    passed = load.piece + load.tail_share
    passing = net.pass_bytes(passed)
    moving = max(0, (load.moments + 1) * taken - passing - work) if load.is_sampled else 0
    is_apart = load.class_rows == "offloaded" or load.draws_apart
    again = taken if is_apart else _FLOAT * load.rows * load.dim
    waiting = (load.share + load.tail_share) * pixels + _FLOAT * pixels * (load.share - load.piece)
    return (
        Part(
            "backbone, pass",
            "device",
            passing,
            f"{passed:,} images, {load.precision}",
        ),
        Part(
            "logits",
            "device",
            buffers,
            f"{batch:,} x {rows:,} {load.logits}",
        ),
        Part("class rows, drawn", "device", drawn, f"{rows:,} rows and their gradient"),
        Part("class rows, moving", "device", moving, "what the update takes beyond a pass"),
        Part(
            "class rows, next gradient",
            "device",
            again if load.accumulate > 1 else 0,
            "of a further piece",
        ),
        Part("head, work", "device", work, "embeddings and blocks"),
        Part(
            "images",
            "device",
            waiting,
            f"{load.share + load.tail_share:,} of {load.size} x {load.size}",
        ),
    )


def _host(load: Workload) -> tuple[Part, ...]:
    """A checkpoint is copied by the first worker alone: whole, whoever holds the classes."""
    images = load.share + load.tail_share
    batch = images * _CHANNELS * load.size**2
    numbers = load.network.parameters + load.classes * load.centres * load.dim
    copies = 1 + load.moments + bool(load.average)
    return (
        Part("checkpoint", "host", _FLOAT * numbers * copies, "its copy, of the first worker"),
        Part("loader", "host", load.ahead * batch, f"{load.ahead} batches of {images:,}"),
        Part("process", "host", PROCESS_BYTES, "Python and torch, about"),
    )


def _numbers(moments: int) -> str:
    return f"{moments} {'number' if moments == 1 else 'numbers'} a parameter"


def _head_flops(load: Workload) -> int:
    """Three products of an embedding with the rows of the step, over all workers."""
    workers = load.workers if load.is_sharded else 1
    return 6 * load.rows_in_step * workers * load.dim
