"""Random compositions of slots, and workers that train them with the classes spread over gloo.

`Crew` starts real processes once; each `run` sends one case to the first n of them.
"""

import queue
import traceback
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
import torch.distributed as dist
import torch.multiprocessing as mp
from torch import Tensor

from frlib.heads.build import build
from frlib.heads.presets import composed
from frlib.parallel.collectives import SINGLE, Group, TorchGroup

CLASSES, DIM, STEPS = 11, 5, 2
SIZES = (2, 3, 4)
LATE = 50
Result = dict[str, Tensor]


@dataclass(frozen=True)
class Crossing:
    """A composition, the batch it meets, and the run's seed. Plain values, to be sent and shown."""

    slots: Mapping[str, Any]
    batch: str
    seed: int
    common: Mapping[str, Any] = field(default_factory=dict)

    def config(self, **changes: Any) -> composed.Config:
        """The head's config."""
        return composed.Config.parse({"scale": 8.0, **self.slots, **self.common, **changes})

    def __str__(self) -> str:
        """One line for people."""
        parts = [f"{slot}={_short(choice)}" for slot, choice in self.slots.items()]
        extra = [f"{name}={value}" for name, value in self.common.items()]
        return " ".join([*parts, *extra, f"batch={self.batch}", f"seed={self.seed}"])


def _short(choice: Any) -> str:
    if isinstance(choice, Mapping):
        rest = ",".join(f"{k}={v}" for k, v in choice.items() if k != "name")
        return f"{choice['name']}({rest})" if rest else str(choice["name"])
    if isinstance(choice, (list, tuple)):
        return "+".join(_short(one) for one in choice) or "none"
    return str(choice)


def batch_of(kind: str, step: int, seed: int, weight_CD: Tensor) -> tuple[Tensor, Tensor]:
    """Embeddings and labels. `weight_CD`: a centre of every class, to aim at or away from."""
    draw = torch.Generator().manual_seed(1000 * seed + step)
    count = 1 if kind == "one" else 9
    labels_B = torch.randint(CLASSES, (count,), generator=draw)
    emb_BD = 12 * torch.randn(count, DIM, generator=draw, dtype=torch.float64)
    if kind == "wrong":
        emb_BD = 30 * weight_CD[(labels_B + 1) % CLASSES] + 0.01 * emb_BD
    elif kind == "poles":
        axes = torch.eye(DIM, dtype=torch.float64)[torch.arange(count) % DIM]
        signs = torch.tensor([7.0, -7.0, 0.0], dtype=torch.float64).repeat(3)[:count]
        emb_BD = axes * signs[:, None]
    return emb_BD, labels_B


def train(case: Crossing, group: Group = SINGLE, form: str = "fused") -> Result:
    """Two steps; what came out, with this worker's part of everything per class."""
    head = build(case.config(form=form), CLASSES, DIM, case.seed, num_samples=9, classes=group)
    head = head.double()
    whole = build(case.config(form=form), CLASSES, DIM, case.seed, num_samples=9).double()
    centres = head.slots.similarity.centres_per_class
    aims_CD = torch.nn.functional.normalize(whole.weight.detach()[::centres])
    if case.batch == "poles":
        first, last = head.shard.first * centres, (head.shard.first + head.shard.count) * centres
        with torch.no_grad():
            rows = torch.arange(first, last)
            head.weight.copy_(torch.eye(DIM, dtype=torch.float64)[rows % DIM])
            head.weight[rows % 7 == 6] = 0
    found: Result = {}
    for step in range(STEPS):
        emb_BD, labels_B = batch_of(case.batch, step, case.seed, aims_CD)
        emb_BD.requires_grad_()
        head.zero_grad()
        samples_B = torch.arange(len(emb_BD))
        output = head(emb_BD, labels_B, epoch=LATE, step=step, samples_B=samples_B)
        output.loss.backward()
        assert emb_BD.grad is not None
        found |= {
            f"{step} losses": output.losses_B.detach(),
            f"{step} labels": output.labels_B,
            f"{step} sum: embedding gradient": emb_BD.grad,
        }
        for name, parameter in head.named_parameters():
            if parameter.grad is not None:
                per_class = parameter.dim() > 0
                kind = "cat" if per_class else "same"
                found[f"{step} {kind}: {name} gradient"] = parameter.grad.clone()
        if output.decisions is not None:
            position, _, proposed, score = output.decisions.flagged()
            found |= {f"{step} flagged": position, f"{step} proposed": proposed}
            found[f"{step} score"] = score
    found |= {f"state {n}": b for n, b in head.named_buffers() if b.dim() == 0 or "belief" in n}
    return found


def joined(parts: list[Result]) -> Result:
    """The results of all workers as one: sums, rows one after the other, or the common value."""
    whole: Result = {}
    for name in parts[0]:
        values = [part[name] for part in parts]
        if "sum:" in name:
            whole[name] = torch.stack(values).sum(0)
        elif "cat:" in name:
            whole[name] = torch.cat(values)
        else:
            for value in values[1:]:
                assert torch.equal(value, values[0]), f"workers disagree on {name}"
            whole[name] = values[0]
    return whole


class Crew:
    """Gloo processes that wait for cases; replaced by new ones after a failure."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._starts = 0
        self._start()

    def _start(self) -> None:
        context = mp.get_context("spawn")
        meet = str(self._folder / f"meet{self._starts}")
        self._starts += 1
        self._tasks = [context.Queue() for _ in range(max(SIZES))]
        self._done = context.Queue()
        self._workers = [
            context.Process(target=_serve, args=(rank, meet, tasks, self._done), daemon=True)
            for rank, tasks in enumerate(self._tasks)
        ]
        for worker in self._workers:
            worker.start()

    def run(self, case: Crossing, size: int, form: str) -> Result:
        """One case on `size` workers, joined."""
        for tasks in self._tasks[:size]:
            tasks.put((case, size, form))
        parts: dict[int, Any] = {}
        while len(parts) < size:
            try:
                rank, result = self._done.get(timeout=60)
            except queue.Empty:
                rank, result = -1, "no answer"
            if isinstance(result, str):
                self.dismiss()
                self._start()
                raise AssertionError(f"worker {rank} failed on {case}:\n{result}")
            parts[rank] = {name: torch.tensor(value) for name, value in result.items()}
        return joined([parts[rank] for rank in range(size)])

    def dismiss(self) -> None:
        """End the processes."""
        for worker in self._workers:
            worker.kill()
        for worker in self._workers:
            worker.join()


def _serve(rank: int, meet: str, tasks: Any, done: Any) -> None:
    torch.set_num_threads(1)
    size = max(SIZES)
    dist.init_process_group("gloo", init_method=f"file://{meet}", rank=rank, world_size=size)
    groups = {n: dist.new_group(list(range(n))) for n in SIZES}
    while True:
        case, count, form = tasks.get()
        try:
            result: Any = train(case, TorchGroup(groups[count]), form)
            done.put((rank, {name: value.numpy() for name, value in result.items()}))
        except BaseException as error:
            done.put((rank, "".join(traceback.format_exception(error))))
