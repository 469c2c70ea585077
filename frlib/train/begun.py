"""A run on its way: what the steps of all its epochs share, and how it begins."""

from dataclasses import dataclass, field
from pathlib import Path

from torch import Tensor

from frlib.data.loading.batch import Batches
from frlib.data.loading.choose import open_loader
from frlib.data.loading.loader import plain
from frlib.data.loading.plan import Plan
from frlib.data.loading.tasks import Tasks
from frlib.data.manifest import Manifest
from frlib.data.pixels.batches import Pixels
from frlib.schedules import follow
from frlib.train.build import build
from frlib.train.clock import Clock
from frlib.train.config import TrainConfig
from frlib.train.course import at
from frlib.train.health import Health
from frlib.train.keeper import Keeper
from frlib.train.leaving import Leaving
from frlib.train.listener import Listener
from frlib.train.mining import require_given
from frlib.train.old_side import OldSide
from frlib.train.passes import Pass, spread
from frlib.train.place import Place
from frlib.train.precision import autocast, decided
from frlib.train.renewal import Renewal
from frlib.train.state import State
from frlib.train.step import Manner
from frlib.train.tail_feed import TailFeed, TailImages
from frlib.train.upload import pinned
from frlib.train.verdicts import VerdictLog


@dataclass
class Run:
    """One run on its way: what the steps of all its epochs share.

    now: `config` with the settings that hold in this epoch.
    """

    config: TrainConfig
    now: TrainConfig
    manifest: Manifest
    seed: int
    place: Place
    precision: str
    plan: Plan
    loader: Batches
    state: State
    net: Pass
    manner: Manner
    log: VerdictLog
    listener: Listener
    keeper: Keeper | None
    folder: Path | None
    clock: Clock
    leaving: Leaving
    health: Health = field(default_factory=Health)
    memory: Tensor | None = None
    tail: TailFeed | None = None
    old: OldSide | None = None
    renewal: Renewal | None = None


def begun(
    config: TrainConfig,
    manifest: Manifest,
    pixels: Pixels,
    seed: int,
    place: Place,
    folder: Path | None,
    keeper: Keeper | None,
    listener: Listener,
    tail: TailImages | None,
    old: OldSide | None,
) -> Run:
    """At its first step; checkpoints are the caller's care. Every worker calls this."""
    require_given(config.tail, None if tail is None else tail.manifest)
    assert (config.compat is None) == (old is None), "old features go with an old model"
    plan = Plan(
        len(manifest), config.batch_size, place.group.size, config.last_batch, config.accumulate
    )
    tasks = Tasks(
        manifest.labels, plan, config.sampling, config.augment, seed, rank=place.group.rank
    )
    allocate = pinned if place.device.type == "cuda" else plain
    precision, clock = decided(config, place), Clock(place.device)
    now = at(config, 0)
    state = build(
        config,
        manifest.num_classes,
        len(manifest),
        seed=seed,
        place=place,
        precision=precision,
        schedule=follow(config.epochs * plan.steps, plan.steps, config.schedule),
        steps=config.epochs * plan.steps,
    )
    cast, end = autocast(precision, place.device), config.epochs * plan.steps
    feed = None
    if tail is not None:
        feed = TailFeed(
            config,
            tail,
            state,
            seed=seed,
            place=place,
            cast=cast,
            clock=clock,
            end=end,
            allocate=allocate,
        )
        listener.event("tail", feed.about)
    renewal = None
    if old is not None:
        renewal = Renewal.of(config, state, old, pixels, place, cast)
    return Run(
        config=config,
        now=now,
        manifest=manifest,
        seed=seed,
        place=place,
        precision=precision,
        plan=plan,
        loader=open_loader(config.data, pixels, tasks, device=str(place.device), allocate=allocate),
        state=state,
        net=spread(state.trainee, place),
        manner=Manner(
            seed=seed,
            rank=place.group.rank,
            share=plan.share,
            batch_size=config.batch_size,
            clip_norm=config.optimiser.clip_norm,
            cast=cast,
            clock=clock,
        ),
        log=VerdictLog(manifest, place.group, place.device),
        listener=listener,
        keeper=keeper,
        folder=folder,
        clock=clock,
        leaving=Leaving(place),
        tail=feed,
        old=old,
        renewal=renewal,
    )
