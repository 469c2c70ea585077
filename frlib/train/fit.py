"""Which devices a run fits, the largest batch on each, and what would make it smaller."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from frlib.train.devices import Device
from frlib.train.footprint import measured
from frlib.train.plan import device_bytes, host_bytes
from frlib.train.workload import Workload

_MOST_IMAGES = 1 << 17
_FEWEST_IMAGES = 2
_PIECES = (2, 4, 8, 16)
_WORKERS = (2, 4, 8, 16, 32)
_DRAWN = 0.1
_FEW_CLASSES = f"head.sample_rate={_DRAWN}"
_WORTH = 0.05


@dataclass(frozen=True)
class Verdict:
    """A run on a device. largest_share: most images a worker could have in a step, 0 for none."""

    device: Device
    needs: int
    largest_share: int

    @property
    def fits(self) -> bool:
        """With the batch that was asked for."""
        return self.needs <= self.device.usable


@dataclass(frozen=True)
class Remedy:
    """A change of the run and the bytes a worker's device and host would then need."""

    change: str
    device_bytes: int
    host_bytes: int


def needs(load: Workload, device: Device) -> int:
    """Bytes of `device` that the run takes: of a worker, or of all of them in host memory."""
    if device.is_host:
        return load.workers * (device_bytes(load) + host_bytes(load))
    return device_bytes(load)


def verdicts(load: Workload, devices: Sequence[Device]) -> tuple[Verdict, ...]:
    """One for each device, in order."""
    return tuple(Verdict(one, needs(load, one), largest_share(load, one)) for one in devices)


def largest_share(load: Workload, device: Device) -> int:
    """Most images a worker can have in a step: a multiple of `accumulate`, found by bisection."""

    def is_in(piece: int) -> bool:
        batch = piece * load.accumulate * load.workers
        return needs(replace(load, batch=batch), device) <= device.usable

    low, high = _FEWEST_IMAGES - 1, _MOST_IMAGES // load.accumulate
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if is_in(middle) else (low, middle - 1)
    return low * load.accumulate if low >= _FEWEST_IMAGES else 0


def remedies(load: Workload) -> tuple[Remedy, ...]:
    """Changes that would need at least 5 % less of the device, each by itself.

    Then all of them together, where that is the least; not with more workers, which may not be had.
    """
    together: dict[str, tuple[str, Any]] = {}
    found = []
    for text, fields in _changes(load):
        changed = replace(load, **fields)
        if device_bytes(changed) > (1 - _WORTH) * device_bytes(load):
            continue
        found.append((text, changed))
        if "workers" not in fields:
            together |= {name: (text, value) for name, value in fields.items()}
    texts = list(dict.fromkeys(text for text, _ in together.values()))
    if len(texts) > 1:
        every = replace(load, **{name: value for name, (_, value) in together.items()})
        if device_bytes(every) < min(device_bytes(changed) for _, changed in found):
            found.append((", ".join(texts), every))
    return tuple(
        Remedy(text, device_bytes(changed), host_bytes(changed)) for text, changed in found
    )


def _changes(load: Workload) -> Iterator[tuple[str, dict[str, Any]]]:
    if load.precision == "float32":
        narrow = measured(load.backbone, load.size, "bfloat16")
        yield "precision=bfloat16", {"precision": "bfloat16", "network": narrow}
    if load.logits == "float32":
        yield "head.logits=bfloat16", {"logits": "bfloat16"}
    pieces = [n for n in _PIECES if n > load.accumulate and _leaves_two(load, n)]
    if pieces:
        yield f"accumulate={pieces[-1]}", {"accumulate": pieces[-1]}
    if load.sample_rate > _DRAWN:
        yield _FEW_CLASSES, {"sample_rate": _DRAWN}
    if load.workers > 1 and not load.is_sharded:
        yield "class_rows=sharded", {"class_rows": "sharded"}
    if load.class_rows != "offloaded" and load.is_sampled:
        yield "class_rows=offloaded", {"class_rows": "offloaded"}
    elif load.class_rows != "offloaded":
        both = {"sample_rate": _DRAWN, "class_rows": "offloaded"}
        yield f"{_FEW_CLASSES}, class_rows=offloaded", both
    more = [n for n in _WORKERS if n > load.workers and _goes_over(load, n)]
    if more:
        workers = min(more, key=lambda n: abs(n - 8))
        kept = load.class_rows if load.class_rows == "offloaded" else "sharded"
        yield f"{workers} workers, class_rows={kept}", {"class_rows": kept, "workers": workers}


def _leaves_two(load: Workload, pieces: int) -> bool:
    return load.share % pieces == 0 and load.share // pieces >= _FEWEST_IMAGES


def _goes_over(load: Workload, workers: int) -> bool:
    share, rest = divmod(load.batch, workers * load.accumulate)
    return not rest and share >= _FEWEST_IMAGES and load.classes >= workers
