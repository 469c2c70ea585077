"""One network at one size: the trainer's step and the plain loop, from the same weights and batch.

`plain` is the same network in a plain loop; `plain plan` is another model, the one that `tiny` was
made from (`plain_training.Plan`), so its losses cannot be compared: the loop is the same code.
"""

import copy
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial

import torch

from frlib.bench import measure, plain_training
from frlib.bench.train_own import Trainer
from frlib.core.errors import BenchmarkError
from frlib.data.config import DataConfig
from frlib.data.sources import synth
from frlib.train.config import TrainConfig
from frlib.train.place import Place
from frlib.train.precision import decided

PLAIN, PLAN = "plain", "plain plan"
TOLERANCE = {"float32": 1e-3, "bfloat16": 5e-2}
COMPARED_STEPS = 3
_LR = 0.02


@dataclass(frozen=True, kw_only=True)
class Shape:
    """depth: of an iresnet; 0 is `tiny`. side: pixels. batch: images. classes: of the head."""

    depth: int
    side: int
    batch: int
    classes: int = 1_000

    @property
    def name(self) -> str:
        """Of the network."""
        return f"iresnet{self.depth}" if self.depth else "tiny"

    def config(self) -> TrainConfig:
        """A run's defaults, with the precision that the machine decides.

        The rate leaves losses worth comparing after a few steps on one batch.
        """
        net = {"name": "iresnet", "depth": self.depth} if self.depth else {"name": "tiny"}
        return TrainConfig(
            data=DataConfig(train=synth.Config(), size=self.side),
            backbone=net,
            optimiser={"name": "sgd", "lr": _LR},
            batch_size=self.batch,
            precision="auto",
        )

    def precisions(self) -> tuple[str, ...]:
        """float32, and what the trainer decides on where that is another."""
        return tuple(dict.fromkeys(("float32", decided(self.config(), Place(torch.device("cpu"))))))


class Case:
    """`steps`: of every form, by name. A trainer's form is named after its precision."""

    def __init__(self, shape: Shape, precisions: tuple[str, ...]) -> None:
        config = shape.config()
        self.shape, self.precisions = shape, precisions
        draw = torch.Generator().manual_seed(1)
        images = torch.randn(shape.batch, 3, shape.side, shape.side, generator=draw)
        labels_B = torch.randint(shape.classes, (shape.batch,), generator=draw)
        own_images = images.contiguous(memory_format=torch.channels_last)
        trainers = {
            precision: Trainer(config, precision, classes=shape.classes, images=shape.batch)
            for precision in precisions
        }
        state = trainers[precisions[0]].state
        self.backbone = copy.deepcopy(state.trainee.backbone)
        self.backbone.to(memory_format=torch.contiguous_format)
        nets = {PLAIN: self.backbone}
        if not shape.depth:
            with torch.random.fork_rng(devices=[]):
                nets[PLAN] = plain_training.Plan(
                    config.backbone.width,  # type: ignore[attr-defined]
                    shape.side,
                    config.backbone.embedding_size,
                )
        loops = {
            name: plain_training.Loop(
                net,
                state.trainee.head.weight.detach().clone(),
                config.head,
                state.optimiser.defaults,
                config.optimiser.clip_norm,
            )
            for name, net in nets.items()
        }
        self._forms: tuple[plain_training.Loop | Trainer, ...] = (
            *loops.values(),
            *trainers.values(),
        )
        self.steps: Mapping[str, measure.Step] = {
            name: partial(loop, images, labels_B) for name, loop in loops.items()
        } | {name: partial(trainer, own_images, labels_B) for name, trainer in trainers.items()}

    def forget(self) -> None:
        """Drop the gradients of every form."""
        for form in self._forms:
            form.forget()

    def compared(self) -> dict[str, float]:
        """Largest difference of a loss over the first steps, of each trainer's form.

        Relative to the first loss of the plain loop, for later ones come close to 0.

        `BenchmarkError` above `TOLERANCE`. Every form has run afterwards.
        """
        losses = {
            name: torch.tensor([float(step()) for _ in range(COMPARED_STEPS)])  # type: ignore[arg-type]
            for name, step in self.steps.items()
        }
        wanted = losses[PLAIN]
        errors = {p: float((losses[p] - wanted).abs().max() / wanted[0]) for p in self.precisions}
        for precision, error in errors.items():
            if not error <= TOLERANCE[precision]:
                raise BenchmarkError(
                    f"{self.shape.name} in {precision}: losses of the first {COMPARED_STEPS} steps "
                    f"are {losses[precision].tolist()}, in a plain loop {wanted.tolist()} "
                    f"({TOLERANCE[precision]:.0e} of the first is allowed). One of the two trains "
                    "otherwise: compare their updates. It was not timed"
                )
        return errors
