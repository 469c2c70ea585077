"""The trainer's step as a run does it, on a batch that is given."""

import torch
from torch import Tensor

from frlib.bench import measure
from frlib.schedules import follow
from frlib.train.build import build, train_mode
from frlib.train.clock import Clock
from frlib.train.config import TrainConfig
from frlib.train.passes import Pass, Piece, spread
from frlib.train.place import Place
from frlib.train.precision import autocast
from frlib.train.step import Manner, step


class Trainer:
    """One worker on the CPU at step 0, from the trainer's own `build`.

    images: of the training set. net: a forward pass to put in place of the network's.
    """

    def __init__(
        self,
        config: TrainConfig,
        precision: str,
        *,
        classes: int,
        images: int,
        net: Pass | None = None,
    ) -> None:
        place, batch = Place(torch.device("cpu")), config.batch_size
        self.lr = config.optimiser.lr
        self.state = build(
            config,
            classes,
            images,
            seed=0,
            place=place,
            precision=precision,
            schedule=follow(1, 1, config.schedule),
            steps=1,
        )
        train_mode(self.state.trainee)
        self._net = net or spread(self.state.trainee, place)
        self._manner = Manner(
            seed=0,
            rank=0,
            share=batch,
            batch_size=batch,
            clip_norm=config.optimiser.clip_norm,
            cast=autocast(precision, place.device),
            clock=Clock(place.device),
        )

    def __call__(self, images: Tensor, labels_B: Tensor) -> Tensor:
        """Loss on `[B, 3, S, S]` before the step it does."""
        piece = Piece(images, labels_B, torch.arange(len(labels_B)), self.state.step)
        return step(self.state, self._net, [piece], self._manner, lr=self.lr).loss

    def forget(self) -> None:
        """Drop the gradients."""
        self.state.optimiser.zero_grad()


def median_step_s(config: TrainConfig, *, classes: int, repeats: int) -> float:
    """CPU seconds of a whole step in float32 on a made batch, median; one has run before.

    The caller holds torch to one thread.
    """
    side, batch = config.data.size, config.batch_size
    draw = torch.Generator().manual_seed(1)
    images = torch.randn(batch, 3, side, side, generator=draw)
    images = images.contiguous(memory_format=torch.channels_last)
    labels_B = torch.randint(classes, (batch,), generator=draw)
    trainer = Trainer(config, "float32", classes=classes, images=batch)
    trainer(images, labels_B)
    by = measure.clock(torch.device("cpu"), 1)
    steps = {"step": lambda: trainer(images, labels_B)}
    return measure.interleaved(steps, by, repeats, trainer.forget)["step"].median_s
