"""The training loop: yields an `Epoch` after each pass and knows neither Ray, MLflow nor records.

The order of samples, what is done to each, and what a network or head draws depend on seed, step
and sample alone. A global batch, or each piece of it, is cut into equal slices, one per worker, and
gradients are averaged: with synchronised batch statistics the number of workers changes nothing but
rounding.
"""

import time
from collections.abc import Generator, Iterator
from contextlib import AbstractContextManager, closing, nullcontext
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NoReturn

import torch
from torch import Tensor

from frlib.core.errors import NodeLostError, NumericsError, RecordError
from frlib.data.loading.batch import Batch
from frlib.data.manifest import Manifest
from frlib.data.pixels.batches import Pixels
from frlib.train import trouble
from frlib.train.augment import joined_input
from frlib.train.begun import Run, begun
from frlib.train.build import train_mode
from frlib.train.changing import change
from frlib.train.config import TrainConfig
from frlib.train.course import at
from frlib.train.feed import LossFeed
from frlib.train.followed import Followed
from frlib.train.keeper import Keeper
from frlib.train.listener import Deaf, Listener
from frlib.train.old_side import OldSide
from frlib.train.passes import Cast, Piece
from frlib.train.place import Place
from frlib.train.points import Points
from frlib.train.state import State
from frlib.train.step import Done, step
from frlib.train.tail import images_in_step
from frlib.train.tail_feed import TailFeed, TailImages
from frlib.train.trace import Trace
from frlib.train.upload import Upload
from frlib.train.verdicts import Verdicts
from frlib.train.watch import Fed, Watch


@dataclass(frozen=True)
class Epoch:
    """What one pass left behind. `number` counts passes done (1 after the first).

    cast, precision: how the backbone runs. is_again: it was done by an attempt before; its row is
    here so that none is missing.
    """

    number: int
    step: int
    row: dict[str, float]
    verdicts: Verdicts
    state: State
    cast: Cast
    precision: str
    is_again: bool = False


def epochs(
    config: TrainConfig,
    manifest: Manifest,
    pixels: Pixels,
    *,
    seed: int,
    place: Place,
    folder: Path | None = None,
    keeper: Keeper | None = None,
    listener: Listener | None = None,
    tail: TailImages | None = None,
    old: OldSide | None = None,
    follow: bool = False,
) -> Generator[Epoch, None, None]:
    """Train to the end, from the newest checkpoint if there is one, yielding after every pass.

    folder: of the run, for checkpoints (in `keeper`'s care), failures and traces; None keeps none.
    tail: images of the config's tail, where it has one. old: features of the old model, where
    there is one. follow: keep the loss of every sample in every epoch (`state.followed`). A resumed
    run first yields the last whole pass again (with no verdicts). The caller saves checkpoints
    between yields.
    """
    told = listener or Deaf()
    run = begun(config, manifest, pixels, seed, place, folder, keeper, told, tail, old)
    images = images_in_step(config.batch_size, config.tail)
    state, plan = run.state, run.plan
    if follow:
        state.followed = Followed(config.epochs, len(manifest), place.device)
    if keeper is not None and keeper.restore(state):
        run.log.go_on(state.progress.deciding, state.flagged)
    _require_agreement(state, place)
    if state.epoch:
        yield _ended(run, Verdicts.none(), is_again=True)
    while state.epoch < config.epochs:
        began, first = time.perf_counter(), state.step
        _follow_course(run)
        if run.renewal is not None and run.renewal.is_due(state.epoch, first, plan.steps):
            run.renewal.do(state.epoch)
        try:
            _one_pass(run)
        except trouble.WentBackError:
            if state.trainee.compat is not None:
                state.trainee.compat.forget()
            continue
        verdicts = run.log.close()
        if state.followed is not None:
            state.followed.close(state.epoch)
        done = state.step - max(first, state.epoch * plan.steps)
        seconds = time.perf_counter() - began
        state.progress.epoch += 1
        state.progress.last_row = {
            "train/loss": _mean_loss(state),
            "train/images_per_s": done * images / seconds,
            **run.clock.row(),
            **({} if run.tail is None else run.tail.row()),
            **({} if state.trainee.compat is None else state.trainee.compat.row()),
            **_counts(state),
            **verdicts.scores,
        }
        state.losses, state.flagged = state.losses[:0], state.flagged[:0]
        state.progress.deciding = ""
        yield _ended(run, verdicts)


def _ended(run: Run, verdicts: Verdicts, *, is_again: bool = False) -> Epoch:
    progress = run.state.progress
    row = dict(progress.last_row)
    cast = run.manner.cast
    return Epoch(
        progress.epoch, progress.step, row, verdicts, run.state, cast, run.precision, is_again
    )


def _follow_course(run: Run) -> None:
    """Take the settings of the epoch that begins or goes on."""
    before, run.now = run.now, at(run.config, run.state.epoch)
    change(run.state, before, run.now)
    run.manner = replace(run.manner, clip_norm=run.now.optimiser.clip_norm)


