"""The training loop: yields an `Epoch` after each pass and knows neither Ray, MLflow nor records.

The order of samples and what is done to each depend on (seed, epoch) alone. A global batch is
cut into equal slices, one per worker, and gradients are averaged: with synchronised batch
statistics the number of workers changes nothing but rounding.
"""

import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import nn

from frlib.core import discover
from frlib.core.errors import NumericsError, RecordError
from frlib.core.seeds import torch_seed
from frlib.data.loading.batch import Batch, Batches
from frlib.data.loading.choose import open_loader
from frlib.data.loading.loader import plain
from frlib.data.loading.plan import Plan
from frlib.data.loading.tasks import Tasks
from frlib.data.manifest import Manifest
from frlib.data.pixels.batches import Pixels
from frlib.heads.build import build as build_head
from frlib.parallel import batchnorm
from frlib.schedules import Rule, follow
from frlib.train import checkpoint
from frlib.train.augment import network_input
from frlib.train.config import TrainConfig
from frlib.train.feed import LossFeed
from frlib.train.place import Place
from frlib.train.precision import autocast, resolve
from frlib.train.state import State, Trainee
from frlib.train.step import step
from frlib.train.upload import Upload, pinned
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
    plan = Plan(len(manifest), config.batch_size, place.group.size, config.last_batch)
    loader = _loader(config, manifest, pixels, plan, seed, place)
    schedule = follow(config.epochs * plan.steps, plan.steps, config.schedule)
    state = build(config, manifest, seed, place, schedule)
    log = VerdictLog(manifest, place.group, place.device)
    resumed = checkpoints is not None and checkpoint.restore(state, checkpoints)
    _require_agreement(state, place)
    if resumed:
        yield Epoch(state.epoch, state.step, dict(state.last_row), log.close(), state)
    trainee = _wrapped(state.trainee, place)
    while state.epoch < config.epochs:
        started = time.perf_counter()
        first_step = state.step - state.epoch * plan.steps
        with closing(loader.batches(state.epoch, first_step)) as batches:
            losses = _one_pass(config, state, trainee, batches, place, log)
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
    batches: Iterator[Batch],
    place: Place,
    log: VerdictLog,
) -> torch.Tensor:
    """The rest of an epoch; the local loss of every step, `[steps]`."""
    upload = Upload(place.device)
    cast = autocast(resolve(config.precision, place.device), place.device)
    trainee.train()
    losses = []
    feed = LossFeed(state.schedule, place.group)
    memory = None
    for batch in batches:
        images, labels, rows = upload(batch)
        if memory is None and place.device.type == "cpu":
            memory = torch.empty(images.shape, dtype=torch.get_default_dtype())
        output = step(
            state,
            trainee,
            network_input(images, batch.draws, memory),
            labels,
            rows,
            lr=config.optimiser.lr * state.schedule.factor(state.step),
            clip_norm=config.optimiser.clip_norm,
            cast=cast,
        )
        losses.append(output.loss.detach())
        feed.add(output.loss)
        if output.decisions is not None:
            log.add(batch.step, rows, output.decisions)
    feed.flush()
    return torch.stack(losses)


def _wrapped(trainee: Trainee, place: Place) -> nn.Module:
    if place.group.size == 1:
        return trainee
    devices = [place.device] if place.device.type == "cuda" else None
    return nn.parallel.DistributedDataParallel(trainee, device_ids=devices, broadcast_buffers=False)


def _loader(
    config: TrainConfig, manifest: Manifest, pixels: Pixels, plan: Plan, seed: int, place: Place
) -> Batches:
    tasks = Tasks(
        manifest.labels, plan, config.sampling, config.augment, seed, rank=place.group.rank
    )
    allocate = pinned if place.device.type == "cuda" else plain
    return open_loader(config.data, pixels, tasks, device=str(place.device), allocate=allocate)


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
