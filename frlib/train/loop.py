"""The training loop: yields an `Epoch` after each pass and knows neither Ray, MLflow nor records.

The order of samples and their mirroring depend on (seed, epoch, sample) alone. A global batch is
cut into equal slices, one per worker, and gradients are averaged: with synchronised batch
statistics the number of workers changes nothing but rounding.
"""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from frlib.core import discover
from frlib.core.errors import ConfigError, DataError, NumericsError, RecordError
from frlib.core.seeds import torch_seed
from frlib.data.cache import Pixels
from frlib.data.manifest import Manifest
from frlib.data.sampler import epoch_order, flip_mask
from frlib.heads.build import build as build_head
from frlib.parallel import batchnorm
from frlib.schedules import Rule, follow
from frlib.train import checkpoint
from frlib.train.config import TrainConfig
from frlib.train.feed import LossFeed
from frlib.train.place import Place
from frlib.train.precision import autocast, resolve
from frlib.train.state import State, Trainee
from frlib.train.step import batch_tensors, step
from frlib.train.verdicts import VerdictLog, Verdicts


@dataclass(frozen=True)
class Epoch:
    """What one pass left behind. `number` counts passes done (1 after the first)."""

    number: int
    step: int
    row: dict[str, float]
    verdicts: Verdicts
    state: State


def build(
    config: TrainConfig, manifest: Manifest, seed: int, place: Place, schedule: Rule
) -> State:
    """Backbone, head and optimiser at step 0; weights depend on the seed alone."""
    backbones = discover.load("frlib.backbones", config.backbone.name)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(torch_seed(seed, "init", "backbone"))
        backbone = backbones.build(config.backbone, config.data.size)
    head = build_head(
        config.head,
        manifest.num_classes,
        config.backbone.embedding_size,
        seed,
        num_samples=len(manifest),
        data=place.group,
    )
    if config.sync_batchnorm and place.group.size > 1:
        backbone = batchnorm.convert(backbone, place.group)
    trainee = Trainee(backbone, head).to(place.device).to(memory_format=torch.channels_last)
    o = config.optimiser
    parameters = [p for p in trainee.parameters() if p.requires_grad]
    optimiser = torch.optim.SGD(
        parameters,
        lr=o.lr,
        momentum=o.momentum,
        nesterov=o.nesterov,
        weight_decay=o.weight_decay,
        foreach=True,
    )
    return State(trainee, optimiser, schedule)


def steps_per_epoch(config: TrainConfig, num_samples: int) -> int:
    """Whole batches in a pass; the last short one is dropped (the next pass has another order)."""
    steps = num_samples // config.batch_size
    if steps == 0:
        raise DataError(
            f"batch_size={config.batch_size}, but only {num_samples} training images are left; "
            "lower batch_size or data.min_images"
        )
    return steps


def epochs(
    config: TrainConfig,
    manifest: Manifest,
    pixels: Pixels,
    *,
    seed: int,
    place: Place,
    checkpoints: Path | None = None,
) -> Iterator[Epoch]:
    """Train to the end, from the newest checkpoint if there is one, yielding after every pass.

    A resumed run first yields the pass it resumes from again (with no verdicts), so that its
    receiver is never without a last row. The caller saves checkpoints between yields.
    """
    if config.batch_size % place.group.size:
        raise ConfigError(
            f"batch_size={config.batch_size} does not divide into {place.group.size} workers"
        )
    per_epoch = steps_per_epoch(config, len(manifest))
    schedule = follow(config.epochs * per_epoch, per_epoch, config.schedule)
    state = build(config, manifest, seed, place, schedule)
    log = VerdictLog(manifest, place.group, place.device)
    resumed = checkpoints is not None and checkpoint.restore(state, checkpoints)
    _require_agreement(state, place)
    if resumed:
        yield Epoch(state.epoch, state.step, dict(state.last_row), log.close(), state)
    trainee = _wrapped(state.trainee, place)
    while state.epoch < config.epochs:
        started = time.perf_counter()
        losses = _one_pass(config, state, trainee, manifest, pixels, seed, place, log)
        verdicts = log.close()
        state.epoch += 1
        seconds = time.perf_counter() - started
        state.last_row = {
            "train/loss": _mean_loss(losses, state, place),
            "train/images_per_s": len(losses) * config.batch_size / seconds,
            **verdicts.scores,
        }
        yield Epoch(state.epoch, state.step, dict(state.last_row), verdicts, state)


def _require_agreement(state: State, place: Place) -> None:
    """All workers go on from the same checkpoint, or none goes on."""
    own = torch.tensor([float(state.epoch), -float(state.epoch)], device=place.device)
    newest, oldest = place.group.max(own).tolist()
    if newest != -oldest:
        raise RecordError(
            f"workers found checkpoints of epochs {-oldest:g} to {newest:g}; the store must be one "
            "folder that every node sees. Run the same command again when it is"
        )


def _one_pass(
    config: TrainConfig,
    state: State,
    trainee: nn.Module,
    manifest: Manifest,
    pixels: Pixels,
    seed: int,
    place: Place,
    log: VerdictLog,
) -> torch.Tensor:
    """One epoch; the local loss of every step, `[steps]`."""
    per_epoch = steps_per_epoch(config, len(manifest))
    order = epoch_order(len(manifest), seed, state.epoch)
    mirror = flip_mask(len(manifest), seed, state.epoch) & config.flip
    cast = autocast(resolve(config.precision, place.device), place.device)
    trainee.train()
    losses = []
    feed = LossFeed(state.schedule, place.group)
    for number in range(per_epoch):
        rows = _slice(order[number * config.batch_size :][: config.batch_size], place)
        images, labels = batch_tensors(
            pixels.batch(rows), manifest.labels[rows], mirror[rows], place.device
        )
        output = step(
            state,
            trainee,
            images,
            labels,
            torch.from_numpy(rows).to(place.device),
            lr=config.optimiser.lr * state.schedule.factor(state.step),
            clip_norm=config.optimiser.clip_norm,
            cast=cast,
        )
        losses.append(output.loss.detach())
        feed.add(output.loss)
        if output.decisions is not None:
            log.add(rows, output.decisions)
    feed.flush()
    return torch.stack(losses)


def _wrapped(trainee: Trainee, place: Place) -> nn.Module:
    if place.group.size == 1:
        return trainee
    devices = [place.device] if place.device.type == "cuda" else None
    return nn.parallel.DistributedDataParallel(trainee, device_ids=devices, broadcast_buffers=False)


def _slice(rows: NDArray[np.int64], place: Place) -> NDArray[np.int64]:
    share = len(rows) // place.group.size
    return rows[place.group.rank * share :][:share]


def _mean_loss(losses: torch.Tensor, state: State, place: Place) -> float:
    mean = place.group.mean(losses)
    bad = torch.nonzero(~torch.isfinite(mean))
    if len(bad):
        first = state.step - len(mean) + int(bad[0, 0])
        raise NumericsError(
            f"the loss became {float(mean[bad[0, 0]])} at step {first} (epoch {state.epoch}); "
            "lower optimiser.lr, the head's scale or its margin. The last checkpoint is from before"
        )
    return float(mean.mean())