def _one_pass(run: Run) -> None:
    """The rest of an epoch."""
    config, state, place = run.config, run.state, run.place
    upload = Upload(place.device)
    watch = Watch(state, goes_on=config.on_nonfinite != "stop", device=place.device)
    points = Points(config.log_every, place.group)
    feed = LossFeed(state.schedule, place.group, state.progress.last_row.get("train/loss"))
    losses: list[Tensor] = []
    train_mode(state.trainee)
    first = state.step - state.epoch * run.plan.steps
    trace = Trace(config.profile if not state.epoch and place.is_first else 0, run.folder)
    with trace, _reading(run.tail), closing(run.loader.batches(state.epoch, first)) as batches:
        while (batch := _next(run, batches)) is not None:
            images, labels, samples = upload(batch)
            behind = None if run.tail is None else run.tail.take()
            old = None if run.old is None else run.old.rows(batch.rows, place.device)
            fed = Fed(images, labels, samples, batch.draws, behind, old)
            at, lr = state.step, _rate(run.now, state)
            watch.before()
            run.clock.step()
            done = step(state, run.net, _pieces(run, fed), run.manner, lr=lr, hold=watch.hold)
            losses.append(done.loss)
            feed.add(done.loss)
            _note(run, at, done)
            bad = watch.after(at, done, fed)
            if bad is not None:
                trouble.meet(run, bad, lambda f: _pieces(run, f))
            else:
                for rows, decisions in done.decisions:
                    run.log.add(batch.step, rows, decisions)
                if state.followed is not None:
                    state.followed.add(done.losses)
            _tell(run, points.add(state, done, lr))
            trace.step()
            leaves = run.leaving.is_due(ask=state.step == (state.epoch + 1) * run.plan.steps)
            every = config.checkpoint_every
            if run.keeper is not None and (leaves or (every and state.step % every == 0)):
                feed.flush()
                losses = _settled(run, losses)
                with run.clock.span("checkpoint"):
                    run.keeper.save(state)
            if leaves:
                _leave(run)
    bad = watch.last()
    if bad is not None:
        trouble.meet(run, bad, lambda f: _pieces(run, f))
    feed.flush()
    _settled(run, losses)


def _leave(run: Run) -> NoReturn:
    """What was trained so far is on the disk; the run goes on wherever it is taken up."""
    if run.keeper is not None:
        run.keeper.wait()
    why = run.place.notice() or "another worker of the run was told to leave"
    raise NodeLostError(f"{why}; the run was put down after step {run.state.step}")


def _reading(tail: TailFeed | None) -> AbstractContextManager[object]:
    return nullcontext() if tail is None else closing(tail)


def _note(run: Run, step: int, done: Done) -> None:
    if run.tail is not None and done.dispersion is not None:
        run.tail.note(step, done.dispersion)
    compat = run.state.trainee.compat
    if compat is not None:
        for parts in done.parts:
            compat.note(parts)


def _next(run: Run, batches: Iterator[Batch]) -> Batch | None:
    with run.clock.span("data_wait"):
        return next(batches, None)


def _rate(config: TrainConfig, state: State) -> float:
    rate: float = config.optimiser.lr * state.schedule.factor(state.step) * state.progress.rate
    return rate


def _pieces(run: Run, fed: Fed) -> list[Piece]:
    """A worker's share as its network takes it, in the pieces of the config."""
    if run.memory is None and run.place.device.type == "cpu":
        shape = (sum(len(part.images) for part in fed.parts), *fed.images.shape[1:])
        run.memory = torch.empty(shape, dtype=torch.get_default_dtype())
    images = joined_input([(part.images, part.draws) for part in fed.parts], run.memory)
    if run.config.tail is not None:
        tail = run.config.tail
        return [Piece(images, fed.labels, fed.samples, run.state.step, tail, fed.old)]
    count = run.config.accumulate
    each = len(images) // count
    return [
        Piece(
            images[at : at + each],
            fed.labels[at : at + each],
            fed.samples[at : at + each],
            run.state.step * count + number,
            old=None if fed.old is None else fed.old[at : at + each],
        )
        for number, at in enumerate(range(0, len(images), each))
    ]


def _tell(run: Run, row: dict[str, float] | None) -> None:
    if row is None:
        return
    state = run.state
    run.listener.point(row, epoch=state.epoch + 1, step=state.step)
    for name, message in run.health.signs(state.step, row["steps/loss"], row["steps/alike"]):
        run.listener.event(name, message)


def _settled(run: Run, losses: list[Tensor]) -> list[Tensor]:
    """Put what the epoch has left so far into the state; the list to go on with."""
    state = run.state
    if losses:
        mean = run.place.group.mean(torch.stack(losses))
        state.losses = torch.cat([state.losses.to(mean), mean])
    state.flagged, state.progress.deciding = run.log.table(), run.log.kind
    if state.followed is not None:
        state.followed.settle(run.place.group)
    if state.trainee.compat is not None:
        state.trainee.compat.settle()
    return []


def _require_agreement(state: State, place: Place) -> None:
    """All workers go on from the same checkpoint, or none goes on."""
    own = torch.tensor([float(state.step), -float(state.step)], device=place.device)
    newest, oldest = place.group.max(own).tolist()
    if newest != -oldest:
        raise RecordError(
            f"workers found checkpoints of steps {-oldest:g} to {newest:g}; the store must be one "
            "folder that every node sees. Run the same command again when it is"
        )


def _counts(state: State) -> dict[str, float]:
    progress = state.progress
    counts = {"train/skipped": progress.skipped, "train/rolled_back": progress.rolled_back}
    return {name: float(count) for name, count in counts.items() if count}


def _mean_loss(state: State) -> float:
    """Over the steps that moved something."""
    good = state.losses[torch.isfinite(state.losses)]
    if len(good) < len(state.losses) - state.progress.skipped or not len(good):
        raise NumericsError(
            f"{len(state.losses) - len(good)} of {len(state.losses)} losses of epoch "
            f"{state.epoch} are not finite; lower optimiser.lr, the head's scale or its margin"
        )
    return float(good.mean())
