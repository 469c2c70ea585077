"""What a run has cost, recorded at its end beside what it has reached.

cost/images           passes done x steps x batch size, over all workers; exact. Steps that were
                      left out and passes that were inherited count, those done again after going
                      back do not count twice
cost/parameters       numbers of the backbone, trained or frozen; exact
cost/head_parameters  numbers of the head, all classes; exact
cost/seconds          from the beginning of an attempt to here, over all its own: opening images,
                      training, selection, benchmarks. A killed attempt counts until the last metric
                      it recorded. It depends on the machine and on what else ran there
cost/gib              most memory at a time, of the first worker in the last attempt: of tensors on
                      its GPU; on a CPU of its process, so with Python, torch and whatever the
                      process did before
cost/joules           of training and selection, over all attempts as the seconds: packages of the
                      first worker's machine and GPUs of all workers, by the counters that the
                      fact `energy` names (see `frlib.train.energy`). Absent with nothing to read
"""

import math
from dataclasses import dataclass

import torch

from frlib.core.errors import RecordError
from frlib.records import spent
from frlib.records.write import RunWriter
from frlib.train import energy
from frlib.train.clock import device_peak, host_peak
from frlib.train.devices import GIB
from frlib.train.loop import Epoch
from frlib.train.place import Place
from frlib.train.trainee import Trainee


def meter(place: Place) -> energy.Meter:
    """Of what this worker answers for: its GPU, and the first one for its machine."""
    packages = energy.packages() if place.is_first else ()
    return energy.Meter((*packages, *energy.gpu(place.device)))


def so_far(running: energy.Meter, place: Place) -> dict[str, float]:
    """`energy/joules` of this attempt, if they can be told. Every worker calls this."""
    joules = running.joules()
    if place.device.type == "cuda":
        own = math.nan if joules is None else joules
        told = torch.tensor([own], dtype=torch.float64, device=place.device)
        joules = float(place.group.sum(told))
    return {} if joules is None or math.isnan(joules) else {spent.JOULES: joules}


@dataclass(frozen=True)
class Size:
    """How many numbers are trained, or kept as they are."""

    backbone: int
    head: int


def size(trainee: Trainee) -> Size:
    """Of the whole model, wherever its classes are."""
    counts = {name: math.prod(trainee.whole_shape(name, own)) for name, own in trainee.weights}
    return Size(
        sum(count for name, count in counts.items() if name.startswith("backbone.")),
        sum(count for name, count in counts.items() if name.startswith("head.")),
    )


def of(
    done: Epoch, batch_size: int, place: Place, writer: RunWriter, joules: float | None
) -> dict[str, float]:
    """`cost/*` of a run after its last pass. joules: of this attempt."""
    numbers = size(done.state.trainee)
    peak = device_peak(place.device) if place.device.type == "cuda" else host_peak()
    found = {
        "cost/images": float(done.step * batch_size),
        "cost/parameters": float(numbers.backbone),
        "cost/head_parameters": float(numbers.head),
        "cost/gib": peak / GIB,
    }
    try:
        before = spent.before(writer.folder)
    except RecordError as error:
        writer.event("cost", f"seconds and energy are not known: {error}", level="WARNING")
        return found
    found["cost/seconds"] = before.seconds + writer.seconds
    if joules is not None:
        found["cost/joules"] = before.joules + joules
    return found
